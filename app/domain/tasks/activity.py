"""What moves a task: the events after which somebody who watches it wants to look again."""

from typing import Final

from app.domain.tasks.events import EventType

# A worker that only says that it is alive, or how far it is, moves nothing: no item becomes unread, nothing is counted
# anew.
SIGNS_OF_LIFE: Final = frozenset({EventType.TASK_RUN_LEASE_EXTENDED, EventType.TASK_RUN_REPORTED})
MOVES: Final = tuple(t for t in EventType if t.value.startswith("task.") and t not in SIGNS_OF_LIFE)
