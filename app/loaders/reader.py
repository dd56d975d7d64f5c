"""Where and for whom a loader reads."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.db.engine import Database
from app.domain.access.viewer import Viewer

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Reader:
    """The database and the viewer whose sight limits every batch."""

    db: Database
    viewer: Viewer


def in_key_order(keys: Sequence[Key], found: Iterable[tuple[Key, Value]]) -> list[Value | None]:
    """One value a key, None where nothing was found."""
    by_key = dict(found)
    return [by_key.get(key) for key in keys]


def grouped(keys: Sequence[Key], found: Iterable[tuple[Key, Value]]) -> list[list[Value]]:
    """The values of each key in the order in which they were found."""
    groups: dict[Key, list[Value]] = {key: [] for key in keys}
    for key, value in found:
        groups[key].append(value)
    return [groups[key] for key in keys]
