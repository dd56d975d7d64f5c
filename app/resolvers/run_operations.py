"""Root fields for operators: what they do to a run by hand."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from app.graph.context import Info
from app.graph.inputs.base import MutationInput
from app.graph.inputs.run_operations import (
    AttachRunSessionInput,
    ClaimRunInput,
    CompleteRunInput,
    FailRunInput,
    RunPayload,
    StartRunInput,
)
from app.graph.scalars import BigInt
from app.graph.types.run import Run
from app.resolvers.outcome import outcome, shown
from app.services.leases import Moved


@strawberry.type
class RunOperationMutations:
    """Writes."""

    @strawberry.mutation(description="Take a queued run by hand; it has no lease and never expires.")
    async def claim_run(
        self, info: Info, input: Annotated[ClaimRunInput, strawberry.argument(description="Which run.")]
    ) -> RunPayload:
        """Refused while its task is blocked."""
        return await _moved(info, input, info.context.services.run_operations.claim(info.context.viewer, input.run_id))

    @strawberry.mutation(description="Let a claimed run be running.")
    async def start_run(
        self, info: Info, input: Annotated[StartRunInput, strawberry.argument(description="Which run.")]
    ) -> RunPayload:
        """Needs no session."""
        return await _moved(info, input, info.context.services.run_operations.start(info.context.viewer, input.run_id))

    @strawberry.mutation(description="Bind an active agent session to a claimed run.")
    async def attach_run_session(
        self, info: Info, input: Annotated[AttachRunSessionInput, strawberry.argument(description="Which to which.")]
    ) -> RunPayload:
        """A session is bound to one open run at most."""
        work = info.context.services.run_operations.attach_session(info.context.viewer, input.run_id, input.session_id)
        return await _moved(info, input, work)

    @strawberry.mutation(description="End a running run well; a leased run is its holder's to finish.")
    async def complete_run(
        self, info: Info, input: Annotated[CompleteRunInput, strawberry.argument(description="Which run.")]
    ) -> RunPayload:
        """Its task is completed with it."""
        work = info.context.services.run_operations.complete(info.context.viewer, input.run_id, input.result)
        return await _moved(info, input, work)

    @strawberry.mutation(description="End a starting or running run with an error.")
    async def fail_run(
        self, info: Info, input: Annotated[FailRunInput, strawberry.argument(description="Which run, and why.")]
    ) -> RunPayload:
        """Queues no new run by itself."""
        work = info.context.services.run_operations.fail(info.context.viewer, input.run_id, input.error, input.metadata)
        return await _moved(info, input, work)


async def _moved(info: Info, input: MutationInput, work: Awaitable[Moved]) -> RunPayload:
    async def answer() -> RunPayload:
        moved = await work
        info.context.fresh_loaders()
        return RunPayload(run=shown(Run, moved.run), sequence=BigInt(moved.sequence))

    return await outcome(RunPayload, input, answer())
