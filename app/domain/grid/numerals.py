"""Numerals: which texts are exact numbers, and what each numeric type can hold of them."""

import re
from decimal import Decimal
from typing import Final

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1
JSON_INTEGER_MAX: Final = 2**53  # every client reads integers up to here as JSON numbers exactly
DECIMAL_DIGITS_MAX: Final = 1_000  # before and after the point together, written without an exponent
NUMERAL_LENGTH_MAX: Final = DECIMAL_DIGITS_MAX + 10

_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]*")
# The exponent is bounded so that no numeral can ask for unbounded work.
_NUMERAL: Final = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")


# Numerals of ordinary length, each before a line break.
NUMERALS: Final = r"(?:-?(?:(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,99})?|\.[0-9]{1,99})(?:[eE][+-]?[0-9]{1,4})?\n)*+"


def is_numeral(text: str) -> bool:
    """A plain decimal number: no blanks, no sign but minus, no leading zeros, no words."""
    return len(text) <= NUMERAL_LENGTH_MAX and _NUMERAL.fullmatch(text) is not None


def is_integer_numeral(text: str) -> bool:
    """A numeral without point and exponent."""
    return len(text) <= NUMERAL_LENGTH_MAX and _INTEGER.fullmatch(text) is not None


def is_int64(value: int) -> bool:
    """Fits the integer type of the database."""
    return INT64_MIN <= value <= INT64_MAX


def decimal_fits(value: Decimal) -> bool:
    """Finite, and written out in full it keeps to DECIMAL_DIGITS_MAX."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):  # infinity and the NaNs have a letter here
        return False
    return max(value.adjusted() + 1, 1) + max(-exponent, 0) <= DECIMAL_DIGITS_MAX


def float_keeps(text: str) -> bool:
    """Reading the numeral as double precision and printing it again loses no digit."""
    shortest = repr(float(text))
    return shortest == text or Decimal(shortest) == Decimal(text)
