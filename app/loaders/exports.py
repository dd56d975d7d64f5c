"""Whole grids and charts as CSV, with the rights of the viewer."""

from collections.abc import AsyncIterator

from app.domain.errors import NotFound
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.csv_text import CsvText
from app.domain.grid.page import RowSort
from app.domain.ids import parse_uuid
from app.domain.invalid import InvalidInput
from app.domain.problems import Problem, shown
from app.loaders.chart_data import chart_data
from app.loaders.grid import shown_by_workspace
from app.loaders.reader import Reader
from app.loaders.workspaces import chart_by_id, workspace_by_id
from app.storage import grid
from app.storage.rows.workspace import ChartRow, WorkspaceRow


async def workspace(reader: Reader, id: str) -> WorkspaceRow:
    """A workspace the viewer may read."""
    known = parse_uuid(id)
    found = None if known is None else (await workspace_by_id(reader, [known]))[0]
    if found is None:
        raise NotFound(f"There is no workspace {id[:140]!r}.", id=id[:140], reason="workspace_not_found")
    return found


async def chart(reader: Reader, place: WorkspaceRow, id: str) -> ChartRow:
    """A chart of that workspace."""
    known = parse_uuid(id)
    found = None if known is None else (await chart_by_id(reader, [known]))[0]
    if found is None or found.workspace_id != place.id:
        raise NotFound(f"There is no chart {id[:140]!r} in this workspace.", id=id[:140], reason="chart_not_found")
    return found


async def grid_csv(
    reader: Reader, place: WorkspaceRow, sort: RowSort | None, *, escape_formulas: bool
) -> AsyncIterator[bytes]:
    """What a workspace shows, in batches as one moment saw it; nothing for one without columns."""
    table = (await shown_by_workspace(reader, [place.id]))[0]
    columns = () if table is None else table.column_list
    if sort is not None and all(column.name != sort.column for column in columns):
        message = f"There is no column {shown(sort.column)}."
        raise InvalidInput([Problem(("sort_column",), "unknown_column", message)])
    if table is None:
        return
    text = CsvText(columns, escape_formulas=escape_formulas)
    yield text.header()
    async for rows in grid.stream_rows(reader.db, table.source, sort):
        yield text.lines(rows)


async def chart_csv(reader: Reader, found: ChartRow, *, escape_formulas: bool) -> AsyncIterator[bytes]:
    """What a chart shows now, in the order of its spec: x, y, and the group where there are several series."""
    table = (await shown_by_workspace(reader, [found.workspace_id]))[0]
    data = await chart_data(reader, found, table, ())
    grouped = data.group_column is not None or any(row["group"] is not None for row in data.rows)
    names = [data.x_column, data.y_label or "y", *([data.group_column or "series"] if grouped else [])]
    text = CsvText([Column(name=name, data_type=ColumnType.STRING) for name in names], escape_formulas=escape_formulas)
    yield text.header()
    yield text.lines([_point(row["x"], row["y"], row["group"])[: len(names)] for row in data.rows])


def _point(*cells: object) -> list[str | None]:
    return [cell if cell is None or isinstance(cell, str) else _scalar(cell) for cell in cells]


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
