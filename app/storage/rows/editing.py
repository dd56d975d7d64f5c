"""What a viewer may change of the rows that a workspace or a live table shows, and how a row of it is named."""

from app.domain.access.policy import Action, WorkspaceBound, can
from app.domain.access.viewer import Viewer
from app.domain.grid.page import ReadOnlyReason, read_only_reason
from app.storage.relation import ROW_ID
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import WorkspaceMode, WorkspaceRow, WorkspaceStatus


def live_read_only(viewer: Viewer, table: TableRow) -> ReadOnlyReason | None:
    """Why the viewer may not change the rows of a live table."""
    return read_only_reason(
        writes=can(viewer, Action.WRITE, table.bound(viewer)),
        archived=table.workspace_status is WorkspaceStatus.ARCHIVED,
        source=table.source_type,
        has_identity=bool(table.primary_key),
    )


def shown_read_only(viewer: Viewer, workspace: WorkspaceRow, table: TableRow | None) -> ReadOnlyReason | None:
    """Why the viewer may not change what a workspace shows: neither the workspace nor its live table may forbid it."""
    owner = workspace.owner_id
    bound = WorkspaceBound(tenant_id=viewer.tenant_id, owner_id=owner, recipient=owner != viewer.user_id)
    live = table if workspace.mode is WorkspaceMode.OPERATIONAL else None
    return read_only_reason(
        writes=can(viewer, Action.WRITE, bound) and (live is None or can(viewer, Action.WRITE, live.bound(viewer))),
        archived=WorkspaceStatus.ARCHIVED in (workspace.status, live and live.workspace_status),
        source=None if table is None else table.source_type,
        has_identity=live is None or bool(live.primary_key),
    )


def row_identity(workspace: WorkspaceRow, table: TableRow | None) -> tuple[str, ...]:
    """The columns by which a caller names a row of a workspace; none where only its number does."""
    if table is None:
        return ()
    if workspace.mode is WorkspaceMode.OPERATIONAL:
        return table.primary_key
    named = workspace.row_id_column is not None and workspace.row_id_column != ROW_ID
    return (str(workspace.row_id_column),) if named else ()
