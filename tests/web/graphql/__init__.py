"""The parts of the GraphQL endpoint."""
