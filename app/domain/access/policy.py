"""The one policy: may this viewer do this to that object? `storage/visibility.py` is its twin in SQL."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.domain.access.credentials import Scope
from app.domain.access.viewer import UserRole, Viewer
from app.domain.errors import Forbidden, NotFound


class Action(StrEnum):
    """What can be done to an object."""

    READ = "read"
    WRITE = "write"
    SHARE = "share"
    LEAVE = "leave"
    CONVERSE = "converse"
    WORK = "work"
    ADMINISTER = "administer"


SCOPE_FOR = {
    Action.READ: Scope.READ,
    Action.WRITE: Scope.WRITE,
    Action.SHARE: Scope.WRITE,
    Action.LEAVE: Scope.WRITE,
    Action.CONVERSE: Scope.WRITE,
    Action.WORK: Scope.WORK,
    Action.ADMINISTER: Scope.ADMIN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantWide:
    """Something that belongs to the tenant as a whole: a global task, a tag, a tenant table."""

    tenant_id: UUID
    creator_id: UUID | None = None
    creator_writes_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceBound:
    """Something that belongs to a workspace, or the workspace itself."""

    tenant_id: UUID
    owner_id: UUID
    recipient: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionBound:
    """An agent session: only the user that registered it may work with it."""

    tenant_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadBound:
    """A conversation: its author's alone, for as long as they may read its workspace, or once that is deleted."""

    tenant_id: UUID
    author_id: UUID
    place: WorkspaceBound | None


Object = TenantWide | WorkspaceBound | SessionBound | ThreadBound
# What is called otherwise where it has a stable word.
PUBLISHED_NAMES = {"thread": "session"}


def sees(viewer: Viewer, thing: Object) -> bool:
    """Whether the object exists at all for the viewer."""
    if thing.tenant_id != viewer.tenant_id:
        return False
    match thing:
        case WorkspaceBound():
            return thing.owner_id == viewer.user_id or thing.recipient
        case ThreadBound():
            return thing.author_id == viewer.user_id and (thing.place is None or sees(viewer, thing.place))
        case SessionBound():
            return True
        case TenantWide():
            return True


def can(viewer: Viewer, action: Action, thing: Object) -> bool:
    """Whether the viewer may do this; never true for what the viewer does not see."""
    if SCOPE_FOR[action] not in viewer.scopes or not sees(viewer, thing):
        return False
    if action is Action.READ:
        return True
    if action is Action.ADMINISTER:
        return viewer.role is UserRole.ADMIN
    match thing:
        case WorkspaceBound():
            # Whoever may read it may stop reading it, and talk about it.
            return thing.owner_id == viewer.user_id or action in (Action.LEAVE, Action.CONVERSE)
        case ThreadBound():
            return action is Action.CONVERSE
        case SessionBound():
            return thing.user_id == viewer.user_id
        case TenantWide():
            writes_all = viewer.role is UserRole.ADMIN or not thing.creator_writes_only
            return writes_all or thing.creator_id == viewer.user_id


def unknown(what: str) -> str:
    """The stable word for "there is no such thing": `workspace_not_found` and the like."""
    return f"{PUBLISHED_NAMES.get(what, what).lower().replace(' ', '_')}_not_found"


def require(viewer: Viewer, action: Action, thing: Object | None, *, what: str, id: object) -> None:
    """Pass, or NotFound for what the viewer does not see, or Forbidden for what they may not do."""
    if thing is None or not sees(viewer, thing):
        raise NotFound(f"There is no {what} {str(id)[:140]!r}.", id=str(id)[:140], reason=unknown(what))
    if not can(viewer, action, thing):
        scope = SCOPE_FOR[action]
        if scope not in viewer.scopes:
            raise Forbidden(f"This key lacks the scope {scope.value!r}; use a key that has it.", scope=scope.value)
        raise Forbidden(f"You may see this {what} but not {action.value} it; ask its owner.")
