"""Coercion: a JSON value becomes the cell of a column exactly, or it is refused; nothing is guessed."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Final

from app.domain.errors import BadInput
from app.domain.grid.column import ColumnType
from app.domain.grid.instants import parse_date, parse_instant
from app.domain.grid.numerals import (
    DECIMAL_DIGITS_MAX,
    JSON_INTEGER_MAX,
    decimal_fits,
    is_int64,
    is_integer_numeral,
    is_numeral,
)
from app.domain.problems import Loc, Problem
from app.domain.text import is_storable, json_text

Cell = str | int | float | bool | Decimal | date | datetime | None

STRING_BYTES_MAX: Final = 1 << 20
_TOO_LONG: Final = 10**DECIMAL_DIGITS_MAX


class BadCell(ValueError):
    """A value that its column cannot hold; raised and caught inside this package only."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def coerce(value: object, column_type: ColumnType, loc: Loc = ()) -> Cell | Problem:
    """The cell for a JSON value, or why there is none; null fits every column."""
    if value is None:
        return None
    try:
        return CELLS[column_type](value)
    except BadCell as bad:
        return Problem(loc, bad.code, bad.message)


def string_cell(value: object) -> str:
    """Any text that can be stored, up to 1 MiB."""
    if type(value) is not str:
        raise BadCell("string_type", f"Give a string, not {json_name(value)}.")
    if not is_storable(value):
        raise BadCell("unstorable_text", "The text holds a NUL or a lone surrogate.")
    if len(value) * 4 > STRING_BYTES_MAX and len(value.encode()) > STRING_BYTES_MAX:
        raise BadCell("string_too_long", f"The text takes more than {STRING_BYTES_MAX} bytes.")
    return value


def integer_cell(value: object) -> int:
    """A 64-bit integer: a JSON integer, or the same as a numeral."""
    if type(value) is int:
        found = value
    elif type(value) is float and value.is_integer() and abs(value) <= JSON_INTEGER_MAX:
        found = int(value)  # some encoders write 12 as 12.0: the same JSON number
    elif type(value) is str and is_integer_numeral(value):
        found = int(value)
    else:
        raise BadCell("int_type", f"Give an integer, not {json_name(value)}.")
    if not is_int64(found):
        raise BadCell("out_of_range", "The integer does not fit in 64 bits.")
    return found


def number_cell(value: object) -> float:
    """A finite double: a JSON number, or the same as a numeral; the nearest double is taken."""
    if type(value) is float:
        found = value
    elif type(value) is int:
        try:
            found = float(value)
        except OverflowError:
            raise BadCell("out_of_range", "The number is too large for double precision.") from None
    elif type(value) is str and is_numeral(value):
        found = float(value)
    else:
        raise BadCell("number_type", f"Give a number, not {json_name(value)}.")
    if not isfinite(found):
        raise BadCell("out_of_range", "Give a finite number that double precision can hold.")
    return found


def decimal_cell(value: object) -> Decimal:
    """An exact decimal: a numeral, a JSON integer, or a JSON fraction by its shortest writing."""
    if type(value) is str and is_numeral(value):
        found = Decimal(value)
    elif type(value) is int:
        found = Decimal(max(min(value, _TOO_LONG), -_TOO_LONG))  # cut, to be refused below
    elif type(value) is float and isfinite(value):
        found = Decimal(repr(value))
    elif type(value) is float:
        raise BadCell("out_of_range", "Give a finite number.")
    else:
        raise BadCell("decimal_type", f"Give an exact number as a string or a number, not {json_name(value)}.")
    if not decimal_fits(found):
        raise BadCell("out_of_range", f"The number has more than {DECIMAL_DIGITS_MAX} digits.")
    return found


def boolean_cell(value: object) -> bool:
    """JSON true or false and nothing that merely looks like it."""
    if type(value) is not bool:
        raise BadCell("bool_type", f"Give true or false, not {json_name(value)}.")
    return value


def date_cell(value: object) -> date:
    """YYYY-MM-DD."""
    found = parse_date(value) if type(value) is str else None
    if found is None:
        raise BadCell("date_type", "Give a date as YYYY-MM-DD.")
    return found


def datetime_cell(value: object) -> datetime:
    """An ISO 8601 instant; without an offset it is UTC."""
    found = parse_instant(value) if type(value) is str else None
    if found is None:
        raise BadCell("datetime_type", "Give an instant as YYYY-MM-DDTHH:MM:SSZ, with at most microseconds.")
    return found


def json_cell(value: object) -> str:
    """Any JSON value, as compact text."""
    try:
        return json_text(value, "The value", bytes_max=STRING_BYTES_MAX)
    except BadInput as bad:
        raise BadCell("json_type", bad.message) from None


def json_name(value: object) -> str:
    """What a JSON writer calls the type of this value."""
    return _JSON_NAMES.get(type(value), type(value).__name__)


_JSON_NAMES: Final[Mapping[type, str]] = {
    str: "this text",
    int: "an integer",
    float: "a fraction",
    bool: "a boolean",
    dict: "an object",
    list: "an array",
    type(None): "null",
}

CELLS: Final[Mapping[ColumnType, Callable[[object], Cell]]] = {
    ColumnType.STRING: string_cell,
    ColumnType.INTEGER: integer_cell,
    ColumnType.NUMBER: number_cell,
    ColumnType.DECIMAL: decimal_cell,
    ColumnType.BOOLEAN: boolean_cell,
    ColumnType.DATE: date_cell,
    ColumnType.DATETIME: datetime_cell,
    ColumnType.JSON: json_cell,
}
