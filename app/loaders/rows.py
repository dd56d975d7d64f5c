"""Pages of rows, of a workspace or of a live table: one statement each, and what the caller may do with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.charts.filters import Filter, bind_filters, parse_filters
from app.domain.grid.column import Column
from app.domain.grid.page import ReadOnlyReason, RowSort, Window
from app.domain.grid.wire import wire_table
from app.domain.invalid import InvalidInput, accepted
from app.domain.problems import Problem, shown
from app.loaders.reader import Reader
from app.storage import grid
from app.storage.rows.editing import live_read_only, row_identity, shown_read_only
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import WorkspaceMode, WorkspaceRow


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
    items = wire_table(stored.columns, [*columns, grid.ROW_ID_COLUMN] if numbered else columns)
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
