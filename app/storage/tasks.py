"""Statements about tasks: create, read, cancel a tree."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import orjson

from app.db.engine import Database
from app.db.tx import Record, Tx
from app.storage.rows.task import TaskRow
from app.storage.statements import composed, load

CREATE: Final = load("create_tasks")
CANCEL_TREE: Final = load("cancel_tree")
BY_ID: Final = composed(
    "SELECT {task:t} FROM tasks t WHERE t.tenant_id = :tenant_id AND t.id = ANY (CAST(:ids AS text[]))"
)
VISIBLE_BY_ID: Final = composed(
    """
    SELECT {task:t} FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.id = ANY (CAST(:ids AS text[])) AND {visible:t}
    """
)
VISIBLE_CHILDREN: Final = composed(
    """
    SELECT {task:t} FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.parent_task_id = ANY (CAST(:parent_ids AS text[])) AND {visible:t}
     ORDER BY t.created_at, t.id
    """
)
LOCK_TREE: Final = composed(
    """
    SELECT t.id, t.status FROM tasks t
     WHERE t.tenant_id = :tenant_id AND (t.id = :id OR t.path @> CAST(ARRAY[:id] AS text[]))
     ORDER BY t.id FOR NO KEY UPDATE
    """
)


def _json(tasks: Sequence[Mapping[str, object]]) -> str:
    # The driver's UUIDs are a class of their own, which orjson does not know.
    return orjson.dumps(tasks, default=str).decode()


async def create(db: Database, tenant_id: UUID, tasks: Sequence[Mapping[str, object]]) -> list[Record]:
    """New tasks with their events; a record `ord, sequence, …` for each that was made."""
    return await db.write(CREATE, tenant_id, tasks=_json(tasks))


async def create_in(tx: Tx, tenant_id: UUID, task: Mapping[str, object]) -> tuple[TaskRow, int] | None:
    """One new task within a transaction, with the sequence of its event; None where its id is taken."""
    row = await tx.fetchrow(CREATE, tenant_id=tenant_id, tasks=_json([task]))
    tx.wrote_events(tenant_id)
    return (TaskRow.of(row), row["sequence"]) if row else None


async def by_id(db: Database, tenant_id: UUID, ids: Sequence[str]) -> list[TaskRow]:
    """The tasks that exist among the ids."""
    return TaskRow.all(await db.fetch(BY_ID, tenant_id=tenant_id, ids=ids))


async def visible_by_id(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[str]) -> list[TaskRow]:
    """The tasks among the ids that the user may see."""
    return TaskRow.all(await db.fetch(VISIBLE_BY_ID, tenant_id=tenant_id, user_id=user_id, ids=ids))


async def visible_children(db: Database, tenant_id: UUID, user_id: UUID, parent_ids: Sequence[str]) -> list[TaskRow]:
    """The children of tasks that the user may see, oldest first."""
    rows = await db.fetch(VISIBLE_CHILDREN, tenant_id=tenant_id, user_id=user_id, parent_ids=parent_ids)
    return TaskRow.all(rows)


async def lock_tree(tx: Tx, tenant_id: UUID, id: str) -> list[Record]:
    """Lock a task and all its descendants, those too that came while we waited for one; `id, status` each.

    A child needs its parent's lock: once a look finds no more than is locked already, the tree stands still.
    """
    locked: list[Record] = []
    while len(found := await tx.fetch(LOCK_TREE, tenant_id=tenant_id, id=id)) > len(locked):
        locked = found
    return found


async def cancel_tree(
    tx: Tx,
    tenant_id: UUID,
    id: str,
    *,
    actor: tuple[str, str],
    origin: tuple[str, str],
    reason: str | None,
    details: str,
) -> list[Record]:
    """Cancel a locked tree with its open runs; a record `task_id, sequence` for each canceled task."""
    rows = await tx.fetch(
        CANCEL_TREE,
        tenant_id=tenant_id,
        id=id,
        actor_kind=actor[0],
        actor_ref=actor[1],
        origin_kind=origin[0],
        origin_ref=origin[1],
        reason=reason,
        details=details,
    )
    tx.wrote_events(tenant_id)
    return rows
