"""Handlers of the routes about what stands beside a workspace: its share, tags, tasks and runs."""

from uuid import UUID

from app.domain.access.policy import unknown
from app.domain.errors import NotFound
from app.loaders.sharing import recipients_by_workspace, share_by_workspace, tags_by_workspace
from app.loaders.tasks import run_by_id
from app.services.shares import Shared, ShareDraft
from app.services.workspace_draft import Binding
from app.web.rest.call import Call
from app.web.rest.workspaces import body, dto, places, run_dto, run_shapes, shapes


async def show_share(call: Call) -> shapes.Share:
    """GET /workspaces/{workspace_id}/share."""
    return dto.share(await call.services.shares.get(call.viewer, call.path["workspace_id"]))


async def put_share(call: Call) -> shapes.Share:
    """PUT /workspaces/{workspace_id}/share."""
    given = call.given(body.ShareRequest)
    draft = ShareDraft(recipient_user_ids=given.recipient_user_ids, expires_at=given.expires_at)
    done = await call.services.shares.put(call.viewer, call.path["workspace_id"], draft)
    assert done.workspace is not None
    (row,) = await share_by_workspace(call.reader, [done.workspace.id])
    (people,) = await recipients_by_workspace(call.reader, [done.workspace.id])
    assert row is not None
    return dto.share(Shared(share=row, recipients=tuple(people)))


async def revoke_share(call: Call) -> None:
    """DELETE /workspaces/{workspace_id}/share."""
    await call.services.shares.revoke(call.viewer, call.path["workspace_id"])


async def clear_share(call: Call) -> None:
    """DELETE /workspaces/{workspace_id}/share/clear."""
    await call.services.shares.clear(call.viewer, call.path["workspace_id"])


async def show_tags(call: Call) -> shapes.TagList:
    """GET /workspaces/{workspace_id}/tags."""
    return await _tags(call, (await places.place_of(call)).id)


async def set_tags(call: Call) -> shapes.TagList:
    """PUT /workspaces/{workspace_id}/tags."""
    given = call.given(body.SetTagsRequest)
    ids = [str(id) for id in given.tag_ids]
    done = await call.services.tags.set_on_workspace(call.viewer, call.path["workspace_id"], ids, given.tag_names)
    return await _tags(call, done.workspace.id)


async def attach_task(call: Call) -> shapes.WorkspaceDetail:
    """POST /workspaces/{workspace_id}/tasks."""
    given = call.given(body.AttachTaskRequest)
    binding = Binding(task_id=str(given.task_id), mutates=given.mutates_workspace)
    done = await call.services.workspaces.attach(call.viewer, call.path["workspace_id"], binding)
    return await places.detail(call, done.workspace)


async def update_binding(call: Call) -> shapes.WorkspaceDetail:
    """PATCH /workspaces/{workspace_id}/tasks/{task_id}."""
    task_id = str(UUID(call.path["task_id"]))
    binding = Binding(task_id=task_id, mutates=call.given(body.UpdateBindingRequest).mutates_workspace)
    done = await call.services.workspaces.rebind(call.viewer, call.path["workspace_id"], binding)
    return await places.detail(call, done.workspace)


async def detach_task(call: Call) -> None:
    """DELETE /workspaces/{workspace_id}/tasks/{task_id}."""
    task_id = str(UUID(call.path["task_id"]))
    await call.services.workspaces.detach(call.viewer, call.path["workspace_id"], task_id)


async def show_run(call: Call) -> run_shapes.Run:
    """GET /workspaces/{workspace_id}/runs/{run_id}."""
    place = await places.place_of(call)
    id = UUID(call.path["run_id"])
    (found,) = await run_by_id(call.reader, [id])
    if found is None or found.workspace_id != place.id:
        raise NotFound(f"There is no run {str(id)!r}.", id=str(id), reason=unknown("run"))
    return run_dto.run(await run_dto.told(call.reader, found))


async def _tags(call: Call, workspace_id: UUID) -> shapes.TagList:
    (found,) = await tags_by_workspace(call.reader, [workspace_id])
    return shapes.TagList(items=tuple(map(dto.tag, found)))
