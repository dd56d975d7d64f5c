"""Names of a tenant's own schema, safe to write into DDL."""

from uuid import UUID


def data_schema(tenant_id: UUID) -> str:
    """The schema that holds a tenant's own tables; hex digits only."""
    return f"data_{tenant_id.hex}"
