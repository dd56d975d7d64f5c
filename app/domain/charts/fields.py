"""Reading one JSON object strictly: what is missing, mistyped or unknown becomes a problem, all at once."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, TypeVar

from app.domain.grid.coerce import json_name
from app.domain.problems import Loc, Problem, loc_key, shown
from app.domain.text import is_storable

TEXT_LENGTH_MAX: Final = 255

Word = TypeVar("Word", bound=StrEnum)


class Fields:
    """The members of one object; a getter that finds a problem notes it and answers None or the default."""

    __slots__ = ("_problems", "_raw", "loc")

    def __init__(self, raw: dict[str, object], loc: Loc, problems: list[Problem]) -> None:
        self._raw = raw
        self._problems = problems
        self.loc = loc

    def has(self, key: str) -> bool:
        """Whether the key was sent, be it as null."""
        return key in self._raw

    def get(self, key: str) -> object:
        """The raw member, None when it was not sent."""
        return self._raw.get(key)

    def refuse(self, key: str, code: str, message: str) -> None:
        """Notes a problem with one member."""
        self._problems.append(Problem((*self.loc, key), code, message))

    def required(self, key: str) -> bool:
        """Whether the key was sent; if not, that is a problem."""
        if not self.has(key):
            self.refuse(key, "missing", "Field required")
        return self.has(key)

    def text(self, key: str, *, required: bool = False) -> str | None:
        """A text of at most 255 characters; a required one is not empty, another one may be null."""
        if required and not self.required(key):
            return None
        value = self.get(key)
        if value is None and not required:
            return None
        if not isinstance(value, str):
            self.refuse(key, "string_type", f"Give a string, not {json_name(value)}.")
        elif not is_storable(value):
            self.refuse(key, "unstorable_text", "The text holds a NUL or a lone surrogate.")
        elif len(value) > TEXT_LENGTH_MAX:
            self.refuse(key, "string_too_long", f"{len(value)} characters; at most {TEXT_LENGTH_MAX} are allowed.")
        elif required and not value:
            self.refuse(key, "string_too_short", "Give at least one character.")
        else:
            return value
        return None

    def word(self, key: str, words: type[Word], default: Word | None = None) -> Word | None:
        """One of a closed set of words; without a default the key is required."""
        if default is None:
            if not self.required(key):
                return None
        elif not self.has(key):
            return default
        value = self.get(key)
        found = next((word for word in words if word == value), None)
        if found is None:
            self.refuse(key, "literal_error", f"Give one of {', '.join(words)}.")
        return found

    def integer(self, key: str, *, default: int, least: int, most: int) -> int:
        """A whole number in a range."""
        value = self.get(key) if self.has(key) else default
        if type(value) is not int:
            self.refuse(key, "int_type", f"Give an integer, not {json_name(value)}.")
        elif value < least:
            self.refuse(key, "greater_than_equal", f"Give at least {least}.")
        elif value > most:
            self.refuse(key, "less_than_equal", f"Give at most {most}.")
        else:
            return value
        return default

    def array(self, key: str, *, least: int = 0, most: int) -> list[object] | None:
        """An array of a length in a range."""
        value = self.get(key)
        if not isinstance(value, list):
            self.refuse(key, "list_type", f"Give a list, not {json_name(value)}.")
        elif len(value) < least:
            self.refuse(key, "too_short", f"Give at least {least}.")
        elif len(value) > most:
            self.refuse(key, "too_long", f"{len(value)} items; at most {most} are allowed.")
        else:
            return value
        return None


def open_fields(raw: object, loc: Loc, known: Sequence[str], problems: list[Problem]) -> Fields | None:
    """The members of an object that has no key but the known ones; a dropped typo would mislead silently."""
    if not isinstance(raw, dict):
        problems.append(Problem(loc, "dict_type", f"Give an object, not {json_name(raw)}."))
        return None
    problems.extend(
        Problem((*loc, loc_key(key)), "extra_forbidden", f"Unknown key {shown(key)}; known: {', '.join(known)}.")
        for key in raw
        if key not in known
    )
    return Fields(raw, loc, problems)
