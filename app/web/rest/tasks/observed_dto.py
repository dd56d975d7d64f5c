"""From what was counted to what the tasks API sends of it: dashboard, inbox and triage."""

from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from app.domain.tasks import dashboard as counted
from app.domain.tasks.inbox import Inbox
from app.domain.tasks.triage import Triage
from app.storage.rows.dashboard import ActiveRunRow
from app.storage.rows.inbox import InboxItemRow
from app.storage.rows.task import RunRow, TaskRow
from app.web.rest.shape import ZERO_TIME
from app.web.rest.tasks import dto, observed, shapes

Shape = TypeVar("Shape")


def dashboard(found: counted.Dashboard[ActiveRunRow]) -> observed.Dashboard:
    """The dashboard."""
    cards, runs = found.cards, found.active_runs
    return observed.Dashboard(
        totals=_same(observed.DashboardTotals, found.totals),
        cards=observed.DashboardCards(
            in_progress=_same(observed.DashboardInProgressCard, cards.in_progress),
            blocked=_same(observed.DashboardBlockedCard, cards.blocked),
            failed=_same(observed.DashboardFailedCard, cards.failed),
            latency=observed.DashboardLatencyCard(
                claim_latency_ms=_same(observed.LatencyMetric, cards.latency.claim_latency_ms),
                start_latency_ms=_same(observed.LatencyMetric, cards.latency.start_latency_ms),
            ),
        ),
        status_breakdown=tuple(_same(observed.DashboardStatusShare, share) for share in found.status_breakdown) or None,
        queue=_same(
            observed.DashboardQueue,
            found.queue,
            oldest_queued_at=_or_zero(found.queue.oldest_queued_at),
            depth=tuple(_same(observed.DashboardQueueDepth, depth) for depth in found.queue.depth) or None,
        ),
        health=_same(observed.DashboardHealth, found.health),
        active_runs=_same(
            observed.DashboardActiveRuns, runs, items=tuple(_active_run(item) for item in runs.items) or None
        ),
        freshness=_same(
            observed.DashboardFreshness,
            found.freshness,
            latest_activity_at=_or_zero(found.freshness.latest_activity_at),
        ),
    )


def inbox(found: Inbox[InboxItemRow]) -> observed.Inbox:
    """The inbox."""
    groups = tuple(
        observed.InboxLaneGroup(
            lane=group.lane,
            count=group.count,
            unread_count=group.unread_count,
            items=tuple(_item(item) for item in group.items) or None,
        )
        for group in found.groups
    )
    return observed.Inbox(
        total=found.total, unread_total=found.unread_total, archived_total=found.archived_total, groups=groups or None
    )


def triage(found: Triage) -> observed.Triage:
    """What an actor did with a task; never marked is the zero time."""
    return observed.Triage(
        task_id=found.task_id,
        actor=dto.actor(found.actor),
        read=found.read,
        archived=found.archived,
        dismissed=found.dismissed,
        last_seen_activity_at=found.last_seen_activity_at,
        updated_at=_or_zero(found.updated_at),
    )


def _item(found: InboxItemRow) -> observed.InboxItem:
    reason = found.blocking_reason
    return observed.InboxItem(
        lane=found.lane,
        task=dto.reference(found.task),
        run=None if found.run is None else _latest_run(found.run, found.task),
        triage=triage(found.triage),
        approval_policy=found.approval_policy,
        approval_state=found.approval_state,
        blocking_reason=None if reason is None else reason.value,
        latest_activity_at=found.latest_activity_at,
    )


def _latest_run(row: RunRow, of: TaskRow) -> shapes.TaskRunSummary:
    """An inbox shows the run, not the hold on it."""
    return shapes.TaskRunSummary(
        id=str(row.id),
        task_id=row.task_id,
        attempt=row.attempt,
        max_attempts=of.max_attempts,
        status=row.status,
        claimed_by=dto.holder(row),
        session_id=row.session_id,
        queued_at=row.queued_at,
        claimed_at=row.claimed_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        error=row.error,
    )


def _active_run(found: ActiveRunRow) -> observed.DashboardActiveRun:
    run, task = found.run, found.task
    return observed.DashboardActiveRun(
        run_id=str(run.id),
        run_status=run.status,
        attempt=run.attempt,
        max_attempts=task.max_attempts,
        task_id=task.id,
        task_identifier=task.identifier,
        task_title=task.title,
        task_status=task.status,
        task_priority=task.priority,
        task_owner=dto.owner(task),
        scope=task.scope,
        workspace_id=dto.text(task.workspace_id),
        network_channel=run.network_channel,
        session_id=run.session_id,
        error=run.error,
        last_activity_at=found.last_activity_at,
        age_ms=found.age_ms,
        stuck=found.stuck,
        health_status=found.health_status.value,
    )


def _same(kind: type[Shape], found: Any, **other: object) -> Shape:
    """A shape whose members are called as those of what was found, but for some others."""
    names = (field.name for field in fields(kind))  # type: ignore[arg-type]  # every shape is a dataclass
    return kind(**{name: other[name] if name in other else getattr(found, name) for name in names})


def _or_zero(at: datetime | None) -> datetime:
    """These times are always there; what never was is the zero time."""
    return ZERO_TIME if at is None else at
