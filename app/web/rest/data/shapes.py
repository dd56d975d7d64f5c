"""Shapes of the routes for files."""

from dataclasses import dataclass

from app.domain.grid.page import SortDirection
from app.web.rest.shape import Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsAdded:
    """A table after rows were added; `sequence` is that of the event, left out where there were no rows."""

    tableId: str
    rowCount: Int64
    totalRows: Int64
    sequence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQuery:
    """How a file is written: its order, and whether text that a spreadsheet would run is disarmed."""

    sort_column: str | None = None
    sort_direction: SortDirection | None = None
    escape_formulas: bool | None = None
