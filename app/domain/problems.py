"""A problem with what a caller sent: where, a stable code, and a sentence that helps to fix it."""

from dataclasses import dataclass
from typing import Final

from app.domain.text import is_storable

Loc = tuple[str | int, ...]

PROBLEMS_MAX: Final = 100
NAME_SHOWN_MAX: Final = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule; `loc` ends at the value that breaks it."""

    loc: Loc
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer in place of a value: everything that is wrong with the input, at most PROBLEMS_MAX items."""

    problems: tuple[Problem, ...]


def refuse(problems: list[Problem]) -> Refused:
    """The problems as an answer, cut to what anybody reads."""
    return Refused(tuple(problems[:PROBLEMS_MAX]))


def shown(text: str) -> str:
    """A caller's text as it may stand in a message: quoted, escaped, short."""
    return repr(text if len(text) <= NAME_SHOWN_MAX else text[:NAME_SHOWN_MAX] + "…")


def loc_key(name: str) -> str:
    """A caller's key as a step of `loc`; one that cannot be encoded or is very long is escaped."""
    return name if len(name) <= NAME_SHOWN_MAX and is_storable(name) else shown(name)
