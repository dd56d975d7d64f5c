"""What the tasks API takes in queries; a blank value is the same as none."""

from dataclasses import dataclass

from app.domain.actor import OriginKind, OwnerKind
from app.domain.errors import BadInput
from app.domain.tasks.inbox import InboxLane
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import ApprovalState, TaskPriority, TaskScope, TaskStatus
from app.web.rest.shape import Int32, Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTasksQuery:
    """Which tasks are listed; drafts only if asked for."""

    scope: TaskScope | None = None
    workspace: str | None = None
    status: TaskStatus | None = None
    priority: TaskPriority | None = None
    include_drafts: bool | None = None
    approval_state: ApprovalState | None = None
    owner_kind: OwnerKind | None = None
    owner_ref: str | None = None
    parent_task_id: str | None = None
    network_channel: str | None = None
    query: str | None = None
    limit: Int32 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRunsQuery:
    """Which runs of a task are listed."""

    status: RunStatus | None = None
    session_id: str | None = None
    limit: Int32 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineQuery:
    """Which events of a task are listed."""

    after_sequence: Int64 | None = None
    limit: Int32 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamQuery:
    """Where a stream goes on; the header `Last-Event-ID` wins."""

    after_sequence: Int64 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardQuery:
    """Which work the dashboard shows."""

    scope: TaskScope | None = None
    workspace: str | None = None
    owner_kind: OwnerKind | None = None
    owner_ref: str | None = None
    network_channel: str | None = None
    origin_kind: OriginKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxQuery:
    """Which work the inbox shows; `limit` cuts the items of each lane, not what is counted."""

    scope: TaskScope | None = None
    workspace: str | None = None
    owner_kind: OwnerKind | None = None
    owner_ref: str | None = None
    lane: InboxLane | None = None
    unread: bool | None = None
    query: str | None = None
    limit: Int32 | None = None


def most(limit: int | None) -> int | None:
    """How many items at most; none or 0 means all."""
    if limit is not None and limit < 0:
        raise BadInput(f"limit is {limit}; give 0 for all, or how many.", field="limit")
    return limit or None


def after(sequence: int | None) -> int:
    """The sequence that what is wanted follows."""
    if sequence is not None and sequence < 0:
        raise BadInput(f"after_sequence is {sequence}; give 0 for all, or the sequence of an event.", field="after")
    return sequence or 0
