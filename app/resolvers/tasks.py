"""Root fields about tasks and runs for people: read, create, get done, cancel."""

from typing import Annotated, TypeVar

import strawberry

from app.domain.ids import parse_uuid
from app.domain.paging import page_size
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.inputs.retry_policy import in_utc
from app.graph.inputs.task_list import TaskFilter, to_filter
from app.graph.inputs.tasks import (
    CancelRunInput,
    CancelRunPayload,
    CancelTaskInput,
    CancelTaskPayload,
    CreateTaskInput,
    CreateTaskPayload,
    EnqueueRunInput,
    EnqueueRunPayload,
    PublishTaskInput,
    PublishTaskPayload,
    StartTaskInput,
    StartTaskPayload,
)
from app.graph.scalars import known_sequence
from app.graph.types.agent_session import AgentSession
from app.graph.types.run import Run
from app.graph.types.task import Task
from app.loaders.task_list import task_page
from app.resolvers.outcome import outcome, shown
from app.storage.task_list import TaskOrder


@strawberry.type
class TaskQueries:
    """Reads."""

    @strawberry.field(description="A task; null if there is none that you may see.")
    async def task(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The task.")]
    ) -> Task | None:
        """By id."""
        return shown(Task, await info.context.loaders.task_by_id.load(id))

    @strawberry.field(description="A run; null if there is none that you may see.")
    async def run(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The run.")]
    ) -> Run | None:
        """By id."""
        run_id = parse_uuid(id)
        return shown(Run, None if run_id is None else await info.context.loaders.run_by_id.load(run_id))

    @strawberry.field(description="An agent session; null if there is none that you may see.")
    async def agent_session(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The session.")]
    ) -> AgentSession | None:
        """By id."""
        session_id = parse_uuid(id)
        found = None if session_id is None else await info.context.loaders.agent_session_by_id.load(session_id)
        return shown(AgentSession, found)

    @strawberry.field(description="The tasks you may see.")
    async def tasks(
        self,
        info: Info,
        filter: Annotated[TaskFilter | None, strawberry.argument(description="Which of them.")] = None,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 25, at most 100.")] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
        order_by: Annotated[
            TaskOrder, strawberry.argument(description="How they are sorted; a cursor is good for its own order.")
        ] = TaskOrder.NEWEST_FIRST,
    ) -> Connection[Task]:
        """A page."""
        page, count = await task_page(
            info.context.loaders.reader, to_filter(filter), after=after, first=page_size(first), order=order_by
        )
        return Connection.of(page, count)


@strawberry.type
class TaskMutations:
    """Writes."""

    @strawberry.mutation(description="Make a task.")
    async def create_task(
        self, info: Info, input: Annotated[CreateTaskInput, strawberry.argument(description="The task.")]
    ) -> CreateTaskPayload:
        """Queues nothing."""

        async def work() -> CreateTaskPayload:
            made = await info.context.services.tasks.create(info.context.viewer, input.to_draft())
            return CreateTaskPayload(
                task=shown(Task, made.task),
                deduplicated=made.sequence is None,
                sequence=known_sequence(made.sequence),
            )

        return await outcome(CreateTaskPayload, input, work())

    @strawberry.mutation(description="Queue a run of a ready task, or answer the one that is open.")
    async def start_task(
        self, info: Info, input: Annotated[StartTaskInput, strawberry.argument(description="Which task.")]
    ) -> StartTaskPayload:
        """Refused for a draft, a blocked or a canceled task."""
        return await _queue(StartTaskPayload, info, input, "start")

    @strawberry.mutation(description="Publish a draft and queue its first run.")
    async def publish_task(
        self, info: Info, input: Annotated[PublishTaskInput, strawberry.argument(description="Which draft.")]
    ) -> PublishTaskPayload:
        """Refused for anything that is no draft."""
        return await _queue(PublishTaskPayload, info, input, "publish")

    @strawberry.mutation(description="Queue a run, also of a blocked task; refused while a run is open.")
    async def enqueue_run(
        self, info: Info, input: Annotated[EnqueueRunInput, strawberry.argument(description="Which task.")]
    ) -> EnqueueRunPayload:
        """The run of a blocked task waits."""
        return await _queue(EnqueueRunPayload, info, input, "enqueue")

    @strawberry.mutation(description="Cancel a task, its descendants and their open runs, for good.")
    async def cancel_task(
        self, info: Info, input: Annotated[CancelTaskInput, strawberry.argument(description="Which task.")]
    ) -> CancelTaskPayload:
        """All in one transaction."""

        async def work() -> CancelTaskPayload:
            context = info.context
            done = await context.services.tasks.cancel(context.viewer, input.task_id, reason=input.reason)
            context.fresh_loaders()
            task = await context.loaders.task_by_id.load(done.task_id)
            return CancelTaskPayload(task=shown(Task, task), sequence=known_sequence(done.sequence))

        return await outcome(CancelTaskPayload, input, work())

    @strawberry.mutation(description="Cancel one run that has not ended, and its task with it.")
    async def cancel_run(
        self, info: Info, input: Annotated[CancelRunInput, strawberry.argument(description="Which run.")]
    ) -> CancelRunPayload:
        """Its worker is told by its next heartbeat."""

        async def work() -> CancelRunPayload:
            done = await info.context.services.tasks.cancel_run(info.context.viewer, input.run_id, reason=input.reason)
            return CancelRunPayload(run=shown(Run, done.run), sequence=known_sequence(done.sequence))

        return await outcome(CancelRunPayload, input, work())


Payload = TypeVar("Payload", bound=StartTaskPayload)


async def _queue(kind: type[Payload], info: Info, input: StartTaskInput, action: str) -> Payload:
    async def work() -> Payload:
        context = info.context
        done = await context.services.tasks.enqueue(
            context.viewer,
            input.task_id,
            action=action,
            key=input.idempotency_key,
            metadata=input.metadata,
            network_channel=input.network_channel,
            not_before=None if input.not_before is None else in_utc(input.not_before),
            parent_run_id=input.parent_run_id,
        )
        context.fresh_loaders()
        task = await context.loaders.task_by_id.load(input.task_id)
        return kind(task=shown(Task, task), run=shown(Run, done.run), sequence=known_sequence(done.sequence))

    return await outcome(kind, input, work())
