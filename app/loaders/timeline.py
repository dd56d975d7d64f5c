"""Events together with their tasks and runs as these are now."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.loaders.reader import Reader
from app.storage import events, runs, tasks
from app.storage.events import Range
from app.storage.rows.event import EventRow
from app.storage.rows.task import RunRow, TaskRow

ALL: int = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An event, its task, and its run if it has one."""

    event: EventRow
    task: TaskRow
    run: RunRow | None


async def timeline(reader: Reader, task: TaskRow, *, after: int, most: int | None) -> list[Moment]:
    """The events of a task that the viewer may see, oldest first, without those of its descendants."""
    viewer = reader.viewer
    wanted = Range(task_id=task.id)
    found, _ = await events.read_after(reader.db, viewer.tenant_id, viewer.user_id, after, wanted, most=most or ALL)
    return await moments(reader, found, known={task.id: task})


async def moments(
    reader: Reader, found: Sequence[EventRow], *, known: dict[str, TaskRow] | None = None
) -> list[Moment]:
    """Events with what they are about; those whose task is gone are left out."""
    viewer = reader.viewer
    seen = dict(known or {})
    missing = {event.task_id for event in found if event.task_id is not None} - seen.keys()
    if missing:
        rows = await tasks.visible_by_id(reader.db, viewer.tenant_id, viewer.user_id, sorted(missing))
        seen |= {row.id: row for row in rows}
    run_ids = {event.run_id for event in found if event.run_id is not None}
    its_runs = await runs.by_id(reader.db, viewer.tenant_id, sorted(run_ids)) if run_ids else []
    carried_out = {row.id: row for row in its_runs}
    return [
        Moment(event=event, task=seen[event.task_id], run=carried_out.get(event.run_id) if event.run_id else None)
        for event in found
        if event.task_id is not None and event.task_id in seen
    ]
