"""Handlers of the routes about runs, as an operator uses them."""

from typing import Final

from app.domain.errors import NotFound
from app.loaders.run_detail import RunDetail, run_detail, runs_of_task
from app.web.rest.call import Call
from app.web.rest.shape import INT64_MAX, ZERO_TIME
from app.web.rest.tasks import answers, body, dto, query, shapes
from app.web.rest.tasks.look_up import run_of, task_of

CURRENCY_LENGTH_MAX: Final = 16


async def show_list(call: Call) -> answers.TaskRunListResponse:
    """GET /api/tasks/{id}/runs."""
    asked = call.asked(query.ListRunsQuery)
    most = query.most(asked.limit)
    task = await task_of(call)
    found = await runs_of_task(call.reader, task.id, status=asked.status, session_id=asked.session_id, most=most)
    return answers.TaskRunListResponse(runs=tuple(dto.run(row) for row in found))


async def show(call: Call) -> answers.TaskRunDetailResponse:
    """GET /api/task-runs/{id}."""
    found = await run_detail(call.reader, await run_of(call))
    if found is None:
        raise NotFound(f"There is no run {call.path['id'][:140]!r}.")
    return answers.TaskRunDetailResponse(
        run=shapes.TaskRunDetail(
            run=dto.run(found.run), task=dto.reference(found.task), session=_session(found), summary=_summary(found)
        )
    )


async def claim(call: Call) -> answers.TaskRunResponse:
    """POST /api/task-runs/{id}/claim."""
    moved = await call.services.run_operations.claim(call.viewer, call.path["id"])
    return answers.TaskRunResponse(run=dto.run(moved.run))


async def start(call: Call) -> answers.TaskRunResponse:
    """POST /api/task-runs/{id}/start."""
    moved = await call.services.run_operations.start(call.viewer, call.path["id"])
    return answers.TaskRunResponse(run=dto.run(moved.run))


async def attach_session(call: Call) -> answers.TaskRunResponse:
    """POST /api/task-runs/{id}/attach-session."""
    session_id = call.given(body.AttachSessionRequest).session_id
    moved = await call.services.run_operations.attach_session(call.viewer, call.path["id"], session_id)
    return answers.TaskRunResponse(run=dto.run(moved.run))


async def complete(call: Call) -> answers.TaskRunResponse:
    """POST /api/task-runs/{id}/complete."""
    result = call.given(body.CompleteRunRequest).result
    moved = await call.services.run_operations.complete(call.viewer, call.path["id"], result)
    return answers.TaskRunResponse(run=dto.run(moved.run))


async def fail(call: Call) -> answers.TaskRunResponse:
    """POST /api/task-runs/{id}/fail."""
    given = call.given(body.FailRunRequest)
    moved = await call.services.run_operations.fail(call.viewer, call.path["id"], given.error, given.metadata)
    return answers.TaskRunResponse(run=dto.run(moved.run))


async def cancel(call: Call) -> answers.TaskRunResponse:
    """POST /api/task-runs/{id}/cancel."""
    given = call.given(body.CancelRequest)
    done = await call.services.tasks.cancel_run(
        call.viewer, call.path["id"], reason=given.reason, metadata=given.metadata
    )
    return answers.TaskRunResponse(run=dto.run(done.run))


def _session(found: RunDetail) -> shapes.TaskRunSession | None:
    if found.run.session_id is None:
        return None
    session = found.session
    if session is None:
        return shapes.TaskRunSession(session_id=found.run.session_id, created_at=ZERO_TIME, updated_at=ZERO_TIME)
    return shapes.TaskRunSession(
        session_id=str(session.id),
        agent_name=session.agent_name,
        state=session.state,
        workspace_id=dto.text(session.workspace_id),
        created_at=session.created_at,
        updated_at=session.ended_at or session.last_seen_at,
    )


def _summary(found: RunDetail) -> shapes.TaskRunOperationalSummary:
    usage, last = found.usage, found.traces.last_event_type
    known = [tokens for tokens in (usage.input_tokens, usage.output_tokens) if tokens is not None]
    total = usage.total_tokens if usage.total_tokens is not None or not known else sum(known)
    return shapes.TaskRunOperationalSummary(
        last_activity_at=found.last_activity_at,
        last_event_type=None if last is None else last.value,
        tool_call_count=found.traces.tool_calls or usage.tool_call_count,
        turn_count=usage.turn_count,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=None if total is None else min(total, INT64_MAX),
        total_cost=None if usage.total_cost is None else float(usage.total_cost),
        cost_currency=None if usage.cost_currency is None else usage.cost_currency[:CURRENCY_LENGTH_MAX],
    )
