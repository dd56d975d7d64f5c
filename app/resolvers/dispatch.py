"""Root fields about dispatch: pause, resume, concurrency limits."""

from typing import Annotated

import strawberry

from app.domain.paging import page_size
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.inputs.dispatch import (
    DispatchPayload,
    PauseDispatchInput,
    PauseTaskInput,
    PauseTaskPayload,
    ResumeDispatchInput,
    ResumeTaskInput,
    SetConcurrencyLimitInput,
    SetConcurrencyLimitPayload,
)
from app.graph.scalars import known_sequence
from app.graph.types.dispatch import ConcurrencyLimit, Dispatch
from app.graph.types.task import Task
from app.loaders.dispatch import limit_page
from app.resolvers.outcome import outcome, shown
from app.services.pauses import Paused


@strawberry.type
class DispatchQueries:
    """Reads."""

    @strawberry.field(description="What the dispatch of your tenant does.")
    async def dispatch(self, info: Info) -> Dispatch:
        """Counts over the whole tenant."""
        return shown(Dispatch, await info.context.services.pauses.state(info.context.viewer))

    @strawberry.field(description="The concurrency keys of your tenant with their limits, in the order of the keys.")
    async def concurrency_limits(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 25, at most 100.")] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
    ) -> Connection[ConcurrencyLimit]:
        """A page."""
        page, count = await limit_page(info.context.loaders.reader, after=after, first=page_size(first))
        return Connection.of(page, count)


@strawberry.type
class DispatchMutations:
    """Writes."""

    @strawberry.mutation(description="Let no run of a task and its descendants be claimed any more.")
    async def pause_task(
        self, info: Info, input: Annotated[PauseTaskInput, strawberry.argument(description="Which task.")]
    ) -> PauseTaskPayload:
        """Held runs end, or go back to the queue."""

        async def work() -> PauseTaskPayload:
            pauses = info.context.services.pauses
            return await _task(
                info, input.task_id, await pauses.pause_task(info.context.viewer, input.task_id, drain=input.drain)
            )

        return await outcome(PauseTaskPayload, input, work())

    @strawberry.mutation(description="Let runs of a paused task and its descendants be claimed again.")
    async def resume_task(
        self, info: Info, input: Annotated[ResumeTaskInput, strawberry.argument(description="Which task.")]
    ) -> PauseTaskPayload:
        """But for what lies under another paused task."""

        async def work() -> PauseTaskPayload:
            done = await info.context.services.pauses.resume_task(info.context.viewer, input.task_id)
            return await _task(info, input.task_id, done)

        return await outcome(PauseTaskPayload, input, work())

    @strawberry.mutation(description="Let no run of your tenant be claimed any more; for administrators.")
    async def pause_dispatch(
        self, info: Info, input: Annotated[PauseDispatchInput, strawberry.argument(description="How.")]
    ) -> DispatchPayload:
        """Held runs end, or go back to the queue."""

        async def work() -> DispatchPayload:
            done = await info.context.services.pauses.pause_dispatch(info.context.viewer, drain=input.drain)
            return await _dispatch(info, done)

        return await outcome(DispatchPayload, input, work())

    @strawberry.mutation(description="Let runs of your tenant be claimed again; for administrators.")
    async def resume_dispatch(
        self, info: Info, input: Annotated[ResumeDispatchInput, strawberry.argument(description="Nothing more.")]
    ) -> DispatchPayload:
        """Paused tasks stay paused."""

        async def work() -> DispatchPayload:
            return await _dispatch(info, await info.context.services.pauses.resume_dispatch(info.context.viewer))

        return await outcome(DispatchPayload, input, work())

    @strawberry.mutation(description="Say how many runs that share a concurrency key may be dispatched at once.")
    async def set_concurrency_limit(
        self, info: Info, input: Annotated[SetConcurrencyLimitInput, strawberry.argument(description="Key and limit.")]
    ) -> SetConcurrencyLimitPayload:
        """A lower limit takes nothing back."""

        async def work() -> SetConcurrencyLimitPayload:
            found = await info.context.services.concurrency.set_limit(info.context.viewer, input.key, input.limit)
            return SetConcurrencyLimitPayload(concurrency_limit=shown(ConcurrencyLimit, found))

        return await outcome(SetConcurrencyLimitPayload, input, work())


async def _task(info: Info, task_id: str, done: Paused) -> PauseTaskPayload:
    info.context.fresh_loaders()
    task = await info.context.loaders.task_by_id.load(task_id)
    return PauseTaskPayload(task=shown(Task, task), held=done.held, sequence=known_sequence(done.sequence))


async def _dispatch(info: Info, done: Paused) -> DispatchPayload:
    state = await info.context.services.pauses.state(info.context.viewer)
    return DispatchPayload(dispatch=shown(Dispatch, state), sequence=known_sequence(done.sequence))
