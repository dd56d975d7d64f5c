"""Lease rules: how long a worker may hold a run, and what it may report."""

from typing import Final

from app.domain.errors import BadInput

LEASE_SECONDS_DEFAULT: Final = 300
LEASE_SECONDS_MAX: Final = 86_400
RESULT_BYTES_MAX: Final = 64 * 1024
METADATA_BYTES_MAX: Final = 16 * 1024
ERROR_LENGTH_MAX: Final = 16 * 1024
CLAIM_BATCH_MAX: Final = 100
REAPER_PERIOD_SECONDS: Final = 1.0
REAPER_BATCH: Final = 500
LEASE_EXPIRED_ERROR: Final = "lease expired"


def lease_seconds(asked: int | None, field: str = "leaseSeconds") -> int:
    """The length of a lease: absent or 0 means the default; outside 1 to 86 400 is refused."""
    if not asked:
        return LEASE_SECONDS_DEFAULT
    if not 0 < asked <= LEASE_SECONDS_MAX:
        raise BadInput(f"{field} is {asked}; give 1 to {LEASE_SECONDS_MAX} seconds, or 0 for the default.", field=field)
    return asked


def refuse_claim_token(value: object, field: str) -> None:
    """A result must not carry a `claim_token` at any depth (tasks API, section 8.5)."""
    # Without recursion: a value may nest deeper than Python's stack.
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            if any(str(key).lower() == "claim_token" for key in found):
                raise BadInput(f"{field} holds the key claim_token; leave it out.", field=field)
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)
