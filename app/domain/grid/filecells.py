"""Cells of files: text becomes what its column was inferred to be; files are read more kindly than calls."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import orjson

from app.domain.grid.bulk import QUICK, Converter, Quick, quick_strings, surely_finite
from app.domain.grid.coerce import CELLS, BadCell, Cell
from app.domain.grid.column import ColumnType
from app.domain.grid.instants import parse_file_date, parse_file_instant
from app.domain.grid.numerals import NUMERALS, is_int64
from app.domain.problems import shown

_NUMERALS: Final = re.compile(NUMERALS)
_BOOLEANS: Final[Mapping[str, bool]] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


def written(value: object) -> str:
    """The refused value as the file has it, for a message."""
    return shown(value if isinstance(value, str) else orjson.dumps(value, default=str).decode())


def _quick_integers(values: Sequence[str | None]) -> Sequence[Cell] | None:
    """Texts that come back letter by letter when written again are exact numerals."""
    texts = [value for value in values if value is not None]
    try:
        found = list(map(int, texts))
    except ValueError:
        return None
    if list(map(str, found)) != texts or not all(map(is_int64, (min(found, default=0), max(found, default=0)))):
        return None
    return found if len(found) == len(values) else [None if value is None else int(value) for value in values]


def _quick_numbers(values: Sequence[str | None]) -> Sequence[Cell] | None:
    """Numerals and nothing else, looked at as one long text; too large ones need a closer look."""
    texts = [value for value in values if value is not None]
    joined = "\n".join([*texts, ""])
    if _NUMERALS.fullmatch(joined) is None or joined.count("\n") != len(texts):  # a cell may hold a line break
        return None
    found = list(map(float, texts))
    if not surely_finite(found):
        return None
    return found if len(found) == len(values) else [None if value is None else float(value) for value in values]


def _each_once(cell: Callable[[Any], Cell]) -> Quick:
    """Days and instants repeat: each text is read once."""

    def quick(values: Sequence[str | None]) -> Sequence[Cell] | None:
        try:
            known: dict[str | None, Cell] = {value: cell(value) for value in set(values) if value is not None}
        except BadCell:
            return None
        return list(map(known.get, values))

    return quick


def _boolean(value: object) -> bool:
    found = _BOOLEANS.get(value) if isinstance(value, str) else None
    if found is None:
        raise BadCell("bool_type", "Write true or false.")
    return found


def _date(value: object) -> date:
    found = parse_file_date(value) if isinstance(value, str) else None
    if found is None:
        raise BadCell("date_type", "Write a date as 2012-01-31, 2012/01/31 or Jan 31 2012.")
    return found


def _datetime(value: object) -> datetime:
    found = parse_file_instant(value) if isinstance(value, str) else None
    if found is None:
        raise BadCell("datetime_type", "Write an instant as 2012-01-31T23:59:59Z, with at most microseconds.")
    return found


def _json_of_text(value: object) -> Cell:
    try:
        found = orjson.loads(str(value))
    except orjson.JSONDecodeError:
        raise BadCell("json_type", "Write a JSON value.") from None
    return None if found is None else CELLS[ColumnType.JSON](found)


def _string_of_json(value: object) -> Cell:
    """A column of mixed scalars is text: numbers and booleans as JSON writes them."""
    if isinstance(value, bool | int | float):
        return orjson.dumps(value).decode()
    return CELLS[ColumnType.STRING](value)


def _converters(
    special: Mapping[ColumnType, Callable[[Any], Cell]], quick: Mapping[ColumnType, Quick]
) -> Mapping[ColumnType, Converter]:
    return {
        column_type: Converter(special.get(column_type, cell), quick.get(column_type))
        for column_type, cell in CELLS.items()
    }


_FROM_BOTH: Final[Mapping[ColumnType, Callable[[Any], Cell]]] = {
    ColumnType.DATE: _date,
    ColumnType.DATETIME: _datetime,
}
FROM_TEXT: Final = _converters(
    {**_FROM_BOTH, ColumnType.BOOLEAN: _boolean, ColumnType.JSON: _json_of_text},
    {
        ColumnType.STRING: quick_strings,
        ColumnType.INTEGER: _quick_integers,
        ColumnType.NUMBER: _quick_numbers,
        ColumnType.DATE: _each_once(_date),
        ColumnType.DATETIME: _each_once(_datetime),
    },
)
FROM_JSON: Final = _converters({**_FROM_BOTH, ColumnType.STRING: _string_of_json}, QUICK)
