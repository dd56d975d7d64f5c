"""Batched reads of tasks and runs."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.loaders.reader import Reader, grouped, in_key_order
from app.storage import runs, tasks
from app.storage.rows.task import RunReportRow, RunRow, TaskRow

RUNS_PER_TASK_MAX: Final = 50
CHILDREN_PER_TASK_MAX: Final = 64


async def task_by_id(reader: Reader, ids: Sequence[str]) -> list[TaskRow | None]:
    """Tasks the viewer may see."""
    rows = await tasks.visible_by_id(reader.db, reader.viewer.tenant_id, reader.viewer.user_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def run_by_id(reader: Reader, ids: Sequence[UUID]) -> list[RunRow | None]:
    """Runs whose task the viewer may see."""
    rows = await runs.visible_by_id(reader.db, reader.viewer.tenant_id, reader.viewer.user_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def runs_by_task(reader: Reader, task_ids: Sequence[str]) -> list[list[RunRow]]:
    """The newest runs of tasks that were seen already."""
    rows = await runs.by_task(reader.db, reader.viewer.tenant_id, task_ids, most=RUNS_PER_TASK_MAX)
    return grouped(task_ids, ((row.task_id, row) for row in rows))


async def report_by_run(reader: Reader, run_ids: Sequence[UUID]) -> list[RunReportRow | None]:
    """What workers reported about runs that were seen already."""
    rows = await runs.reports(reader.db, reader.viewer.tenant_id, run_ids)
    return in_key_order(run_ids, ((row.run_id, row) for row in rows))


async def children_by_task(reader: Reader, task_ids: Sequence[str]) -> list[list[TaskRow]]:
    """The children the viewer may see, oldest first."""
    rows = await tasks.visible_children(reader.db, reader.viewer.tenant_id, reader.viewer.user_id, task_ids)
    return grouped(task_ids, ((row.parent_task_id, row) for row in rows if row.parent_task_id is not None))
