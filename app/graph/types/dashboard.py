"""The dashboard: the work as a whole, in numbers."""

from datetime import datetime

import strawberry

from app.domain.tasks.dashboard import FreshnessStatus, HealthStatus
from app.domain.tasks.status import TaskStatus
from app.graph.relation import value
from app.graph.scalars import BigInt
from app.graph.types.run import Run
from app.graph.types.task import Task


@strawberry.type(description="How many tasks and runs there are, by status.")
class TaskDashboardTotals:
    """Counts."""

    tasks_total: int = value("All tasks.")
    draft_tasks: int = value("Tasks in status DRAFT.")
    pending_tasks: int = value("Tasks in status PENDING.")
    blocked_tasks: int = value("Tasks in status BLOCKED.")
    ready_tasks: int = value("Tasks in status READY.")
    in_progress_tasks: int = value("Tasks in status IN_PROGRESS.")
    completed_tasks: int = value("Tasks in status COMPLETED.")
    failed_tasks: int = value("Tasks in status FAILED.")
    canceled_tasks: int = value("Tasks in status CANCELED.")
    awaiting_approval_tasks: int = value("Blocked tasks that wait for a decision.")
    dependency_blocked_tasks: int = value("Blocked tasks that depend on others; may overlap with the former.")
    runs_total: int = value("All runs.")
    active_runs: int = value("Runs that have not ended.")
    queued_runs: int = value("Runs in status QUEUED.")
    claimed_runs: int = value("Runs in status CLAIMED.")
    starting_runs: int = value("Runs in status STARTING.")
    running_runs: int = value("Runs in status RUNNING.")
    completed_runs: int = value("Runs in status COMPLETED.")
    failed_runs: int = value("Runs in status FAILED.")
    canceled_runs: int = value("Runs in status CANCELED.")


@strawberry.type(description="Work under way.")
class TaskDashboardInProgress:
    """Card."""

    tasks: int = value("Tasks in progress.")
    active_runs: int = value("Runs that have not ended.")
    queued_runs: int = value("Of them, queued.")
    claimed_runs: int = value("Of them, claimed.")
    starting_runs: int = value("Of them, starting.")
    running_runs: int = value("Of them, running.")
    health_status: HealthStatus = value("The same as health.status.")


@strawberry.type(description="Work that waits for somebody.")
class TaskDashboardBlocked:
    """Card."""

    tasks: int = value("Blocked tasks.")
    awaiting_approval: int = value("Of them, waiting for a decision.")
    awaiting_dependencies: int = value("Of them, depending on others.")
    health_status: HealthStatus = value("WARN if there are any.")


@strawberry.type(description="Work that failed.")
class TaskDashboardFailed:
    """Card."""

    tasks: int = value("Failed tasks.")
    failed_runs: int = value("Failed runs.")
    forced_stops: int = value("Sessions of canceled runs that were stopped by force, as far as the log is kept.")
    health_status: HealthStatus = value("WARN if there are any of these.")


@strawberry.type(description="A latency over all runs that have it.")
class LatencyMetric:
    """Milliseconds."""

    samples: int = value("How many runs.")
    average_ms: BigInt = value("Whole milliseconds on average.")
    maximum_ms: BigInt = value("The longest.")


@strawberry.type(description="How long runs waited, over all time.")
class TaskDashboardLatency:
    """Card."""

    claim_latency_ms: LatencyMetric = value("From queued to claimed.")
    start_latency_ms: LatencyMetric = value("From claimed, or queued, to started.")


@strawberry.type(description="What a dashboard shows first.")
class TaskDashboardCards:
    """Cards."""

    in_progress: TaskDashboardInProgress = value("Work under way.")
    blocked: TaskDashboardBlocked = value("Work that waits for somebody.")
    failed: TaskDashboardFailed = value("Work that failed.")
    latency: TaskDashboardLatency = value("How long runs waited.")


@strawberry.type(description="How many tasks have a status.")
class TaskStatusShare:
    """Count and share."""

    status: TaskStatus = value("The status.")
    count: int = value("How many tasks.")
    share_percent: int = value("Of all, rounded half up; the sum may differ from 100.")


@strawberry.type(description="The queued runs of one channel.")
class TaskQueueDepth:
    """Depth."""

    network_channel: str | None = value("The channel; null for runs without one.")
    count: int = value("How many are queued.")
    oldest_queued_at: datetime = value("When the oldest was queued.")
    oldest_queue_age_ms: BigInt = value("How long ago that is.")


@strawberry.type(description="What waits to be claimed.")
class TaskQueue:
    """Queue."""

    total: int = value("How many runs are queued.")
    depth: list[TaskQueueDepth] = value("By channel, in the order of their names; runs without one first.")
    oldest_queued_at: datetime | None = value("When the oldest was queued; null for an empty queue.")
    oldest_queue_age_ms: BigInt = value("How long ago that is; 0 for an empty queue.")
    backlog_threshold_ms: BigInt = value("From which age on it is a backlog.")
    backlog_warning: bool = value("Whether it is one.")
    backlog_status: HealthStatus = value("WARN if it is one.")


@strawberry.type(description="Whether the work goes on.")
class TaskHealth:
    """Health."""

    status: HealthStatus = value("WARN if there is a stuck run, an orphan or a backlog.")
    stuck_runs: int = value("Claimed or starting for 5 minutes, running for 30.")
    active_orphan_runs: int = value("Held by an agent session that has ended or is unknown.")
    queue_backlog: bool = value("Whether the queue is a backlog.")


@strawberry.type(description="A run that has not ended, with its task.")
class ActiveRun:
    """Run, task and age."""

    run: Run = value("The run.")
    task: Task = value("The task it carries out.")
    last_activity_at: datetime = value("When the run moved last; heartbeats do not count.")
    age_ms: BigInt = value("Since it entered its status.")
    stuck: bool = value("Whether that is too long ago.")
    health_status: HealthStatus = value("WARN if it is stuck.")


@strawberry.type(description="The runs that have not ended.")
class TaskActiveRuns:
    """Counts and the first few."""

    total: int = value("All of them.")
    queued: int = value("Of them, queued.")
    claimed: int = value("Of them, claimed.")
    starting: int = value("Of them, starting.")
    running: int = value("Of them, running.")
    items: list[ActiveRun] = value("The first 4: running, starting, claimed, queued, the latest activity first.")


@strawberry.type(description="When something moved last.")
class TaskFreshness:
    """Freshness."""

    observed_at: datetime = value("When the dashboard was counted, by the database's clock.")
    latest_activity_at: datetime | None = value("When anything moved or a holder was heard; null for never.")
    age_ms: BigInt = value("How long ago that is; 0 for never.")
    stale_after_ms: BigInt = value("From which age on it is stale.")
    has_live_work: bool = value("Whether any run has not ended.")
    status: FreshnessStatus = value("Whether the work moves.")
    stale: bool = value("Whether there is live work and nothing moves.")


@strawberry.type(description="The work as a whole, in numbers, as it was in one look.")
class TaskDashboard:
    """Dashboard."""

    totals: TaskDashboardTotals = value("Counts by status.")
    cards: TaskDashboardCards = value("What to show first.")
    status_breakdown: list[TaskStatusShare] = value("The shares of the statuses that have tasks.")
    queue: TaskQueue = value("What waits to be claimed.")
    health: TaskHealth = value("Whether the work goes on.")
    active_runs: TaskActiveRuns = value("The runs that have not ended.")
    freshness: TaskFreshness = value("When something moved last.")
