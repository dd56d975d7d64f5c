"""The status of a run: its words and its moves (tasks API, section 6)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class RunStatus(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    STARTING = "starting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


HELD: Final = frozenset({RunStatus.CLAIMED, RunStatus.STARTING, RunStatus.RUNNING})
TERMINAL: Final = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED})
OPEN: Final = frozenset(RunStatus) - TERMINAL

OPERATOR_MOVES: Final[Mapping[RunStatus, frozenset[RunStatus]]] = {
    RunStatus.QUEUED: frozenset({RunStatus.CLAIMED, RunStatus.CANCELED}),
    RunStatus.CLAIMED: frozenset({RunStatus.STARTING, RunStatus.CANCELED}),
    RunStatus.STARTING: frozenset({RunStatus.RUNNING, RunStatus.FAILED, RunStatus.CANCELED}),
    RunStatus.RUNNING: frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED}),
    RunStatus.COMPLETED: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.CANCELED: frozenset(),
}

HOLDER_MOVES: Final[Mapping[RunStatus, frozenset[RunStatus]]] = {
    status: frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.QUEUED}) for status in HELD
}
