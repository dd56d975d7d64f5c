"""Statements behind lists of tasks: newest first, or by latest activity."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.storage.rows.task import TaskRow
from app.storage.rows.task_list import ListedTaskRow
from app.storage.statements import composed
from app.storage.task_filter import STATEMENTS_MAX, Filter, conditions


class TaskOrder(StrEnum):
    """How a list of tasks is sorted."""

    NEWEST_FIRST = "newest_first"
    LATEST_ACTIVITY = "latest_activity"


# A page is a walk along ix_tasks_created or ix_tasks_workspace.
NEWEST: Final = """
    SELECT t.created_at AS last_activity_at, {task:t} FROM tasks t
     WHERE t.tenant_id = :tenant_id AND {visible:t} {conditions}
     ORDER BY t.created_at DESC, t.id DESC
     LIMIT CAST(:most AS int)
"""
# Activity moves with claims, which write nothing to the task, so it is found anew: narrow rows are sorted, whole ones
# only looked up for what is shown. No limit is NULL.
LATEST: Final = """
    SELECT p.last_activity_at, {task:t}
      FROM (
          SELECT t.id, t.updated_at, t.created_at, a.last_activity_at
            FROM tasks t
            LEFT JOIN runs r ON r.tenant_id = :tenant_id AND r.id = t.latest_run_id
            CROSS JOIN LATERAL (SELECT {activity:t:r} AS last_activity_at) a
           WHERE t.tenant_id = :tenant_id AND {visible:t} {conditions}
           ORDER BY a.last_activity_at DESC, t.updated_at DESC, t.created_at DESC, t.id DESC
           LIMIT CAST(:most AS int)
      ) p
      CROSS JOIN LATERAL (SELECT * FROM tasks WHERE tasks.tenant_id = :tenant_id AND tasks.id = p.id LIMIT 1) t
     ORDER BY p.last_activity_at DESC, p.updated_at DESC, p.created_at DESC, p.id DESC
"""
COUNT: Final = "SELECT count(*) AS total FROM tasks t WHERE t.tenant_id = :tenant_id AND {visible:t} {conditions}"
SOURCES: Final[Mapping[TaskOrder, str]] = {TaskOrder.NEWEST_FIRST: NEWEST, TaskOrder.LATEST_ACTIVITY: LATEST}
AFTER: Final[Mapping[TaskOrder, str]] = {
    TaskOrder.NEWEST_FIRST: "AND (t.created_at, t.id) < (CAST(:after_created AS timestamptz), CAST(:after_id AS text))",
    TaskOrder.LATEST_ACTIVITY: """
        AND (a.last_activity_at, t.updated_at, t.created_at, t.id)
            < (CAST(:after_activity AS timestamptz), CAST(:after_updated AS timestamptz),
               CAST(:after_created AS timestamptz), CAST(:after_id AS text))
    """,
}

Place = Mapping[str, datetime | str]


@lru_cache(maxsize=STATEMENTS_MAX)
def statement(source: str, names: tuple[str, ...], after: str) -> Statement:
    """A list statement for one combination of conditions."""
    return composed(source.replace("{conditions}", f"{conditions(names)} {after}"))


async def page(
    db: Database,
    tenant_id: UUID,
    user_id: UUID,
    wanted: Filter,
    order: TaskOrder,
    *,
    after: Place | None = None,
    most: int | None = None,
) -> list[ListedTaskRow]:
    """Tasks the user may see, in order, after the place of another: the names that `place_of` gives.

    Newest first, `last_activity_at` is not looked for: it holds when the task was made.
    """
    given = wanted.given()
    rows = await db.fetch(
        statement(SOURCES[order], tuple(given), AFTER[order] if after else ""),
        Lane.MAIN,
        tenant_id=tenant_id,
        user_id=user_id,
        most=most,
        **given,
        **(after or {}),
    )
    return [
        ListedTaskRow(task=task, last_activity_at=row["last_activity_at"])
        for row, task in zip(rows, TaskRow.all(rows), strict=True)
    ]


def place_of(row: ListedTaskRow, order: TaskOrder) -> Place:
    """Where a task stands in a list."""
    task = row.task
    own: Place = {"after_created": task.created_at, "after_id": task.id}
    if order is TaskOrder.NEWEST_FIRST:
        return own
    return {"after_activity": row.last_activity_at, "after_updated": task.updated_at, **own}


async def count(db: Database, tenant_id: UUID, user_id: UUID, wanted: Filter) -> int:
    """How many tasks of a list the user may see."""
    given = wanted.given()
    row = await db.fetchrow(
        statement(COUNT, tuple(given), ""), Lane.MAIN, tenant_id=tenant_id, user_id=user_id, **given
    )
    assert row is not None
    total: int = row["total"]
    return total
