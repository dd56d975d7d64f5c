"""Tasks as lists and trees show them: with their latest activity, and with what they wait for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.storage.rows.task import TaskRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTaskRow:
    """A task and when it or its newest run moved last."""

    task: TaskRow
    last_activity_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyRow:
    """An edge: a task waits for another until that is completed."""

    task_id: str
    depends_on: TaskRow
    kind: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNodeRow:
    """A task of a tree; `depth` is 0 for the task the tree was asked of."""

    depth: int
    task: TaskRow
    last_activity_at: datetime

    @property
    def parent_task_id(self) -> str | None:
        """The task it is part of."""
        return self.task.parent_task_id

    @property
    def child_count(self) -> int:
        """How many direct children it has."""
        return self.task.child_count

    @property
    def open_run_id(self) -> UUID | None:
        """Its one run that has not ended."""
        return self.task.open_run_id
