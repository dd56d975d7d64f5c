"""Runs, their leases and what workers report."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry

from app.clock import utc_now
from app.domain.tasks.dispatch import RunWait, run_wait
from app.domain.tasks.outcome import Outcome
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskPriority, TaskStatus
from app.domain.tasks.usage import Observability
from app.graph.context import Info
from app.graph.relation import related, value
from app.graph.scalars import JSON, BigInt
from app.graph.types.actor import Actor, Origin, actor_of
from app.graph.types.agent_session import AgentSession
from app.graph.types.channel import CoordinationChannel
from app.graph.types.node import Node
from app.graph.types.run_step import RunStep
from app.graph.types.run_usage import RunObservability, RunOutcome, RunTreeUsage
from app.graph.types.thread_message import Question
from app.storage.rows.task import RunReportRow, RunRow

if TYPE_CHECKING:
    from app.graph.types.artifact import Artifact
    from app.graph.types.task import Task
    from app.graph.types.thread import Thread
    from app.graph.types.workspace import Workspace


@strawberry.type(description="The hold of a worker on a run; only the database's clock decides when it ends.")
class Lease:
    """Holder, end and epoch."""

    lease_until: datetime = value("When the lease ends unless a heartbeat pushes it.")
    lease_epoch: BigInt = value("Rises with each claim of the run; send it back with every call.")
    heartbeat_at: datetime | None = value("When the holder was heard last.")
    claimed_at: datetime | None = value("When the run was claimed.")
    holder: Actor | None = value("Who holds the run.")


@strawberry.type(description="How far a worker says it is.")
class Progress:
    """Fraction and message."""

    fraction: float | None = value("0 to 1.")
    message: str | None = value("In words.")
    updated_at: datetime = value("When it was reported.")


def lease_of(run: RunRow) -> Lease | None:
    """The lease of a held run."""
    if run.lease_until is None or run.status not in (RunStatus.CLAIMED, RunStatus.STARTING, RunStatus.RUNNING):
        return None
    return Lease(
        lease_until=run.lease_until,
        lease_epoch=BigInt(run.lease_epoch),
        heartbeat_at=run.heartbeat_at,
        claimed_at=run.claimed_at,
        holder=actor_of(run.claimed_by),
    )


async def _report(run: RunRow, info: Info) -> RunReportRow | None:
    return await info.context.loaders.report_by_run.load(run.id)


@strawberry.type(description="One execution of a task: queued, claimed by a worker under a lease, ended once.")
class Run(Node):
    """A run."""

    attempt: int = value("1 for the first attempt of the task.")
    status: RunStatus = value("Where the run stands.")
    priority: TaskPriority = value("How urgent its task was when it was queued.")
    required_capabilities: list[str] = value("What a worker must offer to claim it.")
    claimed_by: Actor | None = value("Who holds the run, or held it last.")
    origin: Origin = value("Through which operation it was queued.")
    queued_at: datetime = value("When it was queued; kept over releases.")
    claimed_at: datetime | None = value("When it was claimed last.")
    started_at: datetime | None = value("When it started to run.")
    ended_at: datetime | None = value("When it ended.")
    error: str | None = value("Why it failed.")
    result: JSON | None = value("What it gave.")
    metadata: JSON | None = value("What it was queued with.")
    network_channel: str | None = value("The channel it was queued for.")
    idempotency_key: str | None = value("The key of the request that queued it.")
    not_before: datetime | None = value("It is not claimed before this instant; null if it never had to wait for one.")
    concurrency_key: str | None = value("Runs that share this key are dispatched only so many at once.")
    task: Annotated["Task", strawberry.lazy("app.graph.types.task")] = related(
        lambda x: x.task_by_id, lambda run: run.task_id, "The task it carries out."
    )
    agent_session: AgentSession | None = related(
        lambda x: x.agent_session_by_id, lambda run: run.agent_session_id, "The worker that holds it."
    )
    workspace: Annotated["Workspace", strawberry.lazy("app.graph.types.workspace")] | None = related(
        lambda x: x.workspace_by_id, lambda run: run.workspace_id, "The workspace of its task."
    )
    thread: Annotated["Thread", strawberry.lazy("app.graph.types.thread")] | None = related(
        lambda x: x.thread_by_run, lambda run: run.id, "The conversation it belongs to, for the author of that."
    )
    question: Question | None = related(
        lambda x: x.question_by_run,
        lambda run: run.id,
        "What a conversation asks of it: for whoever holds its lease, and for who asked.",
    )

    steps: list[RunStep] = related(lambda x: x.steps_by_run, lambda run: run.id, "Its steps, in their order.")
    parent: Annotated["Run", strawberry.lazy("app.graph.types.run")] | None = related(
        lambda x: x.parent_by_run, lambda run: run.id, "The run that brought it about, if you may see that one."
    )
    root: Annotated["Run", strawberry.lazy("app.graph.types.run")] | None = related(
        lambda x: x.root_by_run, lambda run: run.id, "The first run of its tree, maybe itself, if you may see that one."
    )
    children: list[Annotated["Run", strawberry.lazy("app.graph.types.run")]] = related(
        lambda x: x.children_by_run, lambda run: run.id, "The runs it brought about, oldest first; the first 100."
    )
    retry_of: Annotated["Run", strawberry.lazy("app.graph.types.run")] | None = related(
        lambda x: x.retried_by_run, lambda run: run.id, "The run that it repeats, if you may see that one."
    )
    channel: CoordinationChannel | None = related(
        lambda x: x.channel_by_run,
        lambda run: run.id if run.coordination_channel_id and run.workspace_id else None,
        "The channel on which agents talk about it; null for global work.",
    )
    artifacts: list[Annotated["Artifact", strawberry.lazy("app.graph.types.artifact")]] = related(
        lambda x: x.artifacts_by_run, lambda run: run.id, "What it made and you may see, oldest first; the first 100."
    )
    tree_usage: RunTreeUsage | None = related(
        lambda x: x.tree_usage_by_run,
        lambda run: run.id,
        "What all runs of its tree used together; null if it was deleted just now.",
    )

    @strawberry.field(description="How far it is from the root of its tree; 0 for the root.")
    async def depth(root: strawberry.Parent[RunRow], info: Info) -> int:
        """At most 5."""
        return (await info.context.loaders.lineage_by_run.load(root.id)).depth

    @strawberry.field(
        description="What brought it about: api, user, chat, room, schedule, webhook, automation, run or another."
    )
    async def triggered_by(root: strawberry.Parent[RunRow], info: Info) -> str:
        """A caller of the API unless something else is known."""
        return (await info.context.loaders.lineage_by_run.load(root.id)).triggered_by

    @strawberry.field(description="The id of what brought it about, if that has one.")
    async def trigger_ref(root: strawberry.Parent[RunRow], info: Info) -> str | None:
        """Of the kind that triggeredBy names."""
        return (await info.context.loaders.lineage_by_run.load(root.id)).trigger_ref

    @strawberry.field(description="When this next attempt may be claimed; null for a first attempt.")
    def retry_at(root: strawberry.Parent[RunRow]) -> datetime | None:
        """The same as notBefore."""
        return root.not_before if root.attempt > 1 else None

    @strawberry.field(description="What it waits for while it is queued; null once it may be claimed.")
    async def waiting_for(root: strawberry.Parent[RunRow], info: Info) -> RunWait | None:
        """A pause of the whole tenant shows in dispatch instead."""
        if root.status is not RunStatus.QUEUED or root.claimable:
            return None
        task = await info.context.loaders.task_by_id.load(root.task_id)
        return run_wait(
            now=utc_now(),
            claimable=root.claimable,
            blocked=task is not None and task.status is TaskStatus.BLOCKED,
            paused=task is not None and task.pauses > 0,
            not_before=root.not_before,
            concurrency_key=root.concurrency_key,
        )

    @strawberry.field(description="The lease while somebody holds the run.")
    def lease(root: strawberry.Parent[RunRow]) -> Lease | None:
        """Null for a run nobody holds."""
        return lease_of(root)

    @strawberry.field(description="How far the worker says it is.")
    async def progress(root: strawberry.Parent[RunRow], info: Info) -> Progress | None:
        """Null before the first report."""
        found = await _report(root, info)
        if found is None:
            return None
        return Progress(fraction=found.progress_fraction, message=found.progress_message, updated_at=found.updated_at)

    @strawberry.field(description="What a person reads about the result, as the worker reported it.")
    async def outcome(root: strawberry.Parent[RunRow], info: Info) -> RunOutcome | None:
        """Null until the run completed, or if nothing was reported."""
        found = await _report(root, info) if root.status is RunStatus.COMPLETED else None
        return None if found is None or found.outcome is None else cast(RunOutcome, Outcome.of(found.outcome))

    @strawberry.field(description="Which model did the work and what it used, as the worker reported it.")
    async def observability(root: strawberry.Parent[RunRow], info: Info) -> RunObservability | None:
        """Null until reported."""
        found = await _report(root, info)
        return None if found is None or found.usage is None else cast(RunObservability, Observability.of(found.usage))

    @strawberry.field(description="Tokens and costs, as the worker reported them.")
    async def usage(root: strawberry.Parent[RunRow], info: Info) -> JSON | None:
        """Null until reported."""
        found = await _report(root, info)
        return None if found is None else JSON(found.usage) if found.usage is not None else None

    @strawberry.field(description="What the worker wrote down while it worked.")
    async def transcript(root: strawberry.Parent[RunRow], info: Info) -> str | None:
        """Null until reported."""
        found = await _report(root, info)
        return None if found is None else found.transcript

    @classmethod
    def is_type_of(cls, row: object, _info: Any) -> bool:
        """Rows stand for types."""
        return isinstance(row, RunRow)
