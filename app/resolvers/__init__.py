"""GraphQL root fields: arguments to service call to type."""
