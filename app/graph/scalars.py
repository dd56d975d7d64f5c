"""Scalars that GraphQL does not have of its own, each with the specification it follows."""

from datetime import UTC, datetime
from typing import Final, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from app.domain.errors import BadInput

BigInt = NewType("BigInt", int)
JSON = NewType("JSON", object)

INT64_MAX = 2**63
# A day from either end of what can be told, so that no offset leads beyond it.
EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)


def _big_int(value: object) -> int:
    if isinstance(value, bool):
        raise GraphQLError("BigInt is a whole number or its decimal string, not a boolean.")
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and value.isascii() and len(value) <= 20:
        value = int(value)
    if isinstance(value, int) and -INT64_MAX <= value < INT64_MAX:
        return value
    raise GraphQLError(f"BigInt cannot represent {str(value)[:40]!r}; send a whole number of at most 64 bits.")


def _date_time(value: object) -> datetime:
    if not isinstance(value, str):
        raise GraphQLError("DateTime is an RFC 3339 string such as 2026-01-31T12:00:00Z.")
    try:
        parsed = datetime.fromisoformat(value)
        moment = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise GraphQLError(f"DateTime cannot represent {value[:40]!r}; send RFC 3339.") from problem
    if not EARLIEST <= moment <= LATEST:
        raise GraphQLError(f"DateTime cannot represent {value[:40]!r}; send an instant of the years 1 to 9999.")
    return moment


def wire_time(moment: datetime) -> str:
    """RFC 3339 in UTC with Z."""
    if moment.tzinfo is UTC:
        # What the database gives: six characters of offset less.
        return moment.isoformat()[:-6] + "Z"
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A 64-bit integer: a decimal string on output, a string or an integer on input.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259#section-6",
        serialize=str,
        parse_value=_big_int,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant in RFC 3339, in UTC on output; input without an offset is taken as UTC.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=wire_time,
        parse_value=_date_time,
    ),
}


def position(after: int | None) -> int | None:
    """A cursor of the event log as a position; BadInput for a negative one."""
    if after is not None and after < 0:
        raise BadInput(f"after is {after}; send back a cursor of an event, or 0.", field="after")
    return after


def known_sequence(found: int | None) -> BigInt | None:
    """The sequence of a mutation's event; none where nothing changed."""
    return None if found is None else BigInt(found)
