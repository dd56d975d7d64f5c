"""How a worker is set up."""

from dataclasses import dataclass
from typing import Final

CONCURRENCY_MAX: Final = 1_000
LEASE_SECONDS_MAX: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Who the worker is, what it takes on, and how it ends."""

    agent_name: str
    workspace_id: str | None
    capabilities: tuple[str, ...]
    concurrency: int
    lease_seconds: int
    drain_seconds: float
    debug: bool

    def __post_init__(self) -> None:
        if not self.agent_name.strip():
            raise ValueError("agent_name is blank; say what kind of worker this is.")
        if not 1 <= self.concurrency <= CONCURRENCY_MAX:
            raise ValueError(f"concurrency is {self.concurrency}; give 1 to {CONCURRENCY_MAX}.")
        if not 1 <= self.lease_seconds <= LEASE_SECONDS_MAX:
            raise ValueError(f"lease_seconds is {self.lease_seconds}; give 1 to {LEASE_SECONDS_MAX}.")
        if not self.drain_seconds >= 0:
            raise ValueError(f"drain_seconds is {self.drain_seconds}; give 0 or more.")
