"""GraphQL input types, one noun a module."""
