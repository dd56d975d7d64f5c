"""Tenants and viewers for tests."""

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.credentials import ALL_SCOPES, Scope
from app.domain.access.viewer import UserRole, Viewer
from app.domain.ids import TenantId, UserId, uuid7
from app.storage import identity, tenants


async def make_viewer(
    db: Database,
    *,
    tenant: str = "acme",
    email: str = "owner@example.com",
    role: UserRole = UserRole.ADMIN,
    scopes: frozenset[Scope] = ALL_SCOPES,
) -> Viewer:
    """A user of a tenant, with a viewer that acts as them; both are made if they are missing."""
    async with db.transaction() as tx:
        tenant_id = TenantId(await tenants.find_or_make(tx, uuid7(utc_now()), tenant))
        user = await identity.insert_user(tx, tenant_id, uuid7(utc_now()), email, None, None, role.value)
        user = user or await identity.user_by_email(tx, tenant_id, email)
    assert user is not None
    return Viewer(
        tenant_id=tenant_id,
        user_id=UserId(user.id),
        role=user.role,
        scopes=scopes,
        api_key_id=uuid7(utc_now()),
        email=email,
    )
