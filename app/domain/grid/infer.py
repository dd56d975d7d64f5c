"""Type inference: which column type holds every value of a column without losing anything."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from app.domain.grid.column import ColumnType
from app.domain.grid.instants import (
    INSTANT_LENGTH_MAX,
    parse_file_date,
    parse_file_instant,
)
from app.domain.grid.numerals import (
    DECIMAL_DIGITS_MAX,
    JSON_INTEGER_MAX,
    decimal_fits,
    float_keeps,
    is_int64,
    is_integer_numeral,
    is_numeral,
)

# What a column was seen to hold, as bits: plain numbers, because an enum would cost more than the parsing.
_INTEGER: Final = 1
_LONG: Final = 2  # a 64-bit integer whose digits double precision may not keep
_FRACTION: Final = 4
_WIDE: Final = 8  # a number that only an exact decimal holds
_BOOLEAN: Final = 16
_DATE: Final = 32
_INSTANT: Final = 64
_TEXT: Final = 128
_DOCUMENT: Final = 256

# The first type whose bits cover all that was seen; what no line covers is text.
_TYPES: Final = (
    (_INTEGER | _LONG, ColumnType.INTEGER),
    (_INTEGER | _FRACTION, ColumnType.NUMBER),
    (_INTEGER | _LONG | _FRACTION | _WIDE, ColumnType.DECIMAL),
    (_BOOLEAN, ColumnType.BOOLEAN),
    (_DATE, ColumnType.DATE),
    (_DATE | _INSTANT, ColumnType.DATETIME),
)
_EXACT_LENGTH_MAX: Final = 16  # 15 digits and a point, or a sign, always survive double precision
_BOOLEAN_WORDS: Final = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
_NUMERAL_STARTS: Final = frozenset("-.0123456789")


class TypeGuess:
    """What one column has held so far; a subclass knows the kind of value it is fed."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen = 0

    def feed(self, value: object) -> None:
        """Take one more value into account; null says nothing."""
        if value is not None:
            self._seen |= self._kind(value)

    def feed_many(self, values: Iterable[object]) -> None:
        """Take a batch into account."""
        for value in values:
            self.feed(value)

    def result(self) -> ColumnType:
        """The narrowest type that holds all values; a column without any is text."""
        if self._seen & _DOCUMENT:
            return ColumnType.JSON
        for bits, column_type in _TYPES if self._seen else ():
            if self._seen | bits == bits:
                return column_type
        return ColumnType.STRING

    def _kind(self, value: object) -> int:
        raise NotImplementedError


class TextGuess(TypeGuess):
    """A column of a text file: every value is text, and an empty one is null."""

    __slots__ = ()

    def feed_many(self, values: Iterable[object]) -> None:
        """Take a batch into account; once text, always text, and a value that repeats is read once."""
        if not self._seen & _TEXT:
            super().feed_many(set(values))

    def _kind(self, value: object) -> int:
        text = str(value)
        if not text:
            return 0
        if text[0] in _NUMERAL_STARTS and is_numeral(text):
            return _numeral_kind(text)
        return _BOOLEAN if text in _BOOLEAN_WORDS else _text_kind(text)


class JsonGuess(TypeGuess):
    """A column of a JSON file: numbers are numbers, and text is text unless all of it is dates."""

    __slots__ = ()

    def feed_many(self, values: Iterable[object]) -> None:
        """Take a batch into account; text is only read while it may still be dates."""
        for value in values:
            if value is not None and not (self._seen & _TEXT and isinstance(value, str)):
                self._seen |= self._kind(value)

    def _kind(self, value: object) -> int:
        if isinstance(value, float):
            return _FRACTION
        if isinstance(value, str):
            return _text_kind(value)
        if isinstance(value, bool):
            return _BOOLEAN
        return _integer_kind(value) if isinstance(value, int) else _DOCUMENT


def _numeral_kind(text: str) -> int:
    if is_integer_numeral(text):
        return _INTEGER if len(text) < _EXACT_LENGTH_MAX else _integer_kind(int(text))
    plain = "e" not in text and "E" not in text
    if plain and len(text) <= _EXACT_LENGTH_MAX:
        return _FRACTION
    if not (plain and len(text) <= DECIMAL_DIGITS_MAX) and not decimal_fits(Decimal(text)):
        return _TEXT
    return _FRACTION if float_keeps(text) else _WIDE


def _integer_kind(value: int) -> int:
    if -JSON_INTEGER_MAX <= value <= JSON_INTEGER_MAX:
        return _INTEGER
    if not is_int64(value):
        return _WIDE if decimal_fits(Decimal(value)) else _TEXT
    return _LONG


def _text_kind(text: str) -> int:
    if not text or len(text) > INSTANT_LENGTH_MAX:
        return _TEXT
    if parse_file_date(text) is not None:
        return _DATE
    return _INSTANT if parse_file_instant(text) is not None else _TEXT
