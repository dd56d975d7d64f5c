"""What happened on a workspace, as people read it (workspaces API, section 10)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from app.domain.tasks.run_status import RunStatus

FIRST_DEFAULT: Final = 50
FIRST_MAX: Final = 200


class ActivityKind(StrEnum):
    """What an item of the activity is about."""

    RUN = "run"
    CELL_MUTATION = "cell_mutation"
    CHART = "chart"
    SESSION = "session"
    SHARE = "share"
    TASK_BINDING = "task_binding"
    WORKSPACE = "workspace"


# What the workspaces API calls where a run stands; all others are called as everywhere.
RUN_WORDS: Final[Mapping[str, str]] = {
    RunStatus.QUEUED: "pending",
    RunStatus.CLAIMED: "running",
    RunStatus.STARTING: "running",
    RunStatus.CANCELED: "cancelled",
}


def run_word(status: str) -> str:
    """Where a run stands, in those words; `awaiting_approval` is one already."""
    return RUN_WORDS.get(status, status)
