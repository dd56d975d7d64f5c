"""How work is dispatched: retries, concurrency keys, and what a tenant's dispatch does."""

from datetime import datetime
from typing import Any

import strawberry

from app.graph.relation import value
from app.storage.admission import LimitRow
from app.storage.pauses import DispatchState


@strawberry.type(
    description="The wait after failed attempt n: initialSeconds * factor^(n - 1), at most maxSeconds, less some luck."
)
class RetryPolicy:
    """Numbers of the wait."""

    initial_seconds: float = value("The wait after the first attempt.")
    factor: float = value("How much longer each wait is than the last.")
    max_seconds: float = value("The longest wait.")
    jitter: float = value("The part of the wait that is left to chance; 0 to 1.")


@strawberry.type(description="What the dispatch of your tenant does.")
class Dispatch:
    """Counts of runs by what they wait for."""

    paused_at: datetime | None = value("Since when no run is claimed; null while runs are.")
    held: int = value("Runs that somebody holds.")
    claimable: int = value("Queued runs that may be claimed.")
    waiting: int = value("Queued runs that wait for their time, a place under their key or the end of a pause.")

    @strawberry.field(description="Whether the dispatch is paused and nothing is held any more.")
    def drained(root: strawberry.Parent[DispatchState]) -> bool:
        """What a pause with drain comes to."""
        return root.paused_at is not None and root.held == 0

    @classmethod
    def is_type_of(cls, row: object, _info: Any) -> bool:
        """Rows stand for types."""
        return isinstance(row, DispatchState)


@strawberry.type(description="How many runs that share a key are dispatched at once.")
class ConcurrencyLimit:
    """A key, its limit and where its runs stand."""

    key: str = value("The key.")
    limit: int = value("At most so many runs are held or offered to claims at once.")
    dispatched: int = value("Runs that are held or offered to claims.")
    waiting: int = value("Queued runs that wait, for a place or for something else.")

    @classmethod
    def is_type_of(cls, row: object, _info: Any) -> bool:
        """Rows stand for types."""
        return isinstance(row, LimitRow)
