"""Pages of rows, of a workspace or of a live table: one statement each, and what the caller may do with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.access.policy import Action, WorkspaceBound, can
from app.domain.access.viewer import Viewer
from app.domain.charts.filters import Filter, bind_filters, parse_filters
from app.domain.grid.column import Column
from app.domain.grid.page import ReadOnlyReason, RowSort, Window, read_only_reason
from app.domain.grid.wire import wire_rows
from app.domain.invalid import InvalidInput, accepted
from app.domain.problems import Problem, shown
from app.loaders.reader import Reader
from app.storage import grid
from app.storage.relation import ROW_ID
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import WorkspaceMode, WorkspaceRow, WorkspaceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsRequest:
    """Which rows are wanted; filters are raw JSON of the filter grammar."""

    window: Window
    sort: RowSort | None
    filters: Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsPage:
    """Rows as the wire shows them, and what the caller may do with them."""

    items: list[dict[str, object]]
    total: int
    has_next: bool
    columns: tuple[Column, ...]
    row_identity_columns: tuple[str, ...]
    can_edit: bool
    read_only_reason: ReadOnlyReason | None


def live_read_only(viewer: Viewer, table: TableRow) -> ReadOnlyReason | None:
    """Why the viewer may not change the rows of a live table."""
    return read_only_reason(
        writes=can(viewer, Action.WRITE, table.bound(viewer)),
        archived=table.workspace_status is WorkspaceStatus.ARCHIVED,
        source=table.source_type,
        has_identity=bool(table.primary_key),
    )


def shown_read_only(viewer: Viewer, workspace: WorkspaceRow, table: TableRow | None) -> ReadOnlyReason | None:
    """Why the viewer may not change what a workspace shows: neither the workspace nor its table may forbid it."""
    owner = workspace.owner_id
    bound = WorkspaceBound(tenant_id=viewer.tenant_id, owner_id=owner, recipient=owner != viewer.user_id)
    reason = read_only_reason(
        writes=can(viewer, Action.WRITE, bound),
        archived=workspace.status is WorkspaceStatus.ARCHIVED,
        source=None if table is None else table.source_type,
        has_identity=True,
    )
    if reason is not None or table is None or workspace.mode is WorkspaceMode.SNAPSHOT:
        return reason
    return live_read_only(viewer, table)


def row_identity(workspace: WorkspaceRow, table: TableRow | None) -> tuple[str, ...]:
    """The columns by which a caller names a row of a workspace; none where only its number does."""
    if table is None:
        return ()
    if workspace.mode is WorkspaceMode.OPERATIONAL:
        return table.primary_key
    named = workspace.row_id_column is not None and workspace.row_id_column != ROW_ID
    return (str(workspace.row_id_column),) if named else ()


async def workspace_rows(
    reader: Reader, workspace: WorkspaceRow, table: TableRow | None, wanted: RowsRequest
) -> RowsPage:
    """A page of what a workspace shows; the rows of a copy carry their numbers."""
    reason = shown_read_only(reader.viewer, workspace, table)
    if table is None:
        _checked(wanted, ())
        return RowsPage(
            items=[],
            total=0,
            has_next=False,
            columns=(),
            row_identity_columns=(),
            can_edit=False,
            read_only_reason=reason,
        )
    numbered = workspace.mode is WorkspaceMode.SNAPSHOT
    identity = row_identity(workspace, table)
    return await _page(reader, table, wanted, numbered=numbered, identity=identity, reason=reason)


async def table_rows(reader: Reader, table: TableRow, wanted: RowsRequest) -> RowsPage:
    """A page of a live table."""
    reason = live_read_only(reader.viewer, table)
    return await _page(reader, table, wanted, numbered=False, identity=table.primary_key, reason=reason)


async def _page(
    reader: Reader,
    table: TableRow,
    wanted: RowsRequest,
    *,
    numbered: bool,
    identity: tuple[str, ...],
    reason: ReadOnlyReason | None,
) -> RowsPage:
    columns = table.column_list
    filters = accepted(bind_filters(_checked(wanted, columns), columns, ("filter",)))
    stored = await grid.page(reader.db, table.source, wanted.window, wanted.sort, filters, numbered=numbered)
    items = wire_rows(stored.rows, [*columns, grid.ROW_ID_COLUMN] if numbered else columns)
    return RowsPage(
        items=items,
        total=stored.total,
        has_next=wanted.window.offset + len(items) < stored.total,
        columns=columns,
        row_identity_columns=identity,
        can_edit=reason is None,
        read_only_reason=reason,
    )


def _checked(wanted: RowsRequest, columns: Sequence[Column]) -> tuple[Filter, ...]:
    """The filters, once they and the order are known to make sense."""
    filters = accepted(parse_filters(list(wanted.filters), ("filter",)))
    if wanted.sort is not None and all(column.name != wanted.sort.column for column in columns):
        message = f"There is no column {shown(wanted.sort.column)}."
        raise InvalidInput([Problem(("sort", "column"), "unknown_column", message)])
    return filters
