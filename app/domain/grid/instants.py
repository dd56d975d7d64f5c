"""Dates and instants as text: the forms of the wire, and the few more that files use."""

import re
from datetime import UTC, date, datetime
from typing import Final

INSTANT_LENGTH_MAX: Final = 32

_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_MONTH_DAY_YEAR: Final = re.compile(r"([A-Z][a-z]{2}) ([0-9]{1,2}),? ([0-9]{4})")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def parse_date(text: str) -> date | None:
    """The date in the form YYYY-MM-DD, or None."""
    if len(text) != 10 or not text[4] == "-" == text[7]:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_instant(text: str) -> datetime | None:
    """The ISO instant in UTC, or None; without an offset it is UTC, without a time it is midnight."""
    if len(text) > INSTANT_LENGTH_MAX or _INSTANT.fullmatch(text) is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_file_date(text: str) -> date | None:
    """Like parse_date, and also 2012/01/31 and Jan 31 2012, which only files hold."""
    if len(text) == 10 and text[4] == "/" == text[7]:
        return parse_date(text.replace("/", "-"))
    if text[:3] not in _MONTHS:
        return parse_date(text)
    found = _MONTH_DAY_YEAR.fullmatch(text)
    if found is None:
        return None
    try:
        return date(int(found[3]), _MONTHS.index(found[1]) + 1, int(found[2]))
    except ValueError:
        return None


def parse_file_instant(text: str) -> datetime | None:
    """Like parse_instant, and also with the dates of parse_file_date; 2012/01/31 may carry a time."""
    if len(text) >= 10 and text[4] == "/" == text[7]:
        return parse_instant(text[:10].replace("/", "-") + text[10:])
    found = parse_file_date(text) if text[:3] in _MONTHS else None
    if found is not None:
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    return parse_instant(text)
