"""The workspace that a subscription depends on."""

from uuid import UUID

from app.graph.context import Info


async def visible_place(info: Info, workspace_id: UUID | None) -> UUID | None:
    """The workspace of a filter if the viewer may read it now: the subscription ends with that right.

    Of any other there is nothing that they could see, and nothing that they could lose.
    """
    if workspace_id is None:
        return None
    return None if await info.context.loaders.workspace_by_id.load(workspace_id) is None else workspace_id
