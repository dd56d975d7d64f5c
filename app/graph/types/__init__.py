"""GraphQL object types, one noun a module."""
