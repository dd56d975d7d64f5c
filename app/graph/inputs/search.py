"""Arguments that lists share."""

from typing import Annotated, Final

import strawberry

from app.domain.text import checked

SEARCH_LENGTH_MAX: Final = 255

First = Annotated[int | None, strawberry.argument(description="At most so many; 25, at most 100.")]
After = Annotated[str | None, strawberry.argument(description="What follows this cursor.")]


def search_text(given: str | None, field: str = "query") -> str | None:
    """A text to look for; an empty one looks for nothing."""
    return None if given is None else checked(given, field, longest=SEARCH_LENGTH_MAX, blank=True) or None
