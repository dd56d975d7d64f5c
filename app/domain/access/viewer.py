"""The caller of an operation: a user of one tenant, acting through one credential."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.domain.access.credentials import Scope
from app.domain.actor import Actor, ActorKind
from app.domain.ids import TenantId, UserId


class UserRole(StrEnum):
    """What a user may administer; it gives no sight of other people's workspaces."""

    ADMIN = "admin"
    MEMBER = "member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Tenant, user and credential of the caller; the tenant never comes from the request."""

    tenant_id: TenantId
    user_id: UserId
    role: UserRole
    scopes: frozenset[Scope]
    api_key_id: UUID
    email: str

    @property
    def actor(self) -> Actor:
        """The viewer as recorded on what they do."""
        return Actor(kind=ActorKind.HUMAN, ref=str(self.user_id))


def agent_actor(agent_session_id: UUID) -> Actor:
    """A worker as recorded on what it does."""
    return Actor(kind=ActorKind.AGENT_SESSION, ref=str(agent_session_id))
