"""Tenants, users and API keys."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.clock import Now
from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.credentials import ALL_SCOPES, NewKey, Scope, Secret, known_key, new_key
from app.domain.access.policy import Action, TenantWide, require
from app.domain.access.viewer import UserRole, Viewer
from app.domain.errors import BadInput, Conflict, Forbidden, NotFound
from app.domain.ids import TenantId, uuid7
from app.domain.text import checked
from app.services.access import known_id
from app.services.auth import Authentication
from app.storage import identity, tenants
from app.storage.rows.identity import ApiKeyRow, UserRow

EMAIL: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,190}")
NAME_LENGTH_MAX: Final = 255
TENANT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
BOOTSTRAP_TENANT: Final = "default"
BOOTSTRAP_EMAIL: Final = "owner@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMade:
    """A new key with the secret that is shown once."""

    row: ApiKeyRow
    secret: Secret


class Identity:
    """The use cases of administration."""

    def __init__(self, db: Database, auth: Authentication, now: Now) -> None:
        self._db = db
        self._auth = auth
        self._now = now

    async def bootstrap(self, secret: str | None) -> Secret | None:
        """Make the first user with this key, or a new one, where nobody exists; None where somebody does."""
        async with self._db.transaction() as tx:
            await tenants.lock_bootstrap(tx)
            if await tenants.any_user(tx):
                return None
            key = new_key() if secret is None else known_key(secret)
            await self._owner(tx, BOOTSTRAP_TENANT, BOOTSTRAP_EMAIL, key)
        return key.secret

    async def owner_key(self, tenant_name: str, email: str) -> Secret:
        """A new key of a user; tenant and user are made if they are missing. For operators, not for the API."""
        if not TENANT_NAME.fullmatch(tenant_name):
            raise BadInput("The tenant's name must be 1 to 63 of a-z, 0-9, _ and -.", field="tenant")
        key = new_key()
        async with self._db.transaction() as tx:
            await self._owner(tx, tenant_name, _email(email), key)
        return key.secret

    async def create_user(
        self, viewer: Viewer, *, email: str, first_name: str | None, last_name: str | None, role: UserRole
    ) -> UserRow:
        """A new user of the viewer's tenant; only administrators may."""
        self._require_admin(viewer)
        address = _email(email)
        first = first_name and checked(first_name, "firstName", longest=NAME_LENGTH_MAX, blank=True)
        last = last_name and checked(last_name, "lastName", longest=NAME_LENGTH_MAX, blank=True)
        async with self._db.transaction() as tx:
            row = await identity.insert_user(
                tx, viewer.tenant_id, uuid7(self._now()), address, first or None, last or None, role.value
            )
        if row is None:
            raise Conflict(f"There is a user with the address {address!r} already.", field="email")
        return row

    async def create_key(
        self,
        viewer: Viewer,
        *,
        name: str,
        user_id: str | None,
        scopes: Collection[Scope] | None,
        expires_at: datetime | None,
    ) -> KeyMade:
        """A new key of the viewer, or of another user if the viewer is an administrator."""
        label = checked(name, "name", longest=NAME_LENGTH_MAX)
        owner = viewer.user_id if user_id is None else known_id(user_id, "user")
        if owner != viewer.user_id:
            self._require_admin(viewer)
        allowed = frozenset(scopes) if scopes else (viewer.scopes if owner == viewer.user_id else ALL_SCOPES)
        if owner == viewer.user_id and not allowed <= viewer.scopes:
            raise Forbidden("A key cannot give more than the key that makes it; ask for fewer scopes.")
        if expires_at is not None and expires_at <= self._now():
            raise BadInput("expiresAt must lie in the future.", field="expiresAt")
        if not await identity.users_by_id(self._db, viewer.tenant_id, [owner]):
            raise NotFound(f"There is no user {str(owner)!r}.", field="userId")
        key = new_key()
        async with self._db.transaction() as tx:
            row = await identity.insert_key(
                tx,
                viewer.tenant_id,
                uuid7(self._now()),
                user_id=owner,
                name=label,
                prefix=key.prefix,
                digest=key.digest,
                scopes=sorted(s.value for s in allowed),
                expires_at=expires_at,
            )
        return KeyMade(row=row, secret=key.secret)

    async def revoke_key(self, viewer: Viewer, id: str) -> ApiKeyRow:
        """Revoke a key: one's own, or any of the tenant for an administrator. A second time changes nothing."""
        key_id = known_id(id, "API key")
        async with self._db.transaction() as tx:
            row = await identity.key_by_id(tx, viewer.tenant_id, key_id)
            if row is None or (row.user_id != viewer.user_id and viewer.role is not UserRole.ADMIN):
                raise NotFound(f"There is no API key {id[:140]!r}.", id=id[:140])
            if row.user_id != viewer.user_id:
                self._require_admin(viewer)
            row = await identity.revoke_key(tx, viewer.tenant_id, key_id)
        self._auth.forget(key_id)
        return row

    async def _owner(self, tx: Tx, tenant_name: str, email: str, key: NewKey) -> None:
        tenant_id = TenantId(await tenants.find_or_make(tx, uuid7(self._now()), tenant_name))
        user = await identity.insert_user(tx, tenant_id, uuid7(self._now()), email, None, None, UserRole.ADMIN.value)
        user = user or await identity.user_by_email(tx, tenant_id, email)
        assert user is not None
        await identity.insert_key(
            tx,
            tenant_id,
            uuid7(self._now()),
            user_id=user.id,
            name="first key",
            prefix=key.prefix,
            digest=key.digest,
            scopes=sorted(s.value for s in ALL_SCOPES),
            expires_at=None,
        )

    @staticmethod
    def _require_admin(viewer: Viewer) -> None:
        require(viewer, Action.ADMINISTER, TenantWide(tenant_id=viewer.tenant_id), what="tenant", id="own")


def _email(given: str) -> str:
    address = checked(given, "email", longest=255).lower()
    if not EMAIL.fullmatch(address):
        raise BadInput("email must look like name@example.com.", field="email")
    return address
