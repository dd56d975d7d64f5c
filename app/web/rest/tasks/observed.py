"""What the tasks API sends of the work as a whole: the dashboard, the inbox and triage."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.tasks.inbox import InboxLane
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import ApprovalPolicy, ApprovalState, TaskPriority, TaskScope, TaskStatus
from app.web.rest.shape import Int64, MayBeNull
from app.web.rest.tasks.shapes import ActorIdentity, OwnerIdentity, TaskReference, TaskRunSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyMetric:
    """A latency over all runs that have it."""

    samples: int
    average_ms: Int64
    maximum_ms: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardTotals:
    """Counts by status."""

    tasks_total: int
    draft_tasks: int
    pending_tasks: int
    blocked_tasks: int
    ready_tasks: int
    in_progress_tasks: int
    completed_tasks: int
    failed_tasks: int
    canceled_tasks: int
    awaiting_approval_tasks: int
    dependency_blocked_tasks: int
    runs_total: int
    active_runs: int
    queued_runs: int
    claimed_runs: int
    starting_runs: int
    running_runs: int
    completed_runs: int
    failed_runs: int
    canceled_runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardInProgressCard:
    """Work under way."""

    tasks: int
    active_runs: int
    queued_runs: int
    claimed_runs: int
    starting_runs: int
    running_runs: int
    health_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardBlockedCard:
    """Work that waits for somebody."""

    tasks: int
    awaiting_approval: int
    awaiting_dependencies: int
    health_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardFailedCard:
    """Work that failed."""

    tasks: int
    failed_runs: int
    forced_stops: int
    health_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardLatencyCard:
    """How long runs waited."""

    claim_latency_ms: LatencyMetric
    start_latency_ms: LatencyMetric


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardCards:
    """What a dashboard shows first."""

    in_progress: DashboardInProgressCard
    blocked: DashboardBlockedCard
    failed: DashboardFailedCard
    latency: DashboardLatencyCard


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardStatusShare:
    """How many tasks have a status."""

    status: TaskStatus
    count: int
    share_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardQueueDepth:
    """The queued runs of one network channel."""

    count: int
    oldest_queued_at: datetime
    oldest_queue_age_ms: Int64
    network_channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardQueue:
    """What waits to be claimed."""

    total: int
    oldest_queued_at: datetime
    oldest_queue_age_ms: Int64
    backlog_threshold_ms: Int64
    backlog_warning: bool
    backlog_status: str
    depth: tuple[DashboardQueueDepth, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardHealth:
    """Whether the work goes on."""

    status: str
    stuck_runs: int
    active_orphan_runs: int
    queue_backlog: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardActiveRun:
    """A run that has not ended, with its task."""

    run_id: str
    run_status: RunStatus
    attempt: int
    max_attempts: int
    task_id: str
    task_title: str
    task_status: TaskStatus
    scope: TaskScope
    last_activity_at: datetime
    age_ms: Int64
    stuck: bool
    health_status: str
    task_identifier: str | None = None
    task_priority: TaskPriority | None = None
    task_owner: MayBeNull[OwnerIdentity] = None
    workspace_id: str | None = None
    network_channel: str | None = None
    session_id: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardActiveRuns:
    """The runs that have not ended, and the first few of them."""

    total: int
    queued: int
    claimed: int
    starting: int
    running: int
    items: tuple[DashboardActiveRun, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardFreshness:
    """When something moved last."""

    observed_at: datetime
    latest_activity_at: datetime
    age_ms: Int64
    stale_after_ms: Int64
    has_live_work: bool
    status: str
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """The work as a whole, as it was in one look."""

    totals: DashboardTotals
    cards: DashboardCards
    queue: DashboardQueue
    health: DashboardHealth
    active_runs: DashboardActiveRuns
    freshness: DashboardFreshness
    status_breakdown: tuple[DashboardStatusShare, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What an actor did with a task in its inbox."""

    task_id: str
    actor: ActorIdentity
    read: bool
    archived: bool
    dismissed: bool
    updated_at: datetime
    last_seen_activity_at: MayBeNull[datetime] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """A task in a lane."""

    lane: InboxLane
    task: TaskReference
    triage: Triage
    latest_activity_at: datetime
    approval_policy: ApprovalPolicy | None = None
    approval_state: ApprovalState | None = None
    blocking_reason: str | None = None
    run: MayBeNull[TaskRunSummary] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLaneGroup:
    """One lane: how many tasks it has, and the first of them."""

    lane: InboxLane
    count: int
    unread_count: int
    items: tuple[InboxItem, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """What wants the caller's attention."""

    total: int
    unread_total: int
    archived_total: int
    groups: tuple[InboxLaneGroup, ...] | None = None
