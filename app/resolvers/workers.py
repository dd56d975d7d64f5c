"""Root fields for workers: register, claim, heartbeat, finish."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, TypeVar

import strawberry

from app.domain.errors import BadInput, Conflict
from app.domain.tasks.lease import CLAIM_BATCH_MAX
from app.graph.context import Info
from app.graph.inputs.workers import (
    Claim,
    ClaimNextRunInput,
    ClaimNextRunPayload,
    ClaimRunsInput,
    ClaimRunsPayload,
    CompleteClaimedRunInput,
    CompleteClaimedRunsInput,
    CompleteClaimedRunsPayload,
    CompletedRunInput,
    EndAgentSessionInput,
    EndAgentSessionPayload,
    FailClaimedRunInput,
    HeartbeatRunInput,
    HeartbeatRunPayload,
    HeartbeatRunsInput,
    HeartbeatRunsPayload,
    HeldRunInput,
    HeldRunPayload,
    RegisterAgentSessionInput,
    RegisterAgentSessionPayload,
    ReleaseRunInput,
    ReportRunInput,
)
from app.graph.scalars import BigInt, known_sequence
from app.graph.types.agent_session import AgentSession
from app.graph.types.run import Run, lease_of
from app.graph.types.task import Task
from app.resolvers.outcome import outcome, shown
from app.resolvers.waiting import claim_when_there_is_work
from app.services.leases import Claimed, Moved
from app.services.reports import Report

Held = TypeVar("Held", bound=HeldRunInput)


@strawberry.type
class WorkerMutations:
    """What a worker does."""

    @strawberry.mutation(description="Introduce a worker.")
    async def register_agent_session(
        self, info: Info, input: Annotated[RegisterAgentSessionInput, strawberry.argument(description="The worker.")]
    ) -> RegisterAgentSessionPayload:
        """The id of the session goes with every later call."""

        async def work() -> RegisterAgentSessionPayload:
            row, sequence = await info.context.services.agent_sessions.register(
                info.context.viewer,
                agent_name=input.agent_name,
                workspace_id=input.workspace_id,
                capabilities=input.capabilities,
                max_concurrency=input.max_concurrency,
            )
            return RegisterAgentSessionPayload(agent_session=shown(AgentSession, row), sequence=BigInt(sequence))

        return await outcome(RegisterAgentSessionPayload, input, work())

    @strawberry.mutation(description="End a worker's session; what it still holds is taken back by its leases.")
    async def end_agent_session(
        self, info: Info, input: Annotated[EndAgentSessionInput, strawberry.argument(description="Which session.")]
    ) -> EndAgentSessionPayload:
        """A second time changes nothing."""

        async def work() -> EndAgentSessionPayload:
            row, sequence = await info.context.services.agent_sessions.end(info.context.viewer, input.agent_session_id)
            return EndAgentSessionPayload(agent_session=shown(AgentSession, row), sequence=known_sequence(sequence))

        return await outcome(EndAgentSessionPayload, input, work())

    @strawberry.mutation(description="Claim the most urgent, oldest run that matches; null when there is none.")
    async def claim_next_run(
        self, info: Info, input: Annotated[ClaimNextRunInput, strawberry.argument(description="Who asks for what.")]
    ) -> ClaimNextRunPayload:
        """Under a lease."""

        async def work() -> ClaimNextRunPayload:
            claimed = await _claim(info, input, 1)
            if input.wait and not claimed.runs:
                claimed = await claim_when_there_is_work(info, lambda: _claim(info, input, 1))
            if not claimed.runs:
                return ClaimNextRunPayload()
            moved = claimed.runs[0]
            claims = await _claims(info, [moved])
            return ClaimNextRunPayload(claim=claims[0], sequence=BigInt(moved.sequence))

        return await outcome(ClaimNextRunPayload, input, work())

    @strawberry.mutation(description="Claim several runs at once.")
    async def claim_runs(
        self, info: Info, input: Annotated[ClaimRunsInput, strawberry.argument(description="Who asks for what.")]
    ) -> ClaimRunsPayload:
        """At most as many as the session may still hold."""

        async def work() -> ClaimRunsPayload:
            claimed = await _claim(info, input, input.limit)
            if input.wait and not claimed.runs:
                claimed = await claim_when_there_is_work(info, lambda: _claim(info, input, input.limit))
            return ClaimRunsPayload(claims=await _claims(info, claimed.runs))

        return await outcome(ClaimRunsPayload, input, work())

    @strawberry.mutation(description="Push the end of a lease.")
    async def heartbeat_run(
        self, info: Info, input: Annotated[HeartbeatRunInput, strawberry.argument(description="Which claim.")]
    ) -> HeartbeatRunPayload:
        """A lost lease is data."""
        held = HeldRunInput(run_id=input.run_id, lease_epoch=input.lease_epoch)
        beat = await _heartbeat(info, input.agent_session_id, held, input.lease_seconds)
        beat.client_mutation_id = input.client_mutation_id
        return beat

    @strawberry.mutation(description="Push the ends of many leases.")
    async def heartbeat_runs(
        self, info: Info, input: Annotated[HeartbeatRunsInput, strawberry.argument(description="Which claims.")]
    ) -> HeartbeatRunsPayload:
        """An answer for each."""

        async def work() -> HeartbeatRunsPayload:
            beats = [
                _heartbeat(info, input.agent_session_id, held, input.lease_seconds) for held in _bounded(input.runs)
            ]
            return HeartbeatRunsPayload(results=list(await asyncio.gather(*beats)))

        return await outcome(HeartbeatRunsPayload, input, work())

    @strawberry.mutation(description="End a held run well.")
    async def complete_claimed_run(
        self, info: Info, input: Annotated[CompleteClaimedRunInput, strawberry.argument(description="Which claim.")]
    ) -> HeldRunPayload:
        """LEASE_LOST if it is no longer held under this claim."""
        held = CompletedRunInput(run_id=input.run_id, lease_epoch=input.lease_epoch, result=input.result)
        return await outcome(HeldRunPayload, input, _complete(info, input.agent_session_id, held))

    @strawberry.mutation(description="End many held runs well.")
    async def complete_claimed_runs(
        self, info: Info, input: Annotated[CompleteClaimedRunsInput, strawberry.argument(description="Which claims.")]
    ) -> CompleteClaimedRunsPayload:
        """An answer for each; one that is refused does not stop the others."""

        async def work() -> CompleteClaimedRunsPayload:
            ends = [
                outcome(HeldRunPayload, input, _complete(info, input.agent_session_id, held))
                for held in _bounded(input.runs)
            ]
            return CompleteClaimedRunsPayload(results=list(await asyncio.gather(*ends)))

        return await outcome(CompleteClaimedRunsPayload, input, work())

    @strawberry.mutation(description="End a held run with an error.")
    async def fail_claimed_run(
        self, info: Info, input: Annotated[FailClaimedRunInput, strawberry.argument(description="Which claim.")]
    ) -> HeldRunPayload:
        """Queues no new run by itself."""

        async def work() -> HeldRunPayload:
            moved = await info.context.services.leases.fail(
                info.context.viewer,
                input.agent_session_id,
                input.run_id,
                error=input.error,
                epoch=input.lease_epoch,
                metadata=input.metadata,
            )
            return _held(info, moved)

        return await outcome(HeldRunPayload, input, work())

    @strawberry.mutation(description="Give a held run back to the queue; its attempt is kept.")
    async def release_run(
        self, info: Info, input: Annotated[ReleaseRunInput, strawberry.argument(description="Which claim.")]
    ) -> HeldRunPayload:
        """Somebody else may claim it at once."""

        async def work() -> HeldRunPayload:
            moved = await info.context.services.leases.release(
                info.context.viewer,
                input.agent_session_id,
                input.run_id,
                epoch=input.lease_epoch,
                reason=input.reason,
            )
            return _held(info, moved)

        return await outcome(HeldRunPayload, input, work())

    @strawberry.mutation(description="Say how far a held run is.")
    async def report_run(
        self, info: Info, input: Annotated[ReportRunInput, strawberry.argument(description="Which claim, and what.")]
    ) -> HeldRunPayload:
        """Shown live."""

        async def work() -> HeldRunPayload:
            said = Report(
                fraction=input.progress.fraction if input.progress else None,
                message=input.progress.message if input.progress else None,
                outcome=input.outcome,
                usage=input.usage,
                transcript_append=input.transcript_append,
                steps=[step.to_step() for step in input.steps or ()],
            )
            moved = await info.context.services.leases.report(
                info.context.viewer, input.agent_session_id, input.run_id, said, epoch=input.lease_epoch
            )
            return _held(info, moved)

        return await outcome(HeldRunPayload, input, work())


async def _claim(info: Info, input: ClaimNextRunInput, limit: int) -> Claimed:
    claimed = await info.context.services.leases.claim(
        info.context.viewer,
        input.agent_session_id,
        limit=limit,
        seconds=input.lease_seconds,
        workspace_id=input.workspace_id,
        offered=input.required_capabilities,
        priority_min=input.priority_min or 0,
    )
    if claimed.busy:
        raise Conflict(
            "The agent session holds as many runs as it registered for; finish one, or register with more.",
            reason="active_run_lease",
        )
    return claimed


async def _claims(info: Info, moved: Sequence[Moved]) -> list[Claim]:
    found = await info.context.loaders.task_by_id.load_many([one.run.task_id for one in moved])
    return [
        Claim(run=shown(Run, one.run), task=shown(Task, task), lease=lease_of(one.run))
        for one, task in zip(moved, found, strict=True)
    ]


async def _heartbeat(info: Info, session_id: str, held: HeldRunInput, lease_seconds: int | None) -> HeartbeatRunPayload:
    beat = await info.context.services.leases.heartbeat(
        info.context.viewer, session_id, held.run_id, epoch=held.lease_epoch, seconds=lease_seconds
    )
    return HeartbeatRunPayload(
        run_id=held.run_id,
        lease_until=None if beat.run is None or beat.lease_lost else beat.run.lease_until,
        lease_lost=beat.lease_lost,
        cancel_requested=beat.cancel_requested,
        sequence=known_sequence(beat.sequence),
    )


async def _complete(info: Info, session_id: str, held: CompletedRunInput) -> HeldRunPayload:
    moved = await info.context.services.leases.complete(
        info.context.viewer, session_id, held.run_id, epoch=held.lease_epoch, result=held.result
    )
    return _held(info, moved)


def _held(info: Info, moved: Moved) -> HeldRunPayload:
    info.context.fresh_loaders()
    return HeldRunPayload(run=shown(Run, moved.run), sequence=BigInt(moved.sequence))


def _bounded(runs: list[Held]) -> list[Held]:
    if not 1 <= len(runs) <= CLAIM_BATCH_MAX:
        raise BadInput(f"runs holds {len(runs)} items; give 1 to {CLAIM_BATCH_MAX}.", field="runs")
    return runs
