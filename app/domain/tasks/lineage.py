"""Where a run came from: what brought it about, and how deep runs may nest (workspaces API, section 5)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

DEPTH_MAX: Final = 5


class Trigger(StrEnum):
    """What brought a run about."""

    API = "api"
    USER = "user"
    CHAT = "chat"
    ROOM = "room"
    SCHEDULE = "schedule"
    WEBHOOK = "webhook"
    AUTOMATION = "automation"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What is recorded of a new run: the run it hangs below, the one it retries, the conversation it belongs to."""

    trigger: Trigger
    trigger_ref: str | None = None
    parent_run_id: UUID | None = None
    retry_of: UUID | None = None
    thread_id: UUID | None = None
