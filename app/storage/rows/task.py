"""A task and its run as they are stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from app.domain.actor import Actor, ActorKind, Origin, OriginKind, OwnerKind
from app.domain.ids import parse_uuid
from app.domain.tasks.events import EventType
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import (
    PRIORITY_OF_WEIGHT,
    ApprovalPolicy,
    ApprovalState,
    TaskPriority,
    TaskScope,
    TaskStatus,
)
from app.storage.rows.base import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow(Row):
    """A task; `open_run_id` is its one run that has not ended, `latest_run_id` its newest.

    `pauses` counts the paused ones among the task and its ancestors; `forgiven_attempts` no longer count.
    """

    CONVERT: ClassVar = {
        "scope": TaskScope,
        "status": TaskStatus,
        "priority": PRIORITY_OF_WEIGHT.__getitem__,
        "approval_policy": ApprovalPolicy,
        "approval_state": ApprovalState,
        "owner_kind": OwnerKind,
        "created_by_kind": ActorKind,
        "origin_kind": OriginKind,
    }

    id: str
    identifier: str | None
    scope: TaskScope
    workspace_id: UUID | None
    parent_task_id: str | None
    path: list[str]
    network_channel: str | None
    title: str
    description: str | None
    status: TaskStatus
    priority: TaskPriority
    max_attempts: int
    approval_policy: ApprovalPolicy
    approval_state: ApprovalState
    owner_kind: OwnerKind | None
    owner_ref: str | None
    required_capabilities: list[str]
    metadata: object
    created_by_kind: ActorKind
    created_by_ref: str
    origin_kind: OriginKind
    origin_ref: str
    child_count: int
    last_attempt: int
    open_run_id: UUID | None
    latest_run_id: UUID | None
    preferred_capabilities: list[str]
    not_before: datetime | None
    retry_policy: object
    concurrency_key: str | None
    unique_key: str | None
    enqueue_when_ready: bool
    paused_at: datetime | None
    pauses: int
    forgiven_attempts: int
    discarded_at: datetime | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None

    @property
    def created_by(self) -> Actor:
        """Who made the task."""
        return Actor(kind=self.created_by_kind, ref=self.created_by_ref)

    @property
    def origin(self) -> Origin:
        """Through which operation it was made."""
        return Origin(kind=self.origin_kind, ref=self.origin_ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow(Row):
    """One execution of a task; the claim fields are null while nobody holds it.

    `gated` says that only the admission offers the run to claims; `not_before` is null once that was in the past.
    """

    CONVERT: ClassVar = {
        "status": RunStatus,
        "priority": PRIORITY_OF_WEIGHT.__getitem__,
        "claimed_by_kind": ActorKind,
        "origin_kind": OriginKind,
    }

    id: UUID
    task_id: str
    workspace_id: UUID | None
    attempt: int
    status: RunStatus
    priority: TaskPriority
    required_capabilities: list[str]
    claimed_by_kind: ActorKind | None
    claimed_by_ref: str | None
    agent_session_id: UUID | None
    session_id: str | None
    lease_epoch: int
    lease_until: datetime | None
    heartbeat_at: datetime | None
    queued_at: datetime
    claimed_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    error: str | None
    result: object
    metadata: object
    network_channel: str | None
    coordination_channel_id: str | None
    claimable: bool
    gated: bool
    not_before: datetime | None
    concurrency_key: str | None
    origin_kind: OriginKind
    origin_ref: str
    idempotency_key: str | None

    @property
    def claimed_by(self) -> Actor | None:
        """Who holds the run, or held it last."""
        if self.claimed_by_kind is None or self.claimed_by_ref is None:
            return None
        return Actor(kind=self.claimed_by_kind, ref=self.claimed_by_ref)

    @property
    def bound_session_id(self) -> UUID | None:
        """The agent session that the run is bound to, by a claim or by hand."""
        return self.agent_session_id or (None if self.session_id is None else parse_uuid(self.session_id))

    @property
    def origin(self) -> Origin:
        """Through which operation it was queued."""
        return Origin(kind=self.origin_kind, ref=self.origin_ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReportRow(Row):
    """What a worker last said about its run."""

    run_id: UUID
    progress_fraction: float | None
    progress_message: str | None
    outcome: object
    usage: object
    transcript: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTraces:
    """What the log and the steps tell of a run; null times and types where nothing is kept."""

    last_event_type: EventType | None
    last_event_at: datetime | None
    tool_calls: int
