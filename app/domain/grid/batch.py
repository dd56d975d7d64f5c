"""Batches: the unit in which a file is read, so that memory stays bounded whatever its size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.domain.grid.coerce import Cell
from app.domain.grid.rows import Row
from app.domain.problems import Problem, loc_key, shown

BATCH_ROWS: Final = 5_000
BATCH_BYTES: Final = 8 << 20  # a batch ends soon after this, however few rows it has


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Records as the file has them, the place of each (a line, or an element of an array), and the rest.

    The rest are problems with what could not be read at all.
    """

    records: Sequence[Any]
    places: Sequence[int]
    problems: Sequence[Problem]
    bytes_read: int
    unit: str = "line"


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Typed cells, column by column, ready for storage, and the place of each row in its file."""

    columns: Sequence[Sequence[Cell]]
    places: Sequence[int]
    bytes_read: int
    unit: str = "line"

    @property
    def rows(self) -> list[Row]:
        """Row by row; who takes them one at a time zips the columns."""
        return list(zip(*self.columns, strict=True))


@dataclass(frozen=True, slots=True)
class LineBatch:
    """The rows of a text table as COPY reads them, the columns they were made of, and the place of each row."""

    columns: Sequence[Sequence[str]]
    text: bytes
    places: Sequence[int]
    bytes_read: int
    unit: str = "line"


def line_problem(line: int, code: str, message: str) -> Problem:
    """A problem with a line of a file."""
    return place_problem("line", line, code, message)


def place_problem(unit: str, place: int, code: str, message: str, column: str | None = None) -> Problem:
    """A problem with one record, or one cell of it, that says where people have to look."""
    if column is None:
        return Problem((place,), code, f"{unit} {place}: {message}")
    return Problem((place, loc_key(column)), code, f"{unit} {place}, column {shown(column)}: {message}")
