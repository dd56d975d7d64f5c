"""Pages: how many at most, and cursors that name their list and their place in it."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, overload

import orjson

from app.domain.errors import BadInput

FIRST_DEFAULT: Final = 25
FIRST_MAX: Final = 100
CURSOR_VERSION: Final = 1
CURSOR_LENGTH_MAX: Final = 1_024

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """One page: items, whether more follow, and each item's place in the list."""

    items: tuple[Item, ...]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


class Cursors(Sequence[str]):
    """The places of rows in their list; each is written when somebody reads it, which most callers do not."""

    __slots__ = ("_rows", "_write")

    def __init__(self, rows: Sequence[Any], write: Callable[[Any], str]) -> None:
        self._rows = rows
        self._write = write

    def __len__(self) -> int:
        """One a row."""
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        """The cursor of a row, or those of some."""
        return Cursors(self._rows[at], self._write) if isinstance(at, slice) else self._write(self._rows[at])


def page_size(first: int | None, *, most: int = FIRST_MAX, default: int = FIRST_DEFAULT) -> int:
    """`first`, or the default; more than the maximum is refused, never clamped."""
    if first is None:
        return default
    if not 1 <= first <= most:
        raise BadInput(f"first is {first}; give 1 to {most}.", field="first", limit=most)
    return first


def encode_cursor(list_name: str, key: tuple[object, ...]) -> str:
    """An opaque place in the list of that name."""
    return base64.urlsafe_b64encode(orjson.dumps([CURSOR_VERSION, list_name, *key])).decode().rstrip("=")


def decode_cursor(list_name: str, cursor: str | None, length: int) -> tuple[object, ...] | None:
    """The place a cursor names; refused when it is damaged or of another list."""
    if cursor is None:
        return None
    wrong = BadInput(f"after is no cursor of this list ({list_name}); send back a cursor it returned.", field="after")
    if len(cursor) > CURSOR_LENGTH_MAX:
        raise wrong
    try:
        raw = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as problem:
        raise wrong from problem
    if not isinstance(raw, list) or raw[:2] != [CURSOR_VERSION, list_name] or len(raw) != length + 2:
        raise wrong
    return tuple(raw[2:])
