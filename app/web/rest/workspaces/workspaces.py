"""Handlers of the routes about whole workspaces."""

from app.domain.sharing.tag import tag_filter
from app.loaders.grid import candidates
from app.loaders.sharing import activity_by_workspace
from app.loaders.workspace_list import own_all, shared_numbered
from app.services.workspace_draft import Binding, WorkspaceDraft
from app.services.workspace_life import WorkspacePatch
from app.storage.workspace_list import OwnFilter
from app.web.rest.call import Call
from app.web.rest.workspaces import body, dto, places, query, shapes


async def show_list(call: Call) -> shapes.WorkspaceList:
    """GET /workspaces."""
    asked = call.asked(query.ListWorkspacesQuery)
    ids = [str(id) for id in asked.tag_id or ()]
    wanted = OwnFilter(status=asked.status, tags=tag_filter(asked.tag, ids, asked.tag_match))
    rows = await own_all(call.reader, wanted)
    return shapes.WorkspaceList(items=await places.workspaces(call.reader, rows))


async def show_shared(call: Call) -> shapes.WorkspacePage:
    """GET /workspaces/shared."""
    asked = call.asked(query.SharedQuery)
    page = await shared_numbered(call.reader, limit=asked.limit, offset=query.skipped(asked.offset))
    return shapes.WorkspacePage(
        items=await places.workspaces(call.reader, page.items),
        total=page.total,
        limit=asked.limit,
        offset=asked.offset,
        has_next=page.has_next,
    )


async def show_candidates(call: Call) -> shapes.TableCandidateList:
    """GET /workspaces/table-candidates."""
    rows = await candidates(call.reader)
    owners = await places.owner_tasks(call.reader, rows)
    items = (dto.candidate(row, call.viewer, owners.get(row.owner_task_id or "")) for row in rows)
    return shapes.TableCandidateList(items=tuple(items))


async def create(call: Call) -> shapes.WorkspaceCreated:
    """POST /workspaces."""
    given = call.given(body.CreateWorkspaceRequest)
    draft = WorkspaceDraft(
        title=given.title,
        mode=given.mode,
        description=given.description,
        table_name=given.backing_table_name,
        table_scope=given.backing_table_scope,
        artifact_id=dto.text(given.artifact_id),
        version=given.version,
        row_id_column=given.row_id_column,
        bindings=[Binding(task_id=str(one.task_id), mutates=one.mutates_workspace) for one in given.task_bindings],
    )
    made = await call.services.workspaces.create(call.viewer, draft)
    (shown,) = await places.workspaces(call.reader, [made.workspace])
    return shapes.WorkspaceCreated(
        workspace=shown,
        bound_tasks=await places.bound_tasks(call, made.workspace.id),
        warnings=tuple(map(dto.warning, made.warnings)),
    )


async def show(call: Call) -> shapes.WorkspaceDetail:
    """GET /workspaces/{workspace_id}."""
    return await places.detail(call, await places.place_of(call))


async def update(call: Call) -> shapes.WorkspaceDetail:
    """PATCH /workspaces/{workspace_id}."""
    given = call.given(body.UpdateWorkspaceRequest)
    patch = WorkspacePatch(
        title=given.title,
        sets_description="description" in call.sent,
        description=given.description,
        sets_config="rendererConfig" in call.sent,
        config=given.renderer_config,
    )
    done = await call.services.workspace_life.update(call.viewer, call.path["workspace_id"], patch)
    return await places.detail(call, done.workspace)


async def archive(call: Call) -> shapes.WorkspaceDetail:
    """POST /workspaces/{workspace_id}/archive."""
    done = await call.services.workspace_life.archive(call.viewer, call.path["workspace_id"])
    return await places.detail(call, done.workspace)


async def restore(call: Call) -> shapes.WorkspaceDetail:
    """POST /workspaces/{workspace_id}/restore."""
    done = await call.services.workspace_life.restore(call.viewer, call.path["workspace_id"])
    return await places.detail(call, done.workspace)


async def delete(call: Call) -> None:
    """DELETE /workspaces/{workspace_id}."""
    await call.services.workspace_life.delete(call.viewer, call.path["workspace_id"])


async def show_activity(call: Call) -> shapes.ActivityItemList:
    """GET /workspaces/{workspace_id}/activity."""
    asked = call.asked(query.ActivityQuery)
    place = await places.place_of(call)
    (found,) = await activity_by_workspace(call.reader, [(place.id, asked.limit)])
    return shapes.ActivityItemList(items=tuple(map(dto.activity_item, found)))
