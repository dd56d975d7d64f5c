"""What the workspaces API sends of conversations; it calls them sessions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.conversation import AgentLifecycle, MessageFormat, MessageRole, ScopeKind
from app.web.rest.shape import Json
from app.web.rest.workspaces.shapes import Person, ViewerAccess


class TurnStatus(StrEnum):
    """Where a turn of a conversation stands, in the words of this API."""

    PENDING = "pending"
    RUNNING = "running"
    AWAITING_APPROVAL = "awaiting_approval"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpecSummary:
    """Who answers; kept after the agent is deleted."""

    id: str
    name: str | None
    lifecycle_status: AgentLifecycle
    is_deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionScope:
    """What a conversation is about."""

    kind: ScopeKind
    workspace_id: str | None
    document_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A conversation on a workspace."""

    id: str
    title: str | None
    workspace_id: str | None
    scope: SessionScope
    agent_spec_id: str | None
    agent_spec: AgentSpecSummary | None
    active_turn_id: str | None
    active_turn_status: TurnStatus | None
    active_turn_last_event_seq: int | None
    last_turn_status: TurnStatus | None
    viewer_access: ViewerAccess
    is_shared: bool
    shared_by: Person | None
    share_recipients: tuple[Person, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionList:
    """Conversations, last changed first."""

    items: tuple[Session, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageError:
    """Why an answer failed; `referenceId` is what the log line carries."""

    code: str
    title: str
    description: str | None
    reference_id: str | None
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMessage:
    """A message."""

    id: str
    thread_id: str
    turn_id: str | None
    role: MessageRole
    content: str | None
    raw_data: Json
    format: MessageFormat
    created_by: str | None
    duration_seconds: float | None
    cancelled: bool
    error: MessageError | None
    created_at: datetime
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMessageCursorPage:
    """Messages, newest first; the cursor leads to older ones."""

    items: tuple[SessionMessage, ...]
    next_cursor: str | None
