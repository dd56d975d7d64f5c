"""Root fields for what an operator does over a holder's head, and for dead letters."""

from typing import Annotated

import strawberry

from app.domain.paging import page_size
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.inputs.forced import (
    DeadLetterFilter,
    DiscardDeadLettersInput,
    DiscardDeadLettersPayload,
    ForcedRunPayload,
    ForceFailRunInput,
    ForceReleaseRunInput,
    RequeueDeadLettersInput,
    RequeueDeadLettersPayload,
    RetryRunInput,
    to_dead_letters,
)
from app.graph.scalars import BigInt, known_sequence
from app.graph.types.run import Run
from app.loaders.dispatch import dead_letter_page
from app.resolvers.outcome import outcome, shown


@strawberry.type
class DeadLetterQueries:
    """Reads."""

    @strawberry.field(description="The last runs of failed tasks that you may see, the newest first, until discarded.")
    async def dead_letters(
        self,
        info: Info,
        filter: Annotated[DeadLetterFilter | None, strawberry.argument(description="Which of them.")] = None,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 25, at most 100.")] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
    ) -> Connection[Run]:
        """A page."""
        page, count = await dead_letter_page(
            info.context.loaders.reader, to_dead_letters(filter), after=after, first=page_size(first)
        )
        return Connection.of(page, count)


@strawberry.type
class ForcedMutations:
    """Writes."""

    @strawberry.mutation(description="Take a held run back into the queue, whoever holds it; its attempt is kept.")
    async def force_release_run(
        self, info: Info, input: Annotated[ForceReleaseRunInput, strawberry.argument(description="Which run, and why.")]
    ) -> ForcedRunPayload:
        """Its holder learns of it by its next heartbeat."""

        async def work() -> ForcedRunPayload:
            moved = await info.context.services.forced.release(info.context.viewer, input.run_id, reason=input.reason)
            info.context.fresh_loaders()
            return ForcedRunPayload(run=shown(Run, moved.run), sequence=BigInt(moved.sequence))

        return await outcome(ForcedRunPayload, input, work())

    @strawberry.mutation(description="End a held run with an error, whoever holds it; no retry policy applies.")
    async def force_fail_run(
        self, info: Info, input: Annotated[ForceFailRunInput, strawberry.argument(description="Which run, and why.")]
    ) -> ForcedRunPayload:
        """Its holder learns of it by its next heartbeat."""

        async def work() -> ForcedRunPayload:
            moved = await info.context.services.forced.fail(info.context.viewer, input.run_id, reason=input.reason)
            info.context.fresh_loaders()
            return ForcedRunPayload(run=shown(Run, moved.run), sequence=BigInt(moved.sequence))

        return await outcome(ForcedRunPayload, input, work())

    @strawberry.mutation(description="Queue a new run for a failed one; its task's attempts are counted anew.")
    async def retry_run(
        self, info: Info, input: Annotated[RetryRunInput, strawberry.argument(description="Which run.")]
    ) -> ForcedRunPayload:
        """Refused while another run of the task is open."""

        async def work() -> ForcedRunPayload:
            done = await info.context.services.forced.retry(
                info.context.viewer, input.run_id, key=input.idempotency_key
            )
            info.context.fresh_loaders()
            sequence = known_sequence(done.sequence)
            return ForcedRunPayload(run=shown(Run, done.run), sequence=sequence)

        return await outcome(ForcedRunPayload, input, work())

    @strawberry.mutation(description="Queue dead letters again, each with as many attempts as a new task has.")
    async def requeue_dead_letters(
        self, info: Info, input: Annotated[RequeueDeadLettersInput, strawberry.argument(description="Which of them.")]
    ) -> RequeueDeadLettersPayload:
        """What you may see but not change is passed over."""

        async def work() -> RequeueDeadLettersPayload:
            done = await info.context.services.dead_letters.requeue(
                info.context.viewer, to_dead_letters(input.filter), limit=input.limit
            )
            info.context.fresh_loaders()
            return RequeueDeadLettersPayload(runs=[shown(Run, queued.run) for queued in done.runs], left=done.left)

        return await outcome(RequeueDeadLettersPayload, input, work())

    @strawberry.mutation(description="Take dead letters off the list; their tasks stay failed.")
    async def discard_dead_letters(
        self, info: Info, input: Annotated[DiscardDeadLettersInput, strawberry.argument(description="Which of them.")]
    ) -> DiscardDeadLettersPayload:
        """What you may see but not change is passed over."""

        async def work() -> DiscardDeadLettersPayload:
            done = await info.context.services.dead_letters.discard(
                info.context.viewer, to_dead_letters(input.filter), limit=input.limit
            )
            sequence = known_sequence(done.sequence)
            ids = [strawberry.ID(id) for id in done.task_ids]
            return DiscardDeadLettersPayload(task_ids=ids, left=done.left, sequence=sequence)

        return await outcome(DiscardDeadLettersPayload, input, work())
