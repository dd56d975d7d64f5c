"""Input in which several things are wrong at once: one error that carries every problem."""

from collections.abc import Sequence
from typing import TypeVar

from app.domain.errors import BadInput
from app.domain.problems import Loc, Problem, Refused

Value = TypeVar("Value")


class InvalidInput(BadInput):
    """A BadInput whose problems are told one by one; its own message is that of the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first, more = problems[0], len(problems) - 1
        rest = f" ({more} more problem{'s' if more > 1 else ''})" if more else ""
        super().__init__(
            first.message + rest,
            field=field_of(first.loc),
            problems=[{"field": field_of(p.loc), "code": p.code, "message": p.message} for p in problems],
        )
        self.problems = tuple(problems)


def field_of(loc: Loc) -> str | None:
    """Where a problem is, as a path such as `rows.17.temp_max`; None for the input as a whole."""
    return ".".join(map(str, loc)) or None


def accepted(found: Value | Refused) -> Value:
    """The value, or InvalidInput with everything that is wrong."""
    if isinstance(found, Refused):
        raise InvalidInput(found.problems)
    return found


def require_sound(problems: Sequence[Problem]) -> None:
    """Pass, or InvalidInput."""
    if problems:
        raise InvalidInput(problems)
