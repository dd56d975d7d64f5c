"""From rows to what the tasks API sends of them."""

import hashlib
from dataclasses import replace

from app.domain.actor import Actor, Origin
from app.domain.tasks.status import TaskStatus
from app.storage.rows.event import EventRow
from app.storage.rows.run import ChannelRow
from app.storage.rows.task import RunRow, TaskRow
from app.web.rest.tasks import shapes


def actor(found: Actor) -> shapes.ActorIdentity:
    """Who acted."""
    return shapes.ActorIdentity(kind=found.kind, ref=found.ref)


def origin(found: Origin) -> shapes.OriginIdentity:
    """Through which door and operation."""
    return shapes.OriginIdentity(kind=found.kind, ref=found.ref)


def owner(row: TaskRow) -> shapes.OwnerIdentity | None:
    """Whom the task belongs to, if anybody."""
    if row.owner_kind is None or row.owner_ref is None:
        return None
    return shapes.OwnerIdentity(kind=row.owner_kind, ref=row.owner_ref)


def task(row: TaskRow) -> shapes.Task:
    """The whole task."""
    return shapes.Task(
        id=row.id,
        identifier=row.identifier,
        scope=row.scope,
        workspace_id=text(row.workspace_id),
        parent_task_id=row.parent_task_id,
        network_channel=row.network_channel,
        title=row.title,
        description=row.description,
        status=row.status,
        priority=row.priority,
        max_attempts=row.max_attempts,
        draft=is_draft(row),
        approval_policy=row.approval_policy,
        approval_state=row.approval_state,
        owner=owner(row),
        metadata=row.metadata,
        created_by=actor(row.created_by),
        origin=origin(row.origin),
        created_at=row.created_at,
        updated_at=row.updated_at,
        closed_at=row.closed_at,
    )


def reference(row: TaskRow) -> shapes.TaskReference:
    """The task beside something else."""
    return shapes.TaskReference(
        id=row.id,
        identifier=row.identifier,
        scope=row.scope,
        workspace_id=text(row.workspace_id),
        title=row.title,
        status=row.status,
        priority=row.priority,
        owner=owner(row),
    )


def run(row: RunRow) -> shapes.TaskRun:
    """The whole run."""
    return shapes.TaskRun(
        id=str(row.id),
        task_id=row.task_id,
        attempt=row.attempt,
        status=row.status,
        origin=origin(row.origin),
        claimed_by=holder(row),
        claim_token_hash=claim_token_hash(row),
        session_id=row.session_id,
        lease_until=row.lease_until,
        heartbeat_at=row.heartbeat_at,
        queued_at=row.queued_at,
        claimed_at=row.claimed_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        idempotency_key=row.idempotency_key,
        network_channel=row.network_channel,
        coordination_channel_id=row.coordination_channel_id,
        error=row.error,
        result=row.result,
        metadata=row.metadata,
    )


def run_summary(row: RunRow, of: TaskRow) -> shapes.TaskRunSummary:
    """The run beside its task."""
    return shapes.TaskRunSummary(
        id=str(row.id),
        task_id=row.task_id,
        attempt=row.attempt,
        max_attempts=of.max_attempts,
        status=row.status,
        claimed_by=holder(row),
        claim_token_hash=claim_token_hash(row),
        session_id=row.session_id,
        lease_until=row.lease_until,
        heartbeat_at=row.heartbeat_at,
        queued_at=row.queued_at,
        claimed_at=row.claimed_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        coordination_channel_id=row.coordination_channel_id,
        error=row.error,
    )


def lease(row: RunRow) -> shapes.Lease:
    """The hold on the run; after a release nothing but the run is left."""
    return shapes.Lease(
        run_id=str(row.id),
        task_id=row.task_id,
        status=row.status,
        claimed_by=holder(row),
        claim_token_hash=claim_token_hash(row),
        session_id=row.session_id,
        lease_until=row.lease_until,
        heartbeat_at=row.heartbeat_at,
        coordination_channel_id=row.coordination_channel_id,
    )


def claim(row: RunRow, of: TaskRow, bound: ChannelRow | None) -> shapes.Claim:
    """What a claim gives; only here the whole channel is told, three times (tasks API, section 16)."""
    told = None if bound is None else channel(bound)
    return shapes.Claim(
        task=reference(of),
        run=replace(run(row), coordination_channel=told),
        lease=replace(lease(row), coordination_channel=told),
        coordination_channel=told,
    )


def channel(row: ChannelRow) -> shapes.CoordinationChannel:
    """The channel on which agents talk about a run."""
    return shapes.CoordinationChannel(
        id=row.id,
        channel=row.channel,
        display_name=row.display_name,
        purpose=row.purpose,
        workspace_id=str(row.workspace_id),
        task_id=row.task_id,
        run_id=str(row.run_id),
        workflow_id=row.workflow_id,
        last_activity_at=row.last_activity_at,
        allowed_message_kinds=row.allowed_message_kinds,
    )


def holder(row: RunRow) -> shapes.ActorIdentity | None:
    """Who holds the run, or held it last."""
    return None if row.claimed_by is None else actor(row.claimed_by)


def claim_token_hash(row: RunRow) -> str | None:
    """Names one claim of a run without being good for anything: no token is given out (design, D8)."""
    if row.agent_session_id is None:
        return None
    named = f"{row.id}:{row.agent_session_id}:{row.lease_epoch}"
    return f"sha256:{hashlib.sha256(named.encode()).hexdigest()}"


def event(row: EventRow) -> shapes.TaskEvent:
    """An event of a task's own page."""
    return shapes.TaskEvent(
        id=row.cursor,
        task_id=row.task_id or "",
        run_id=text(row.run_id),
        event_type=row.type.value,
        actor=actor(row.actor),
        origin=origin(row.origin),
        timestamp=row.created_at,
        payload=row.payload or None,
    )


def timeline_item(row: EventRow, of: TaskRow, its_run: RunRow | None) -> shapes.TimelineItem:
    """An event with its task and run as they are now."""
    return shapes.TimelineItem(
        sequence=row.sequence,
        event_id=row.cursor,
        event_type=row.type.value,
        actor=actor(row.actor),
        origin=origin(row.origin),
        timestamp=row.created_at,
        task=reference(of),
        run=None if its_run is None else run_summary(its_run, of),
        payload=row.payload or None,
    )


def stream_event(item: shapes.TimelineItem) -> shapes.StreamEvent:
    """A frame of a stream."""
    return shapes.StreamEvent(sequence=item.sequence, type=item.event_type, timeline=item)


def is_draft(row: TaskRow) -> bool | None:
    """True, or nothing."""
    return True if row.status is TaskStatus.DRAFT else None


def text(value: object) -> str | None:
    """An id as text."""
    return None if value is None else str(value)
