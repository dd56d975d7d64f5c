"""Claim matching: which capabilities a worker may offer and a run may require."""

from collections.abc import Iterable
from typing import Final

from app.domain.errors import BadInput

CAPABILITY_BYTES_MAX: Final = 128
CAPABILITIES_MAX: Final = 64
MAX_CONCURRENCY_MAX: Final = 1_000


def capability_set(given: Iterable[str] | None, field: str) -> tuple[str, ...]:
    """The distinct capabilities in order; blanks, commas and over-long words are refused."""
    seen: dict[str, None] = {}
    for word in given or ():
        bad = not word or any(c in " \t\r\n,\x00" for c in word) or not word.isprintable()
        if bad or len(word.encode(errors="replace")) > CAPABILITY_BYTES_MAX:
            raise BadInput(
                f"{field} holds {word[:40]!r}; give 1 to {CAPABILITY_BYTES_MAX} bytes without blanks or commas.",
                field=field,
            )
        seen[word] = None
    if len(seen) > CAPABILITIES_MAX:
        raise BadInput(f"{field} holds {len(seen)} capabilities; at most {CAPABILITIES_MAX} are allowed.", field=field)
    return tuple(seen)
