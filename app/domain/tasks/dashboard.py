"""The dashboard: every number people see of the work as a whole (tasks API, section 14)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Generic, TypeVar

from app.domain.tasks.run_status import OPEN, RunStatus
from app.domain.tasks.status import TaskStatus

Item = TypeVar("Item")

CLAIMED_STUCK_SECONDS: Final = 5 * 60
STARTING_STUCK_SECONDS: Final = 5 * 60
RUNNING_STUCK_SECONDS: Final = 30 * 60
BACKLOG_MS: Final = 10 * 60 * 1000
STALE_AFTER_MS: Final = 2 * 60 * 1000
ACTIVE_RUNS_SHOWN: Final = 4
MILLISECOND: Final = timedelta(milliseconds=1)

BREAKDOWN_ORDER: Final = (
    TaskStatus.COMPLETED,
    TaskStatus.PENDING,
    TaskStatus.IN_PROGRESS,
    TaskStatus.READY,
    TaskStatus.BLOCKED,
    TaskStatus.FAILED,
    TaskStatus.CANCELED,
    TaskStatus.DRAFT,
)


class HealthStatus(StrEnum):
    """Whether somebody should look."""

    OK = "ok"
    WARN = "warn"


class FreshnessStatus(StrEnum):
    """Whether the work moves."""

    EMPTY = "empty"
    CURRENT = "current"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyMetric:
    """A latency over all runs that have it, in milliseconds."""

    samples: int
    average_ms: int
    maximum_ms: int

    @classmethod
    def of(cls, samples: int, total_ms: int, maximum_ms: int) -> "LatencyMetric":
        """The average is cut to whole milliseconds."""
        return cls(samples=samples, average_ms=total_ms // samples if samples else 0, maximum_ms=maximum_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """The queued runs of one network channel; null for those without one."""

    network_channel: str | None
    count: int
    oldest_queued_at: datetime
    oldest_queue_age_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the database counts; everything else follows from it."""

    observed_at: datetime
    tasks: Mapping[TaskStatus, int]
    runs: Mapping[RunStatus, int]
    awaiting_approval: int
    dependency_blocked: int
    forced_stops: int
    claim_latency: LatencyMetric
    start_latency: LatencyMetric
    stuck_runs: int
    orphan_runs: int
    # When the next run will be stuck if nothing happens; null if none will.
    next_stuck_at: datetime | None
    # (network channel or "", queued runs, oldest of them), in the order of the channels.
    queues: Sequence[tuple[str, int, datetime]]
    latest_activity_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts by stored status."""

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
class InProgressCard:
    """Work under way."""

    tasks: int
    active_runs: int
    queued_runs: int
    claimed_runs: int
    starting_runs: int
    running_runs: int
    health_status: HealthStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedCard:
    """Work that waits for somebody."""

    tasks: int
    awaiting_approval: int
    awaiting_dependencies: int
    health_status: HealthStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCard:
    """Work that failed."""

    tasks: int
    failed_runs: int
    forced_stops: int
    health_status: HealthStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyCard:
    """How long runs waited."""

    claim_latency_ms: LatencyMetric
    start_latency_ms: LatencyMetric


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """What a dashboard shows first."""

    in_progress: InProgressCard
    blocked: BlockedCard
    failed: FailedCard
    latency: LatencyCard


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusShare:
    """How many tasks have a status."""

    status: TaskStatus
    count: int
    share_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits to be claimed."""

    total: int
    depth: tuple[QueueDepth, ...]
    oldest_queued_at: datetime | None
    oldest_queue_age_ms: int
    backlog_threshold_ms: int
    backlog_warning: bool
    backlog_status: HealthStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether the work goes on."""

    status: HealthStatus
    stuck_runs: int
    active_orphan_runs: int
    queue_backlog: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveRuns(Generic[Item]):
    """The runs that have not ended, and the first few of them."""

    total: int
    queued: int
    claimed: int
    starting: int
    running: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """When something moved last."""

    observed_at: datetime
    latest_activity_at: datetime | None
    age_ms: int
    stale_after_ms: int
    has_live_work: bool
    status: FreshnessStatus
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard(Generic[Item]):
    """All of it, as it was in one look."""

    totals: Totals
    cards: Cards
    status_breakdown: tuple[StatusShare, ...]
    queue: Queue
    health: Health
    active_runs: ActiveRuns[Item]
    freshness: Freshness
    # How long this stays true if nothing happens; null for ever.
    good_seconds: float | None


def age_ms(now: datetime, then: datetime | None) -> int:
    """Whole milliseconds since; 0 for what never was, or is yet to come."""
    return 0 if then is None else max(0, (now - then) // MILLISECOND)


def warn_if(anything: bool | int) -> HealthStatus:
    """`warn` if there is anything to look at."""
    return HealthStatus.WARN if anything else HealthStatus.OK


def dashboard(seen: Counted, items: Sequence[Item]) -> Dashboard[Item]:
    """Everything that follows from what was counted."""
    totals = _totals(seen)
    queue = _queue(seen, totals.queued_runs)
    health = Health(
        status=warn_if(seen.stuck_runs or seen.orphan_runs or queue.backlog_warning),
        stuck_runs=seen.stuck_runs,
        active_orphan_runs=seen.orphan_runs,
        queue_backlog=queue.backlog_warning,
    )
    freshness = _freshness(seen, totals.active_runs > 0)
    return Dashboard(
        totals=totals,
        cards=_cards(seen, totals, health),
        status_breakdown=breakdown(seen.tasks),
        queue=queue,
        health=health,
        active_runs=ActiveRuns(
            total=totals.active_runs,
            queued=totals.queued_runs,
            claimed=totals.claimed_runs,
            starting=totals.starting_runs,
            running=totals.running_runs,
            items=tuple(items),
        ),
        freshness=freshness,
        good_seconds=_good_seconds(seen, queue, freshness),
    )


def breakdown(tasks: Mapping[TaskStatus, int]) -> tuple[StatusShare, ...]:
    """The share of each status that has tasks, rounded half up; the sum may differ from 100."""
    total = sum(tasks.values())
    return tuple(
        StatusShare(status=status, count=tasks[status], share_percent=(200 * tasks[status] + total) // (2 * total))
        for status in BREAKDOWN_ORDER
        if tasks.get(status)
    )


def _totals(seen: Counted) -> Totals:
    tasks = {f"{status.value}_tasks": seen.tasks.get(status, 0) for status in TaskStatus}
    runs = {f"{status.value}_runs": seen.runs.get(status, 0) for status in RunStatus}
    return Totals(
        **tasks,
        **runs,
        tasks_total=sum(tasks.values()),
        runs_total=sum(runs.values()),
        active_runs=sum(seen.runs.get(status, 0) for status in OPEN),
        awaiting_approval_tasks=seen.awaiting_approval,
        dependency_blocked_tasks=seen.dependency_blocked,
    )


def _cards(seen: Counted, totals: Totals, health: Health) -> Cards:
    return Cards(
        in_progress=InProgressCard(
            tasks=totals.in_progress_tasks,
            active_runs=totals.active_runs,
            queued_runs=totals.queued_runs,
            claimed_runs=totals.claimed_runs,
            starting_runs=totals.starting_runs,
            running_runs=totals.running_runs,
            health_status=health.status,
        ),
        blocked=BlockedCard(
            tasks=totals.blocked_tasks,
            awaiting_approval=seen.awaiting_approval,
            awaiting_dependencies=seen.dependency_blocked,
            health_status=warn_if(totals.blocked_tasks),
        ),
        failed=FailedCard(
            tasks=totals.failed_tasks,
            failed_runs=totals.failed_runs,
            forced_stops=seen.forced_stops,
            health_status=warn_if(totals.failed_tasks or totals.failed_runs or seen.forced_stops),
        ),
        latency=LatencyCard(claim_latency_ms=seen.claim_latency, start_latency_ms=seen.start_latency),
    )


def _queue(seen: Counted, total: int) -> Queue:
    oldest = min((at for _, _, at in seen.queues), default=None)
    age = age_ms(seen.observed_at, oldest)
    warning = total > 0 and age >= BACKLOG_MS
    return Queue(
        total=total,
        depth=tuple(
            QueueDepth(
                network_channel=channel or None,
                count=count,
                oldest_queued_at=at,
                oldest_queue_age_ms=age_ms(seen.observed_at, at),
            )
            for channel, count, at in seen.queues
        ),
        oldest_queued_at=oldest,
        oldest_queue_age_ms=age,
        backlog_threshold_ms=BACKLOG_MS,
        backlog_warning=warning,
        backlog_status=warn_if(warning),
    )


def _freshness(seen: Counted, live: bool) -> Freshness:
    age = age_ms(seen.observed_at, seen.latest_activity_at)
    if seen.latest_activity_at is None:
        status = FreshnessStatus.EMPTY
    else:
        status = FreshnessStatus.STALE if live and age > STALE_AFTER_MS else FreshnessStatus.CURRENT
    return Freshness(
        observed_at=seen.observed_at,
        latest_activity_at=seen.latest_activity_at,
        age_ms=age,
        stale_after_ms=STALE_AFTER_MS,
        has_live_work=live,
        status=status,
        stale=status is FreshnessStatus.STALE,
    )


def _good_seconds(seen: Counted, queue: Queue, freshness: Freshness) -> float | None:
    """Time alone makes a run stuck, a queue a backlog and a dashboard stale."""
    turns = [] if seen.next_stuck_at is None else [(seen.next_stuck_at - seen.observed_at).total_seconds()]
    if queue.oldest_queued_at is not None and not queue.backlog_warning:
        turns.append((BACKLOG_MS - queue.oldest_queue_age_ms) / 1000)
    if freshness.has_live_work and not freshness.stale:
        # Stale is later than the limit, not at it.
        turns.append((STALE_AFTER_MS - freshness.age_ms + 1) / 1000)
    return min(turns, default=None)
