"""What the tasks API sends of tasks, runs and events; a member without a value is left out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.actor import ActorKind, OriginKind, OwnerKind
from app.domain.tasks.channels import CoordinationMessageKind
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import ApprovalPolicy, ApprovalState, TaskPriority, TaskScope, TaskStatus
from app.web.rest.shape import Double, Int64, Json, MayBeNull


class DependencyKind(StrEnum):
    """How a task waits for another."""

    BLOCKS = "blocks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """What was wrong, what is allowed and what to do next."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorIdentity:
    """Who acts."""

    kind: ActorKind
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginIdentity:
    """Through which door and operation."""

    kind: OriginKind
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerIdentity:
    """Whom a task belongs to."""

    kind: OwnerKind
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReference:
    """What is shown of a task beside something else."""

    id: str
    scope: TaskScope
    status: TaskStatus
    title: str
    identifier: str | None = None
    owner: MayBeNull[OwnerIdentity] = None
    priority: TaskPriority | None = None
    workspace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task."""

    id: str
    scope: TaskScope
    status: TaskStatus
    title: str
    created_at: datetime
    created_by: ActorIdentity
    origin: OriginIdentity
    updated_at: datetime
    identifier: str | None = None
    description: str | None = None
    workspace_id: str | None = None
    parent_task_id: str | None = None
    network_channel: str | None = None
    priority: TaskPriority | None = None
    max_attempts: int | None = None
    draft: bool | None = None
    approval_policy: ApprovalPolicy | None = None
    approval_state: ApprovalState | None = None
    owner: MayBeNull[OwnerIdentity] = None
    metadata: Json = None
    closed_at: MayBeNull[datetime] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinationChannel:
    """Where the workers of a run talk to each other."""

    id: str
    display_name: str
    allowed_message_kinds: tuple[CoordinationMessageKind, ...]
    channel: str | None = None
    purpose: str | None = None
    workspace_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    workflow_id: str | None = None
    last_activity_at: MayBeNull[datetime] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRun:
    """One execution of a task."""

    id: str
    task_id: str
    attempt: int
    status: RunStatus
    origin: OriginIdentity
    queued_at: datetime
    claimed_by: MayBeNull[ActorIdentity] = None
    claim_token_hash: str | None = None
    session_id: str | None = None
    lease_until: MayBeNull[datetime] = None
    heartbeat_at: MayBeNull[datetime] = None
    claimed_at: MayBeNull[datetime] = None
    started_at: MayBeNull[datetime] = None
    ended_at: MayBeNull[datetime] = None
    idempotency_key: str | None = None
    network_channel: str | None = None
    coordination_channel_id: str | None = None
    coordination_channel: MayBeNull[CoordinationChannel] = None
    error: str | None = None
    result: Json = None
    metadata: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunSummary:
    """What is shown of a run beside its task."""

    id: str
    task_id: str
    attempt: int
    max_attempts: int
    status: RunStatus
    queued_at: datetime
    claimed_by: MayBeNull[ActorIdentity] = None
    claim_token_hash: str | None = None
    session_id: str | None = None
    lease_until: MayBeNull[datetime] = None
    heartbeat_at: MayBeNull[datetime] = None
    claimed_at: MayBeNull[datetime] = None
    started_at: MayBeNull[datetime] = None
    ended_at: MayBeNull[datetime] = None
    coordination_channel_id: str | None = None
    coordination_channel: MayBeNull[CoordinationChannel] = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The hold of an agent session on a run."""

    run_id: str
    task_id: str
    status: RunStatus
    claimed_by: MayBeNull[ActorIdentity] = None
    claim_token_hash: str | None = None
    session_id: str | None = None
    lease_until: MayBeNull[datetime] = None
    heartbeat_at: MayBeNull[datetime] = None
    coordination_channel_id: str | None = None
    coordination_channel: MayBeNull[CoordinationChannel] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claimed run with its task and lease."""

    task: TaskReference
    run: TaskRun
    lease: Lease
    coordination_channel: MayBeNull[CoordinationChannel] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A task that waits for another."""

    task_id: str
    depends_on_task_id: str
    kind: DependencyKind
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyReference:
    """A task that waits for another, with the other."""

    task_id: str
    depends_on_task_id: str
    kind: DependencyKind
    created_at: datetime
    depends_on: TaskReference


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSummary:
    """A task in a list."""

    id: str
    scope: TaskScope
    status: TaskStatus
    title: str
    created_at: datetime
    created_by: ActorIdentity
    origin: OriginIdentity
    updated_at: datetime
    identifier: str | None = None
    workspace_id: str | None = None
    parent_task_id: str | None = None
    network_channel: str | None = None
    priority: TaskPriority | None = None
    max_attempts: int | None = None
    draft: bool | None = None
    approval_policy: ApprovalPolicy | None = None
    approval_state: ApprovalState | None = None
    owner: MayBeNull[OwnerIdentity] = None
    closed_at: MayBeNull[datetime] = None
    last_activity_at: MayBeNull[datetime] = None
    child_count: int | None = None
    dependency_count: int | None = None
    dependencies: tuple[DependencyReference, ...] | None = None
    active_run: MayBeNull[TaskRunSummary] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvent:
    """An event of a task."""

    id: str
    task_id: str
    event_type: str
    actor: ActorIdentity
    origin: OriginIdentity
    timestamp: datetime
    run_id: str | None = None
    payload: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDetail:
    """A task with all that belongs to it."""

    summary: TaskSummary
    task: Task
    children: tuple[TaskSummary, ...] | None = None
    dependencies: tuple[Dependency, ...] | None = None
    dependency_references: tuple[DependencyReference, ...] | None = None
    runs: tuple[TaskRun, ...] | None = None
    events: tuple[TaskEvent, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineItem:
    """An event with its task and run as they are now."""

    sequence: Int64
    event_id: str
    event_type: str
    actor: ActorIdentity
    origin: OriginIdentity
    timestamp: datetime
    task: TaskReference
    run: MayBeNull[TaskRunSummary] = None
    payload: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """One frame of a stream."""

    sequence: Int64
    type: str
    timeline: TimelineItem


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """A task at its place in a tree."""

    task: TaskReference
    depth: int
    last_activity_at: datetime
    parent_task_id: str | None = None
    child_count: int | None = None
    active_run: MayBeNull[TaskRunSummary] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A task and all its descendants, flat."""

    root: TreeNode
    descendants: tuple[TreeNode, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunSession:
    """The agent session that carries a run out."""

    session_id: str
    created_at: datetime
    updated_at: datetime
    name: str | None = None
    agent_name: str | None = None
    state: str | None = None
    channel: str | None = None
    workspace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunOperationalSummary:
    """What a run used, as its worker reported it."""

    last_activity_at: datetime
    last_event_type: str | None = None
    tool_call_count: MayBeNull[Int64] = None
    turn_count: MayBeNull[Int64] = None
    input_tokens: MayBeNull[Int64] = None
    output_tokens: MayBeNull[Int64] = None
    total_tokens: MayBeNull[Int64] = None
    total_cost: MayBeNull[Double] = None
    cost_currency: MayBeNull[str] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunDetail:
    """A run with its task, session and usage."""

    run: TaskRun
    task: TaskReference
    summary: TaskRunOperationalSummary
    session: MayBeNull[TaskRunSession] = None
