"""CSV as it is written: RFC 4180, null as nothing and empty text as quotes, and text that no spreadsheet runs."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from app.domain.grid.column import Column, ColumnType
from app.domain.grid.wire import to_wire

Write = Callable[[Any], str]

_QUOTED: Final = re.compile(r'[",\r\n]|^\s|\s$|^$')
# What makes a spreadsheet take a cell for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
LINE_END: Final = "\r\n"


def text_cell(text: str) -> str:
    """Text as a cell: quoted where it must be, and where it is empty."""
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _QUOTED.search(text) else text


def disarmed(text: str) -> str:
    """Text that a spreadsheet would run gets an apostrophe before it; it does not come back as it was."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _safe_cell(text: str) -> str:
    return text_cell(disarmed(text))


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _told(column_type: ColumnType) -> Write:
    return lambda value: str(to_wire(value, column_type))


_WRITERS: Final[Mapping[ColumnType, Write]] = {
    ColumnType.STRING: text_cell,
    ColumnType.INTEGER: str,
    ColumnType.NUMBER: repr,
    ColumnType.DECIMAL: _told(ColumnType.DECIMAL),
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: date.isoformat,
    ColumnType.DATETIME: _told(ColumnType.DATETIME),
    ColumnType.JSON: text_cell,
}


class CsvText:
    """Writes rows of some columns, of stored cells."""

    def __init__(self, columns: Sequence[Column], *, escape_formulas: bool) -> None:
        self._names = [column.name for column in columns]
        self._text: Write = _safe_cell if escape_formulas else text_cell
        given = {**_WRITERS, ColumnType.STRING: self._text, ColumnType.JSON: self._text}
        self._writers = [given[column.data_type] for column in columns]
        # A line of one empty cell would be an empty line, which is no record.
        self._nothing = '""' if len(columns) == 1 else ""

    def header(self) -> bytes:
        """The names of the columns."""
        return (",".join(map(self._text, self._names)) + LINE_END).encode()

    def lines(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """A line for each row, column by column."""
        if not rows:
            return b""
        nothing = self._nothing
        written = [
            [nothing if value is None else write(value) for value in values]
            for values, write in zip(zip(*rows, strict=True), self._writers, strict=True)
        ]
        return (LINE_END.join(map(",".join, zip(*written, strict=True))) + LINE_END).encode()
