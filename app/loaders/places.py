"""Places in lists: what a cursor holds, read back."""

from datetime import UTC, datetime
from uuid import UUID

from app.domain.errors import BadInput
from app.domain.ids import parse_uuid


def instant_of(part: object) -> datetime:
    """The instant of a cursor; refused if it is damaged."""
    try:
        found = datetime.fromisoformat(str(part))
    except ValueError as problem:
        raise damaged() from problem
    if found.tzinfo is None:
        raise damaged()
    try:
        return found.astimezone(UTC)
    except OverflowError as problem:
        raise damaged() from problem


def uuid_of(part: object) -> UUID:
    """The id of a cursor; refused if it is damaged."""
    found = parse_uuid(str(part))
    if found is None:
        raise damaged()
    return found


def damaged() -> BadInput:
    """The refusal of a cursor that was tampered with."""
    return BadInput("after is a damaged cursor; send back one that this list returned.", field="after")
