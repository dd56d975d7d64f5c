"""The statement that finds a user by the names that people use on the command line."""

from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.storage.rows.identity import UserRow
from app.storage.statements import composed

# Without a tenant's id, like the look-up of a credential: its name is all that an operator has.
BY_NAMES: Final = composed(
    """
    SELECT u.tenant_id, {user:u} FROM tenants t JOIN users u ON u.tenant_id = t.tenant_id
     WHERE t.name = :tenant AND u.email = :email
    """
)


async def by_names(db: Database, tenant: str, email: str) -> tuple[UUID, UserRow] | None:
    """Tenant and user, or None where either is unknown."""
    row = await db.fetchrow(BY_NAMES, tenant=tenant, email=email)
    return None if row is None else (row["tenant_id"], UserRow.of(row))
