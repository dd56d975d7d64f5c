"""What is shown of single tasks: their trees, what they wait for, what an actor did with them, and all of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.tasks.triage import Triage, effective
from app.loaders.reader import Reader, grouped, in_key_order
from app.loaders.task_list import TaskSummary, summaries
from app.storage import task_detail, task_list, triage
from app.storage.rows.event import EventRow
from app.storage.rows.task import RunRow, TaskRow
from app.storage.rows.task_list import ListedTaskRow, TreeNodeRow
from app.storage.task_filter import Filter
from app.storage.task_list import TaskOrder

TREE_TASKS_MAX: Final = 10_000
DEPENDENTS_MAX: Final = 100
DETAIL_EVENTS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTree:
    """A task and its descendants by depth; `complete` is false where the deepest were cut off."""

    root: TreeNodeRow
    descendants: tuple[TreeNodeRow, ...]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """A task's latest activity and what the viewer did with it."""

    last_activity_at: datetime
    triage: Triage


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDetail:
    """All that is shown of one task at once; of its events only the newest."""

    summary: TaskSummary
    children: tuple[TaskSummary, ...]
    runs: tuple[RunRow, ...]
    events: tuple[EventRow, ...]


async def attention_by_task(reader: Reader, task_ids: Sequence[str]) -> list[Attention | None]:
    """For tasks that were seen already."""
    actor = reader.viewer.actor
    found = await triage.by_task(reader.db, reader.viewer.tenant_id, actor, task_ids)
    return in_key_order(
        task_ids,
        (
            (id, Attention(last_activity_at=latest, triage=effective(id, actor, kept, latest)))
            for id, latest, kept in found
        ),
    )


async def tree_by_task(reader: Reader, task_ids: Sequence[str]) -> list[TaskTree | None]:
    """The trees below tasks that were seen already, as far as the viewer may see them."""
    viewer = reader.viewer
    found = await task_detail.trees(reader.db, viewer.tenant_id, viewer.user_id, task_ids, most=TREE_TASKS_MAX + 1)
    return [_tree(nodes) for nodes in grouped(task_ids, found)]


def _tree(nodes: Sequence[TreeNodeRow]) -> TaskTree | None:
    if not nodes:
        return None
    root, *below = nodes[:TREE_TASKS_MAX]
    return TaskTree(root=root, descendants=tuple(below), complete=len(nodes) <= TREE_TASKS_MAX)


async def dependencies_by_task(reader: Reader, task_ids: Sequence[str]) -> list[list[TaskRow]]:
    """The tasks that each waits for, as far as the viewer may see them, in the order in which they were added."""
    viewer = reader.viewer
    edges = await task_detail.dependencies(reader.db, viewer.tenant_id, viewer.user_id, task_ids)
    return grouped(task_ids, ((edge.task_id, edge.depends_on) for edge in edges))


async def dependents_by_task(reader: Reader, task_ids: Sequence[str]) -> list[list[TaskRow]]:
    """The tasks that wait for each, as far as the viewer may see them, in the order in which they were added."""
    viewer = reader.viewer
    found = await task_detail.dependents(reader.db, viewer.tenant_id, viewer.user_id, task_ids, most=DEPENDENTS_MAX)
    return grouped(task_ids, found)


async def task_detail_of(reader: Reader, task: TaskRow) -> TaskDetail:
    """All of a task that was seen already; its children by latest activity, drafts included."""
    db, viewer = reader.db, reader.viewer
    found = await triage.by_task(db, viewer.tenant_id, viewer.actor, [task.id])
    latest = found[0][1] if found else task.updated_at  # it may just have been deleted
    children = await task_list.page(
        db, viewer.tenant_id, viewer.user_id, Filter(parent_task_id=task.id), TaskOrder.LATEST_ACTIVITY
    )
    own, *below = await summaries(reader, [ListedTaskRow(task=task, last_activity_at=latest), *children])
    return TaskDetail(
        summary=own,
        children=tuple(below),
        runs=tuple(await task_detail.runs(db, viewer.tenant_id, task.id)),
        events=tuple(await task_detail.newest_events(db, viewer.tenant_id, task.id, most=DETAIL_EVENTS_MAX)),
    )
