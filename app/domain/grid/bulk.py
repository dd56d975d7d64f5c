"""Whole columns at once: the same rules as single cells, checked on a column in a few passes of C."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Any, Final

from app.domain.grid.coerce import CELLS, STRING_BYTES_MAX, BadCell, Cell
from app.domain.grid.column import ColumnType
from app.domain.grid.numerals import INT64_MAX, INT64_MIN
from app.domain.problems import PROBLEMS_MAX

Quick = Callable[[Sequence[Any]], Sequence[Cell] | None]

_NONE: Final = type(None)
_STRINGS: Final = frozenset({str, _NONE})
_INTEGERS: Final = frozenset({int, _NONE})
_NUMBERS: Final = frozenset({int, float, _NONE})
_BOOLEANS: Final = frozenset({bool, _NONE})


@dataclass(frozen=True, slots=True)
class Converter:
    """How the raw values of one column become cells.

    `cell` decides about one value that is not null. `quick` takes a whole column and answers None when it
    needs a closer look; it never accepts what `cell` refuses.
    """

    cell: Callable[[Any], Cell]
    quick: Quick | None = None


@dataclass(frozen=True, slots=True)
class BadValue:
    """A value that is no cell: where in the table, and why."""

    row: int
    column: int
    code: str
    message: str


def convert_column(values: Sequence[Any], converter: Converter) -> Sequence[Cell] | None:
    """The cells of a column, or None when at least one value is refused."""
    if converter.quick is not None:
        found = converter.quick(values)
        if found is not None:
            return found
    cell = converter.cell
    try:
        return [None if value is None else cell(value) for value in values]
    except BadCell:
        return None


def table_faults(
    table: Sequence[Sequence[Any]], converters: Sequence[Converter], done: Sequence[object | None]
) -> list[BadValue]:
    """The first refused values of the columns that were not done, row by row, at most PROBLEMS_MAX."""
    faults = [
        fault
        for column, cells in enumerate(done)
        if cells is None
        for fault in islice(_bad_values(table[column], converters[column], column), PROBLEMS_MAX)
    ]
    return sorted(faults, key=lambda fault: (fault.row, fault.column))[:PROBLEMS_MAX]


def _bad_values(values: Sequence[Any], converter: Converter, column: int) -> Iterator[BadValue]:
    for row, value in enumerate(values):
        if value is None:
            continue
        try:
            converter.cell(value)
        except BadCell as bad:
            yield BadValue(row, column, bad.code, bad.message)


def quick_strings(values: Sequence[Any]) -> Sequence[Cell] | None:
    """All strings or null, and storable: looked at as one long text."""
    kinds = set(map(type, values))
    if not kinds <= _STRINGS:
        return None
    texts = values if _NONE not in kinds else [value for value in values if value is not None]
    if max(map(len, texts), default=0) * 4 > STRING_BYTES_MAX:
        return None
    joined = "".join(texts)
    return values if "\0" not in joined and _is_utf8(joined) else None


def _quick_integers(values: Sequence[Any]) -> Sequence[Cell] | None:
    if not set(map(type, values)) <= _INTEGERS:
        return None
    least, most = bounds(values)
    return values if least >= INT64_MIN and most <= INT64_MAX else None


def _quick_numbers(values: Sequence[Any]) -> Sequence[Cell] | None:
    kinds = set(map(type, values))
    if not kinds <= _NUMBERS:
        return None
    if not surely_finite(values):
        return None
    return values if int not in kinds else [None if value is None else float(value) for value in values]


def _quick_booleans(values: Sequence[Any]) -> Sequence[Cell] | None:
    return values if set(map(type, values)) <= _BOOLEANS else None


def bounds(values: Sequence[Any]) -> tuple[Any, Any]:
    """Least and greatest of the values that are neither null nor zero; zeros when there are none."""
    return min(filter(None, values), default=0), max(filter(None, values), default=0)


def surely_finite(values: Sequence[Any]) -> bool:
    """No infinity and no NaN among numbers and nulls: either would have made the sum so.

    False also stands for "look closer", as when finite values add up to infinity.
    """
    try:
        return isfinite(sum(filter(None, values)))
    except OverflowError:  # an integer that no double can hold
        return False


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


QUICK: Final[Mapping[ColumnType, Quick]] = {
    ColumnType.STRING: quick_strings,
    ColumnType.INTEGER: _quick_integers,
    ColumnType.NUMBER: _quick_numbers,
    ColumnType.BOOLEAN: _quick_booleans,
}
STRICT: Final[Mapping[ColumnType, Converter]] = {
    column_type: Converter(cell, QUICK.get(column_type)) for column_type, cell in CELLS.items()
}
