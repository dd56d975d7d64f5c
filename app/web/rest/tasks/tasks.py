"""Handlers of the routes that change tasks and show their events."""

from app.domain.access.policy import Action
from app.domain.errors import BadInput, Conflict
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.patch import TaskPatch
from app.domain.tasks.status import TaskScope
from app.loaders.timeline import timeline
from app.services.tasks import ApprovedDraft, Queued
from app.web.rest.call import Call
from app.web.rest.tasks import answers, body, dto, query
from app.web.rest.tasks.look_up import task_of

KEY_HEADER = "idempotency-key"


async def create(call: Call) -> answers.TaskResponse:
    """POST /api/tasks."""
    draft = await _draft(call, call.given(body.CreateTaskRequest))
    created = await call.services.tasks.create(call.viewer, draft)
    return answers.TaskResponse(task=dto.task(created.task))


async def create_child(call: Call) -> answers.TaskResponse:
    """POST /api/tasks/{id}/children."""
    draft = await _draft(call, call.given(body.CreateTaskRequest))
    created = await call.services.task_graph.create_child(call.viewer, call.path["id"], draft)
    return answers.TaskResponse(task=dto.task(created.task))


async def update(call: Call) -> answers.TaskResponse:
    """PATCH /api/tasks/{id}."""
    given = call.given(body.UpdateTaskRequest)
    patch = TaskPatch(
        title=given.title,
        description=given.description,
        priority=given.priority,
        max_attempts=given.max_attempts,
        approval_policy=given.approval_policy,
        metadata=given.metadata,
        network_channel=given.network_channel,
        owner_kind=given.owner.kind if given.owner else None,
        owner_ref=given.owner.ref if given.owner else None,
        clear_owner=bool(given.clear_owner),
    )
    await call.services.task_changes.update(call.viewer, call.path["id"], patch)
    return answers.TaskResponse(task=dto.task(await task_of(call)))


async def delete(call: Call) -> None:
    """DELETE /api/tasks/{id}."""
    await call.services.task_changes.delete(call.viewer, call.path["id"])


async def enqueue(call: Call) -> answers.TaskRunResponse:
    """POST /api/tasks/{id}/runs."""
    return answers.TaskRunResponse(run=dto.run((await _queued(call, "enqueue")).run))


async def start(call: Call) -> answers.TaskExecutionResponse:
    """POST /api/tasks/{id}/start."""
    return await _execution(call, await _queued(call, "start"))


async def publish(call: Call) -> answers.TaskExecutionResponse:
    """POST /api/tasks/{id}/publish."""
    return await _execution(call, await _queued(call, "publish"))


async def approve(call: Call) -> answers.TaskExecutionResponse:
    """POST /api/tasks/{id}/approve."""
    given = call.given(body.ExecutionRequest)
    done = await call.services.tasks.approve(
        call.viewer,
        call.path["id"],
        key=_key(call, given),
        metadata=given.metadata,
        network_channel=given.network_channel or None,
    )
    if isinstance(done, ApprovedDraft):
        # The decision stands; only nothing can be queued for a draft.
        raise Conflict("The task is approved, but it is a draft: publish it, and its run is queued.")
    return await _execution(call, done)


async def reject(call: Call) -> answers.TaskResponse:
    """POST /api/tasks/{id}/reject."""
    await call.services.task_changes.reject(call.viewer, call.path["id"])
    return answers.TaskResponse(task=dto.task(await task_of(call)))


async def cancel(call: Call) -> answers.TaskResponse:
    """POST /api/tasks/{id}/cancel."""
    given = call.given(body.CancelRequest)
    await call.services.tasks.cancel(call.viewer, call.path["id"], reason=given.reason, metadata=given.metadata)
    return answers.TaskResponse(task=dto.task(await task_of(call)))


async def show_timeline(call: Call) -> answers.TimelineResponse:
    """GET /api/tasks/{id}/timeline."""
    asked = call.asked(query.TimelineQuery)
    after, most = query.after(asked.after_sequence), query.most(asked.limit)
    found = await timeline(call.reader, await task_of(call), after=after, most=most)
    return answers.TimelineResponse(timeline=tuple(dto.timeline_item(m.event, m.task, m.run) for m in found))


async def _draft(call: Call, given: body.CreateTaskRequest) -> TaskDraft:
    if (given.scope is TaskScope.WORKSPACE) != bool(given.workspace):
        raise BadInput("A task of scope workspace needs workspace; one of scope global must not have it.")
    place = None
    if given.workspace:
        place = str(await call.services.access.workspace_named(call.viewer, given.workspace, Action.WRITE))
    return TaskDraft(
        title=given.title,
        scope=given.scope,
        id=given.id or None,
        identifier=given.identifier,
        workspace_id=place,
        network_channel=given.network_channel or None,
        description=given.description,
        priority=given.priority,
        max_attempts=given.max_attempts,
        draft=bool(given.draft),
        approval_policy=given.approval_policy,
        owner_kind=given.owner.kind if given.owner else None,
        owner_ref=given.owner.ref if given.owner else None,
        metadata=given.metadata,
    )


async def _queued(call: Call, action: str) -> Queued:
    given = call.given(body.ExecutionRequest)
    return await call.services.tasks.enqueue(
        call.viewer,
        call.path["id"],
        action=action,
        key=_key(call, given),
        metadata=given.metadata,
        network_channel=given.network_channel or None,
    )


def _key(call: Call, given: body.ExecutionRequest) -> str | None:
    return given.idempotency_key or call.request.headers.get(KEY_HEADER)


async def _execution(call: Call, queued: Queued) -> answers.TaskExecutionResponse:
    return answers.TaskExecutionResponse(task=dto.task(await task_of(call)), run=dto.run(queued.run))
