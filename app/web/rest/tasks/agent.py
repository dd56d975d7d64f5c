"""Handlers of the agent routes: claim the next run and work under its lease."""

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from app.domain.errors import BadInput, Conflict
from app.domain.tasks.status import PRIORITY_WEIGHTS
from app.loaders.runs import channel_by_run
from app.loaders.tasks import task_by_id
from app.services.leases import Claimed, Moved
from app.web.rest.call import Call
from app.web.rest.tasks import answers, body, dto
from app.web.rest.tasks.envelope import refusal
from app.web.rest.tasks.waiting import claim_when_there_is_work

# Above every priority, so that nothing matches.
PRIORITY_BEYOND: Final = max(PRIORITY_WEIGHTS.values()) + 1
GONE: Final = "the caller went away"


async def claim_next(call: Call) -> answers.AgentClaimResponse | Response | None:
    """POST /api/agent/tasks/claim-next."""
    given = call.given(body.AgentClaimNextRequest)
    claimed = await _claim(call, given)
    if given.wait and not claimed.runs:
        claimed, gone = await claim_when_there_is_work(call, lambda: _claim(call, given))
        if gone:
            await _give_back(call, claimed.runs)
            return refusal(408, "The caller went away while it waited.")
    if not claimed.runs:
        return None
    run = claimed.runs[0].run
    task = (await task_by_id(call.reader, [run.task_id]))[0]
    if task is None:
        raise Conflict("The task of the claimed run is gone; claim again.")
    bound = None if run.workspace_id is None else (await channel_by_run(call.reader, [run.id]))[0]
    return answers.AgentClaimResponse(claim=dto.claim(run, task, bound))


async def heartbeat(call: Call) -> answers.AgentLeaseResponse:
    """POST /api/agent/tasks/{run_id}/heartbeat."""
    given = call.given(body.AgentHeartbeatRequest)
    beat = await call.services.leases.heartbeat(
        call.viewer, str(call.holder.id), call.path["run_id"], seconds=given.lease_seconds
    )
    if beat.run is None or beat.lease_lost:
        await call.services.leases.why_lost(call.viewer, str(call.holder.id), call.path["run_id"])
    return answers.AgentLeaseResponse(lease=dto.lease(beat.run))


async def complete(call: Call) -> answers.AgentLeaseResponse:
    """POST /api/agent/tasks/{run_id}/complete."""
    result = call.given(body.CompleteRunRequest).result
    return _lease(
        await call.services.leases.complete(call.viewer, str(call.holder.id), call.path["run_id"], result=result)
    )


async def fail(call: Call) -> answers.AgentLeaseResponse:
    """POST /api/agent/tasks/{run_id}/fail."""
    given = call.given(body.FailRunRequest)
    return _lease(
        await call.services.leases.fail(
            call.viewer, str(call.holder.id), call.path["run_id"], error=given.error, metadata=given.metadata
        )
    )


async def release(call: Call) -> answers.AgentLeaseResponse:
    """POST /api/agent/tasks/{run_id}/release."""
    reason = call.given(body.AgentReleaseRequest).reason
    return _lease(
        await call.services.leases.release(call.viewer, str(call.holder.id), call.path["run_id"], reason=reason)
    )


async def _claim(call: Call, given: body.AgentClaimNextRequest) -> Claimed:
    least = given.priority_min or 0
    if least < 0:
        raise BadInput(f"priority_min is {least}; give 0 or more.", field="priority_min")
    claimed = await call.services.leases.claim(
        call.viewer,
        str(call.holder.id),
        seconds=given.lease_seconds,
        workspace_id=given.workspace_id or None,
        offered=given.required_capabilities,
        priority_min=min(least, PRIORITY_BEYOND),
    )
    if claimed.busy:
        raise Conflict("The agent session holds as many runs as it registered for; finish one, or release it.")
    return claimed


async def _give_back(call: Call, claimed: Sequence[Moved]) -> None:
    """Nobody is left to work on what was claimed at the last moment."""
    for moved in claimed:
        await call.services.leases.release(
            call.viewer, str(call.holder.id), str(moved.run.id), epoch=moved.run.lease_epoch, reason=GONE
        )


def _lease(moved: Moved) -> answers.AgentLeaseResponse:
    return answers.AgentLeaseResponse(lease=dto.lease(moved.run))
