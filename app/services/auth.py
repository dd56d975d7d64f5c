"""Who is calling: from a credential to a viewer, with a short memory so that a busy key costs no query a call."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.clock import monotonic
from app.db.engine import Database
from app.domain.access.credentials import Scope, Secret, digest_of, presented
from app.domain.access.viewer import UserRole, Viewer
from app.domain.errors import TaskloomError, Unauthenticated
from app.domain.ids import TenantId, UserId
from app.storage import identity

# How long another process may go on accepting a key that was revoked here.
MEMORY_SECONDS: Final = 2.0
MEMORY_KEYS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """A viewer and until when it may be taken from memory."""

    viewer: Viewer
    until: float


class Authentication:
    """Turns credentials into viewers."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._used: set[tuple[UUID, UUID]] = set()

    async def viewer(
        self, *, authorization: str | None = None, api_key: str | None = None, cookie: str | None = None
    ) -> Viewer | None:
        """The viewer, None without any credential; Unauthenticated for a bad one."""
        secret = presented(authorization, api_key, cookie)
        return None if secret is None else await self._of_secret(secret)

    async def _of_secret(self, secret: Secret) -> Viewer:
        digest = digest_of(secret)
        known = self._known.get(digest)
        if known is not None and known.until > monotonic():
            return known.viewer
        row = await identity.viewer_by_digest(self._db, digest)
        if row is None:
            raise Unauthenticated("This API key is unknown; use one that `createApiKey` or `taskloom keys` gave you.")
        if row["revoked"]:
            self._known.pop(digest, None)
            raise Unauthenticated("This API key was revoked; use another one.")
        if row["expired"]:
            self._known.pop(digest, None)
            raise Unauthenticated("This API key has expired; make a new one.")
        viewer = Viewer(
            tenant_id=TenantId(row["tenant_id"]),
            user_id=UserId(row["user_id"]),
            role=UserRole(row["role"]),
            scopes=frozenset(Scope(s) for s in row["scopes"]),
            api_key_id=row["api_key_id"],
            email=row["email"],
        )
        self._remember(digest, viewer)
        return viewer

    def _remember(self, digest: bytes, viewer: Viewer) -> None:
        self._known[digest] = Known(viewer, monotonic() + MEMORY_SECONDS)
        self._known.move_to_end(digest)
        if len(self._known) > MEMORY_KEYS_MAX:
            self._known.popitem(last=False)
        self._used.add((viewer.tenant_id, viewer.api_key_id))

    def forget(self, api_key_id: UUID) -> None:
        """Drop a revoked key from memory."""
        for digest in [d for d, known in self._known.items() if known.viewer.api_key_id == api_key_id]:
            del self._known[digest]

    async def note_use(self) -> None:
        """Write down which keys were used since the last call; a loop calls this."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            await identity.touch_keys(self._db, sorted(used))
        except TaskloomError:
            self._used |= used
            raise
