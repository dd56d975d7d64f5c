"""Handlers of the routes that show tasks: list, detail, tree, dashboard, inbox, triage and dependencies."""

from dataclasses import replace
from uuid import UUID

from app.domain.access.policy import Action
from app.domain.actor import OwnerKind
from app.domain.errors import BadInput, NotFound
from app.domain.tasks.draft import IDENTIFIER_LENGTH_MAX, TITLE_LENGTH_MAX, channel
from app.domain.tasks.status import PRIORITY_WEIGHTS, TaskScope
from app.domain.tasks.triage import Mark
from app.domain.text import checked
from app.loaders.dashboard import task_dashboard
from app.loaders.inbox import task_inbox
from app.loaders.task_detail import task_detail_of, tree_by_task
from app.loaders.task_list import task_summaries
from app.loaders.tasks import run_by_id
from app.storage.inbox import View
from app.storage.task_filter import Filter
from app.web.rest.call import Call
from app.web.rest.tasks import answers, body, detail_dto, observed_dto, query
from app.web.rest.tasks.look_up import task_of


async def show_list(call: Call) -> answers.TaskListResponse:
    """GET /api/tasks."""
    asked = call.asked(query.ListTasksQuery)
    if asked.scope is TaskScope.WORKSPACE and not asked.workspace:
        raise BadInput("scope=workspace needs workspace.")
    shared = await _shared(call, asked.scope, asked.workspace, asked.owner_kind, asked.owner_ref)
    wanted = replace(
        shared,
        statuses=(asked.status.value,) if asked.status else None,
        priorities=(PRIORITY_WEIGHTS[asked.priority],) if asked.priority else None,
        approval_state=asked.approval_state.value if asked.approval_state else None,
        parent_task_id=asked.parent_task_id,
        network_channel=channel(asked.network_channel),
        search=_searched(asked.query),
        without_drafts=not asked.include_drafts,
    )
    found = await task_summaries(call.reader, wanted, limit=query.most(asked.limit))
    return answers.TaskListResponse(tasks=tuple(map(detail_dto.summary, found)))


async def show(call: Call) -> answers.TaskDetailResponse:
    """GET /api/tasks/{id}."""
    found = await task_detail_of(call.reader, await task_of(call))
    return answers.TaskDetailResponse(task=detail_dto.detail(found))


async def show_tree(call: Call) -> answers.TreeResponse:
    """GET /api/tasks/{id}/tree."""
    task = await task_of(call)
    found = (await tree_by_task(call.reader, [task.id]))[0]
    if found is None:
        raise NotFound(f"There is no task {task.id!r}.")  # it was deleted meanwhile
    nodes = (found.root, *found.descendants)
    open_ids = [node.open_run_id for node in nodes if node.open_run_id is not None]
    runs = await run_by_id(call.reader, open_ids) if open_ids else []
    return answers.TreeResponse(tree=detail_dto.tree(found, {run.task_id: run for run in runs if run is not None}))


async def add_dependency(call: Call) -> answers.TaskDetailResponse:
    """POST /api/tasks/{id}/dependencies."""
    given = call.given(body.AddDependencyRequest)
    await call.services.task_graph.add_dependency(call.viewer, call.path["id"], given.depends_on_task_id)
    return await show(call)


async def remove_dependency(call: Call) -> answers.TaskDetailResponse:
    """DELETE /api/tasks/{id}/dependencies/{depends_on_id}."""
    await call.services.task_graph.remove_dependency(call.viewer, call.path["id"], call.path["depends_on_id"])
    return await show(call)


async def dashboard(call: Call) -> answers.DashboardResponse:
    """GET /api/observe/tasks/dashboard."""
    asked = call.asked(query.DashboardQuery)
    _refuse_half(asked.scope, asked.workspace)
    shared = await _shared(call, asked.scope, asked.workspace, asked.owner_kind, asked.owner_ref)
    wanted = replace(
        shared,
        network_channel=channel(asked.network_channel),
        origin_kind=asked.origin_kind.value if asked.origin_kind else None,
    )
    found = await task_dashboard(call.reader, wanted)
    return answers.DashboardResponse(dashboard=observed_dto.dashboard(found))


async def inbox(call: Call) -> answers.InboxResponse:
    """GET /api/observe/tasks/inbox."""
    asked = call.asked(query.InboxQuery)
    _refuse_half(asked.scope, asked.workspace)
    shared = await _shared(call, asked.scope, asked.workspace, asked.owner_kind, asked.owner_ref)
    wanted = View(
        tasks=replace(shared, search=_searched(asked.query)),
        lane=asked.lane,
        unread=bool(asked.unread),
        limit=query.most(asked.limit),
    )
    return answers.InboxResponse(inbox=observed_dto.inbox(await task_inbox(call.reader, wanted)))


async def mark_read(call: Call) -> answers.TriageResponse:
    """POST /api/tasks/{id}/triage/read."""
    return await _mark(call, Mark.READ)


async def dismiss(call: Call) -> answers.TriageResponse:
    """POST /api/tasks/{id}/triage/dismiss."""
    return await _mark(call, Mark.DISMISS)


async def archive(call: Call) -> answers.TriageResponse:
    """POST /api/tasks/{id}/triage/archive."""
    return await _mark(call, Mark.ARCHIVE)


async def _mark(call: Call, mark: Mark) -> answers.TriageResponse:
    done = await call.services.triage.mark(call.viewer, call.path["id"], mark)
    return answers.TriageResponse(triage=observed_dto.triage(done))


async def _shared(
    call: Call, scope: TaskScope | None, workspace: str | None, owner_kind: OwnerKind | None, owner_ref: str | None
) -> Filter:
    """The conditions that list, dashboard and inbox share."""
    if scope is TaskScope.GLOBAL and workspace:
        raise BadInput("scope=global goes without workspace.")
    place: UUID | None = None
    if workspace:
        place = await call.services.access.workspace_named(call.viewer, workspace, Action.READ)
    return Filter(
        scope=scope.value if scope else None,
        workspace_id=place,
        owner_kind=owner_kind.value if owner_kind else None,
        owner_ref=None if owner_ref is None else checked(owner_ref, "owner_ref", longest=IDENTIFIER_LENGTH_MAX),
    )


def _refuse_half(scope: TaskScope | None, workspace: str | None) -> None:
    if (scope is TaskScope.WORKSPACE) != bool(workspace):
        raise BadInput("scope=workspace and workspace go together; give both or neither.")


def _searched(text: str | None) -> str | None:
    return None if text is None else checked(text, "query", longest=TITLE_LENGTH_MAX)
