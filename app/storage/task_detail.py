"""Statements behind what is shown of single tasks: trees, dependencies, children, runs and events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Record
from app.storage.rows.event import EventRow
from app.storage.rows.task import RunRow, TaskRow
from app.storage.rows.task_list import DependencyRow, TreeNodeRow
from app.storage.statements import composed

# The root and all its descendants; those that are cut off are the deepest.
TREES: Final = composed(
    """
    SELECT asked.root_id, node.depth, node.last_activity_at, {task:node}
      FROM unnest(CAST(:root_ids AS text[])) AS asked(root_id)
      JOIN tasks root ON root.tenant_id = :tenant_id AND root.id = asked.root_id
      CROSS JOIN LATERAL (
          SELECT t.*, cardinality(t.path) - cardinality(root.path) AS depth, {activity:t:r} AS last_activity_at
            FROM tasks t
            LEFT JOIN runs r ON r.tenant_id = :tenant_id AND r.id = t.latest_run_id
           WHERE t.tenant_id = :tenant_id AND (t.id = root.id OR (t.path <> '{}' AND t.path @> ARRAY[root.id]))
             AND {visible:t}
           ORDER BY depth, last_activity_at DESC, t.id
           LIMIT CAST(:most AS int)
      ) node
     ORDER BY asked.root_id, node.depth, node.last_activity_at DESC, node.id
    """
)
DEPENDENCIES: Final = composed(
    """
    SELECT d.task_id, d.kind AS edge_kind, d.created_at AS edge_created_at, {task:t}
      FROM task_dependencies d
      JOIN tasks t ON t.tenant_id = d.tenant_id AND t.id = d.depends_on_task_id
     WHERE d.tenant_id = :tenant_id AND d.task_id = ANY (CAST(:task_ids AS text[])) AND {visible:t}
     ORDER BY d.created_at, d.depends_on_task_id
    """
)
DEPENDENTS: Final = composed(
    """
    SELECT asked.blocker_id, {task:waiting}
      FROM unnest(CAST(:task_ids AS text[])) AS asked(blocker_id)
      CROSS JOIN LATERAL (
          SELECT t.*, d.created_at AS edge_created_at
            FROM task_dependencies d
            JOIN tasks t ON t.tenant_id = d.tenant_id AND t.id = d.task_id
           WHERE d.tenant_id = :tenant_id AND d.depends_on_task_id = asked.blocker_id AND {visible:t}
           ORDER BY d.created_at, d.task_id
           LIMIT CAST(:most AS int)
      ) waiting
     ORDER BY asked.blocker_id, waiting.edge_created_at, waiting.id
    """
)
RUNS: Final = composed(
    """
    SELECT {run:r} FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.task_id = :task_id
       AND (CAST(:status AS text) IS NULL OR r.status = CAST(:status AS text))
       AND (CAST(:session_id AS text) IS NULL OR r.session_id = CAST(:session_id AS text))
     ORDER BY r.queued_at DESC, r.id DESC
     LIMIT CAST(:most AS int)
    """
)
EVENTS: Final = composed(
    """
    SELECT {event:e}
      FROM (SELECT * FROM events WHERE events.tenant_id = :tenant_id AND events.task_id = :task_id
             ORDER BY events.sequence DESC LIMIT CAST(:most AS int)) e
     ORDER BY e.created_at DESC, e.sequence DESC
    """
)


async def trees(
    db: Database, tenant_id: UUID, user_id: UUID, root_ids: Sequence[str], *, most: int
) -> list[tuple[str, TreeNodeRow]]:
    """`(root, node)` for what the user may see of each tree: by depth, the latest activity first."""
    rows = await db.fetch(TREES, tenant_id=tenant_id, user_id=user_id, root_ids=root_ids, most=most)
    return [(row["root_id"], _node(row)) for row in rows]


def _node(row: Record) -> TreeNodeRow:
    latest: datetime = row["last_activity_at"]
    return TreeNodeRow(depth=row["depth"], task=TaskRow.of(row), last_activity_at=latest)


async def dependencies(db: Database, tenant_id: UUID, user_id: UUID, task_ids: Sequence[str]) -> list[DependencyRow]:
    """What the tasks wait for, as far as the user may see it, oldest edge first."""
    rows = await db.fetch(DEPENDENCIES, tenant_id=tenant_id, user_id=user_id, task_ids=task_ids)
    return [
        DependencyRow(
            task_id=row["task_id"],
            depends_on=TaskRow.of(row),
            kind=row["edge_kind"],
            created_at=row["edge_created_at"],
        )
        for row in rows
    ]


async def dependents(
    db: Database, tenant_id: UUID, user_id: UUID, task_ids: Sequence[str], *, most: int
) -> list[tuple[str, TaskRow]]:
    """`(blocker, task)` for the tasks that wait for each, as far as the user may see them, oldest edge first."""
    rows = await db.fetch(DEPENDENTS, tenant_id=tenant_id, user_id=user_id, task_ids=task_ids, most=most)
    return list(zip((row["blocker_id"] for row in rows), TaskRow.all(rows), strict=True))


async def runs(
    db: Database,
    tenant_id: UUID,
    task_id: str,
    *,
    status: str | None = None,
    session_id: str | None = None,
    most: int | None = None,
) -> list[RunRow]:
    """The runs of a task, last queued first; no `most` is all of them."""
    rows = await db.fetch(RUNS, tenant_id=tenant_id, task_id=task_id, status=status, session_id=session_id, most=most)
    return RunRow.all(rows)


async def newest_events(db: Database, tenant_id: UUID, task_id: str, *, most: int) -> list[EventRow]:
    """The newest events of a task without its descendants, newest first."""
    return EventRow.all(await db.fetch(EVENTS, tenant_id=tenant_id, task_id=task_id, most=most))
