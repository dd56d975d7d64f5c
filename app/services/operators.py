"""People at the command line of the server: they act as a user without that user's key."""

from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.domain.access.credentials import ALL_SCOPES
from app.domain.access.viewer import Viewer
from app.domain.errors import NotFound
from app.domain.ids import TenantId, UserId
from app.storage import operators

NO_KEY: Final = UUID(int=0)


async def operator(db: Database, tenant: str, email: str) -> Viewer:
    """The user as a viewer with every scope; whoever can open the database may act as anybody."""
    found = await operators.by_names(db, tenant.strip(), email.strip().lower())
    if found is None:
        raise NotFound(
            f"There is no user {email!r} in tenant {tenant!r}; make one with"
            f" `taskloom keys create --tenant {tenant} --email {email}`, or name another."
        )
    tenant_id, user = found
    return Viewer(
        tenant_id=TenantId(tenant_id),
        user_id=UserId(user.id),
        role=user.role,
        scopes=ALL_SCOPES,
        api_key_id=NO_KEY,
        email=user.email,
    )
