"""How the runs of a task are dispatched: retries with a growing wait, keys, and what a queued run waits for."""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.domain.errors import BadInput
from app.domain.text import checked

RETRY_SECONDS_MAX: Final = 86_400.0
RETRY_FACTOR_MAX: Final = 10.0
KEY_LENGTH_MAX: Final = 255
CONCURRENCY_DEFAULT: Final = 1
CONCURRENCY_MAX: Final = 10_000
ADMISSION_BATCH: Final = 500
BULK_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long a failed attempt waits before the next: `initial * factor^(n - 1)` seconds, at most `max`.

    `jitter` is the part of the wait that is left to chance, 0 to 1. The wait itself is computed where the attempt ends,
    by the function `retry_wait` of the database, whose clock decides.
    """

    initial_seconds: float
    factor: float = 2.0
    max_seconds: float = 3_600.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        """BadInput names the number that is out of its range."""
        ranges = (
            ("initialSeconds", self.initial_seconds, 0.0, RETRY_SECONDS_MAX),
            ("factor", self.factor, 1.0, RETRY_FACTOR_MAX),
            ("maxSeconds", self.max_seconds, self.initial_seconds, RETRY_SECONDS_MAX),
            ("jitter", self.jitter, 0.0, 1.0),
        )
        for name, value, least, most in ranges:
            if not math.isfinite(value) or not least <= value <= most:
                raise BadInput(
                    f"retryPolicy.{name} is {value}; give {least:g} to {most:g}.", field=f"retryPolicy.{name}"
                )

    def stored(self) -> dict[str, float]:
        """As it stands in the database."""
        return {
            "initial_seconds": self.initial_seconds,
            "factor": self.factor,
            "max_seconds": self.max_seconds,
            "jitter": self.jitter,
        }

    @classmethod
    def of(cls, stored: object) -> "RetryPolicy | None":
        """What `stored` stood for; None for a task that does not retry by itself."""
        return cls(**stored) if isinstance(stored, dict) else None

    def bounds(self, attempt: int) -> tuple[float, float]:
        """The shortest and the longest wait after this attempt (from 1), in seconds."""
        longest = min(self.max_seconds, self.initial_seconds * self.factor ** min(attempt - 1, 30))
        return longest * (1 - self.jitter), longest


class RunWait(StrEnum):
    """Why a queued run is not offered to claims; the first that holds, in this order."""

    BLOCKED = "blocked"
    PAUSE = "pause"
    TIME = "time"
    CONCURRENCY = "concurrency"


def run_wait(
    *,
    now: datetime,
    claimable: bool,
    blocked: bool,
    paused: bool,
    not_before: datetime | None,
    concurrency_key: str | None,
) -> RunWait | None:
    """What a queued run waits for; None for one that is offered to claims, or will be in a moment."""
    waits = (
        (RunWait.BLOCKED, blocked),
        (RunWait.PAUSE, paused),
        (RunWait.TIME, not_before is not None and not_before > now),
        (RunWait.CONCURRENCY, concurrency_key is not None),
    )
    return None if claimable else next((wait for wait, holds in waits if holds), None)


def dispatch_key(given: str | None, field: str) -> str | None:
    """A concurrency or unique key, or None; BadInput for a blank or over-long one."""
    return None if given is None else checked(given, field, longest=KEY_LENGTH_MAX)


def concurrency_limit(asked: int) -> int:
    """How many runs of one key may be dispatched at once."""
    if not 1 <= asked <= CONCURRENCY_MAX:
        raise BadInput(f"limit is {asked}; give 1 to {CONCURRENCY_MAX}.", field="limit")
    return asked


def bulk_limit(asked: int) -> int:
    """How many things one call may change."""
    if not 1 <= asked <= BULK_MAX:
        raise BadInput(f"limit is {asked}; give 1 to {BULK_MAX}.", field="limit")
    return asked
