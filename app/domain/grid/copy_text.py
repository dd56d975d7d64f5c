"""Columns of a text table as COPY reads them: text that the server takes for exactly the cells it would have become."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from app.domain.grid.bulk import convert_column, quick_strings
from app.domain.grid.coerce import BadCell
from app.domain.grid.column import ColumnType
from app.domain.grid.filecells import FROM_TEXT

NULL: Final = "\\N"

# Both have exactly one meaning, here and in the server: they fit their type whatever their digits are.
_INTEGERS: Final = re.compile(r"(?:(?:-?[1-9][0-9]{0,17}|0)?\n)*+")
_FRACTIONS: Final = re.compile(r"(?:(?:-?(?:(?:[1-9][0-9]{0,99}|0)(?:\.[0-9]{1,99})?|\.[0-9]{1,99}))?\n)*+")
# Where rows and conditions are sent as cells, the first and the last of Python's days and instants are the infinities.
_ENDS: Final[Mapping[date, str]] = {
    date.min: "-infinity",
    date.max: "infinity",
    datetime.min.replace(tzinfo=UTC): "-infinity",
    datetime.max.replace(tzinfo=UTC): "infinity",
}
_SPECIAL: Final = re.compile(r"[\\\t\n\r]")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def written_column(values: Sequence[str], column_type: ColumnType) -> Sequence[str] | None:
    """The column for COPY, where empty text is null; None when at least one value is refused."""
    plain = _PLAIN.get(column_type)
    found = None if plain is None else plain(values)
    if found is not None:
        return found
    cells = convert_column(nulled(values), FROM_TEXT[column_type])
    if cells is None:
        return None
    write = _WRITERS[column_type]
    return [NULL if cell is None else write(cell) for cell in cells]


def lines_of(columns: Sequence[Sequence[str]]) -> bytes:
    """Columns as rows of COPY's text format."""
    return ("\n".join(map("\t".join, zip(*columns, strict=True))) + "\n").encode()


def nulled(values: Sequence[str]) -> Sequence[str | None]:
    """A column of a text table, where empty text is null."""
    return [value or None for value in values] if "" in values else values


def _marked(values: Sequence[str]) -> Sequence[str]:
    return [value or NULL for value in values] if "" in values else values


def _matched(pattern: re.Pattern[str]) -> Callable[[Sequence[str]], Sequence[str] | None]:
    """Nothing but such texts, looked at as one long text; a quoted line break is none of its ends of lines."""

    def plain(values: Sequence[str]) -> Sequence[str] | None:
        joined = "\n".join([*values, ""])
        if pattern.fullmatch(joined) is None or joined.count("\n") != len(values):
            return None
        return _marked(values)

    return plain


def _strings(values: Sequence[str]) -> Sequence[str] | None:
    if quick_strings(values) is None:
        return None
    if _SPECIAL.search("".join(values)) is not None:
        return [value.translate(_ESCAPES) or NULL for value in values]
    return _marked(values)


def _each_once(column_type: ColumnType) -> Callable[[Sequence[str]], Sequence[str] | None]:
    """Days, instants and booleans repeat: each text is read and written once."""
    cell, write = FROM_TEXT[column_type].cell, _WRITERS[column_type]

    def plain(values: Sequence[str]) -> Sequence[str] | None:
        try:
            known = {value: write(cell(value)) if value else NULL for value in set(values)}
        except BadCell:
            return None
        return list(map(known.__getitem__, values))

    return plain


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _boolean(value: bool) -> str:
    return "t" if value else "f"


def _decimal(value: Decimal) -> str:
    return format(value, "f")


def _day(value: date) -> str:
    return _ENDS.get(value) or value.isoformat()


_WRITERS: Final[Mapping[ColumnType, Callable[[Any], str]]] = {
    ColumnType.STRING: _escaped,
    ColumnType.INTEGER: str,
    ColumnType.NUMBER: repr,
    ColumnType.DECIMAL: _decimal,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: _day,
    ColumnType.DATETIME: _day,
    ColumnType.JSON: _escaped,
}
_PLAIN: Final[Mapping[ColumnType, Callable[[Sequence[str]], Sequence[str] | None]]] = {
    ColumnType.STRING: _strings,
    ColumnType.INTEGER: _matched(_INTEGERS),
    ColumnType.NUMBER: _matched(_FRACTIONS),
    ColumnType.DECIMAL: _matched(_FRACTIONS),
    ColumnType.BOOLEAN: _each_once(ColumnType.BOOLEAN),
    ColumnType.DATE: _each_once(ColumnType.DATE),
    ColumnType.DATETIME: _each_once(ColumnType.DATETIME),
}
