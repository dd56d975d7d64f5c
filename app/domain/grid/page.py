"""A page of rows: how much is asked for, in which order, and whether the caller may edit what is shown."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.errors import BadInput
from app.domain.grid.table import TableSource

PAGE_ROWS_DEFAULT: Final = 100
PAGE_ROWS_MAX: Final = 5_000
OFFSET_MAX: Final = 2**31 - 1


class SortDirection(StrEnum):
    """Which end comes first; nulls are last either way."""

    ASC = "asc"
    DESC = "desc"


class ReadOnlyReason(StrEnum):
    """Why a caller may not edit the cells of a page; of several the first in this order is told."""

    VIEWER_ACCESS = "viewer_access"
    WORKSPACE_ARCHIVED = "workspace_archived"
    NO_DATA = "no_data"
    SOURCE_READ_ONLY = "source_read_only"
    NO_ROW_IDENTITY = "no_row_identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which rows of the whole list are wanted."""

    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class RowSort:
    """The column rows are ordered by before their identity."""

    column: str
    direction: SortDirection = SortDirection.ASC


def window(limit: int | None, offset: int | None) -> Window:
    """The window, or BadInput that says the limit; nothing is clamped."""
    rows = PAGE_ROWS_DEFAULT if limit is None else limit
    skipped = 0 if offset is None else offset
    if not 1 <= rows <= PAGE_ROWS_MAX:
        raise BadInput(f"limit is {rows}; give 1 to {PAGE_ROWS_MAX}.", field="limit", limit=PAGE_ROWS_MAX)
    if not 0 <= skipped <= OFFSET_MAX:
        raise BadInput(f"offset is {skipped}; give 0 or more.", field="offset")
    return Window(limit=rows, offset=skipped)


def read_only_reason(
    *, writes: bool, archived: bool, source: TableSource | None, has_identity: bool
) -> ReadOnlyReason | None:
    """The first reason why the caller may not edit; None if they may. No source means that there is no data."""
    if not writes:
        return ReadOnlyReason.VIEWER_ACCESS
    if archived:
        return ReadOnlyReason.WORKSPACE_ARCHIVED
    if source is None:
        return ReadOnlyReason.NO_DATA
    if source is not TableSource.TABLE:
        return ReadOnlyReason.SOURCE_READ_ONLY
    return None if has_identity else ReadOnlyReason.NO_ROW_IDENTITY
