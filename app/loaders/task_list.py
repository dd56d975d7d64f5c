"""Lists of tasks: pages for the graph, and whole summaries as the tasks API sends them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app.domain.errors import BadInput
from app.domain.ids import is_task_id
from app.domain.paging import Cursors, Page, decode_cursor, encode_cursor
from app.loaders.pages import Count
from app.loaders.reader import Reader, grouped
from app.storage import runs, task_detail, task_list, workspace_work
from app.storage.rows.task import RunRow, TaskRow
from app.storage.rows.task_list import DependencyRow, ListedTaskRow
from app.storage.task_filter import Filter
from app.storage.task_list import Place, TaskOrder

# The place of a task in each list, in the order in which its cursor tells it.
PLACES: Final = {
    TaskOrder.NEWEST_FIRST: ("tasks", ("after_created", "after_id")),
    TaskOrder.LATEST_ACTIVITY: (
        "tasks by activity",
        ("after_activity", "after_updated", "after_created", "after_id"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSummary:
    """A task with its latest activity, its run that has not ended and what it waits for."""

    task: TaskRow
    last_activity_at: datetime
    active_run: RunRow | None
    dependencies: tuple[DependencyRow, ...]


async def task_page(
    reader: Reader,
    wanted: Filter,
    *,
    after: str | None,
    first: int,
    order: TaskOrder = TaskOrder.NEWEST_FIRST,
) -> tuple[Page[TaskRow], Count]:
    """A page of the tasks the viewer may see."""
    place = _place(after, order)
    db, viewer = reader.db, reader.viewer
    rows = await task_list.page(db, viewer.tenant_id, viewer.user_id, wanted, order, after=place, most=first + 1)
    shown = rows[:first]
    page = Page(
        items=tuple(row.task for row in shown),
        cursors=Cursors(shown, lambda row: _cursor(row, order)),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, task_count(reader, wanted)


async def tasks_by_workspace(reader: Reader, keys: Sequence[tuple[UUID, int]]) -> list[Page[TaskRow]]:
    """The first pages, of so many tasks each, of workspaces that were seen already, newest first."""
    ids = list(dict.fromkeys(id for id, _ in keys))
    most = max(first for _, first in keys) + 1
    found = await workspace_work.newest_tasks(reader.db, reader.viewer.tenant_id, ids, most=most)
    by_workspace = dict(zip(ids, grouped(ids, found), strict=True))
    return [_first_page(by_workspace[id], first) for id, first in keys]


def _first_page(rows: Sequence[TaskRow], first: int) -> Page[TaskRow]:
    order = TaskOrder.NEWEST_FIRST
    shown = tuple(rows[:first])
    return Page(
        items=shown,
        cursors=Cursors(shown, lambda row: _cursor(ListedTaskRow(task=row, last_activity_at=row.created_at), order)),
        has_next=len(rows) > first,
        has_previous=False,
    )


def task_count(reader: Reader, wanted: Filter) -> Count:
    """Counts the tasks the viewer may see, when it is asked to."""
    return lambda: task_list.count(reader.db, reader.viewer.tenant_id, reader.viewer.user_id, wanted)


async def task_summaries(reader: Reader, wanted: Filter, *, limit: int | None = None) -> list[TaskSummary]:
    """The tasks the viewer may see by latest activity, in three statements; no limit is all of them."""
    viewer = reader.viewer
    rows = await task_list.page(
        reader.db, viewer.tenant_id, viewer.user_id, wanted, TaskOrder.LATEST_ACTIVITY, most=limit
    )
    return await summaries(reader, rows)


async def summaries(reader: Reader, rows: Sequence[ListedTaskRow]) -> list[TaskSummary]:
    """The summaries of tasks that were seen already."""
    viewer = reader.viewer
    ids = [row.task.id for row in rows]
    open_ids = [row.task.open_run_id for row in rows if row.task.open_run_id is not None]
    active = {run.id: run for run in await runs.by_id(reader.db, viewer.tenant_id, open_ids)}
    edges = await task_detail.dependencies(reader.db, viewer.tenant_id, viewer.user_id, ids)
    waits = dict(zip(ids, grouped(ids, ((edge.task_id, edge) for edge in edges)), strict=True))
    return [
        TaskSummary(
            task=row.task,
            last_activity_at=row.last_activity_at,
            active_run=None if row.task.open_run_id is None else active.get(row.task.open_run_id),
            dependencies=tuple(waits[row.task.id]),
        )
        for row in rows
    ]


def _cursor(row: ListedTaskRow, order: TaskOrder) -> str:
    name, keys = PLACES[order]
    place = task_list.place_of(row, order)
    return encode_cursor(name, tuple(_text(place[key]) for key in keys))


def _text(value: datetime | str) -> str:
    return value.isoformat() if isinstance(value, datetime) else value


def _place(after: str | None, order: TaskOrder) -> Place | None:
    name, keys = PLACES[order]
    found = decode_cursor(name, after, len(keys))
    if found is None:
        return None
    *times, id = (str(part) for part in found)
    try:
        moments = [_instant(text) for text in times]
    except (ValueError, OverflowError) as problem:
        raise _damaged() from problem
    if not is_task_id(id):
        raise _damaged()
    return {**dict(zip(keys[:-1], moments, strict=True)), keys[-1]: id}


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("an instant needs its offset")
    return found.astimezone(UTC)


def _damaged() -> BadInput:
    return BadInput("after is a damaged cursor; send back one that this list returned.", field="after")
