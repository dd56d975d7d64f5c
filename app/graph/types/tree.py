"""Trees of tasks."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.graph.relation import related, value
from app.graph.types.run import Run

if TYPE_CHECKING:
    from app.graph.types.task import Task


@strawberry.type(description="A task in a tree.")
class TaskTreeNode:
    """Depth, task and what moves."""

    depth: int = value("0 for the task the tree was asked of.")
    task: Annotated["Task", strawberry.lazy("app.graph.types.task")] = value("The task.")
    parent_task_id: strawberry.ID | None = value("The task it is part of.")
    child_count: int = value("How many direct children it has.")
    last_activity_at: datetime = value("When it or its newest run moved last; heartbeats do not count.")
    active_run: Run | None = related(
        lambda x: x.run_by_id, lambda node: node.open_run_id, "Its one run that has not ended."
    )


@strawberry.type(description="A task with all its descendants.")
class TaskTree:
    """Root and the rest."""

    root: TaskTreeNode = value("The task itself.")
    descendants: list[TaskTreeNode] = value("Sorted by depth, then the latest activity first.")
    complete: bool = value("False where the tree has more than 10 000 tasks: the deepest are left out.")
