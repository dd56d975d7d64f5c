"""Batched reads of workspaces, their charts and their bound tasks."""

from collections.abc import Sequence
from uuid import UUID

from app.loaders.reader import Reader, grouped, in_key_order
from app.storage import bindings, charts, workspaces
from app.storage.rows.grid import BindingRow, WorkspaceBindingRow
from app.storage.rows.workspace import ChartRow, WorkspaceRow


async def workspace_by_id(reader: Reader, ids: Sequence[UUID]) -> list[WorkspaceRow | None]:
    """Workspaces the viewer owns or holds a live share of."""
    viewer = reader.viewer
    found = await workspaces.facts(reader.db, viewer.tenant_id, viewer.user_id, ids)
    seen = ((row.id, row) for row, recipient in found if recipient or row.owner_id == viewer.user_id)
    return in_key_order(ids, seen)


async def charts_by_workspace(reader: Reader, workspace_ids: Sequence[UUID]) -> list[list[ChartRow]]:
    """The charts of workspaces that were seen already, in their order."""
    rows = await charts.by_workspace(reader.db, reader.viewer.tenant_id, workspace_ids)
    return grouped(workspace_ids, ((row.workspace_id, row) for row in rows))


async def chart_by_id(reader: Reader, ids: Sequence[UUID]) -> list[ChartRow | None]:
    """Charts of workspaces the viewer may read."""
    viewer = reader.viewer
    rows = await charts.visible_by_id(reader.db, viewer.tenant_id, viewer.user_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def bindings_by_workspace(reader: Reader, workspace_ids: Sequence[UUID]) -> list[list[BindingRow]]:
    """The tasks bound to workspaces that were seen already, as far as the viewer may see them, oldest first."""
    viewer = reader.viewer
    rows = await bindings.visible_by_workspace(reader.db, viewer.tenant_id, viewer.user_id, workspace_ids)
    return grouped(workspace_ids, ((row.workspace_id, row) for row in rows))


async def bindings_by_task(reader: Reader, task_ids: Sequence[str]) -> list[list[WorkspaceBindingRow]]:
    """The workspaces that tasks are bound to, as far as the viewer may read them, oldest first."""
    viewer = reader.viewer
    return grouped(task_ids, await bindings.visible_by_task(reader.db, viewer.tenant_id, viewer.user_id, task_ids))
