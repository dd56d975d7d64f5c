"""The only place that reads the time; leases use the database's clock instead."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic as _monotonic

Now = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that never go back, for durations."""
    return _monotonic()
