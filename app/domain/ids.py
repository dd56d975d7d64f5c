"""Identifiers: UUIDv7 made by the server (RFC 9562, section 5.7); a task's id may be chosen by its creator."""

import secrets
from datetime import datetime
from typing import Final, NewType
from uuid import UUID

TenantId = NewType("TenantId", UUID)
UserId = NewType("UserId", UUID)
RunId = NewType("RunId", UUID)
TaskId = NewType("TaskId", str)
WorkspaceId = NewType("WorkspaceId", UUID)
TableId = NewType("TableId", UUID)
ChartId = NewType("ChartId", UUID)
ArtifactId = NewType("ArtifactId", UUID)
AgentSessionId = NewType("AgentSessionId", UUID)

TASK_ID_LENGTH_MAX: Final = 128


def uuid7(now: datetime) -> UUID:
    """A UUID whose first 48 bits are `now` in milliseconds, so that ids sort by time of creation."""
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    chance = secrets.randbits(74)
    high, low = chance >> 62, chance & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low)


def parse_uuid(text: str) -> UUID | None:
    """The UUID in its canonical form, or None: braces, URNs and bare hex are no ids of ours."""
    if len(text) != 36:
        return None
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None


def is_task_id(text: str) -> bool:
    """1 to 128 printable characters without surrounding blanks."""
    return 0 < len(text) <= TASK_ID_LENGTH_MAX and text.isprintable() and text == text.strip()
