"""Statements about tasks: create, read, cancel a tree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

import orjson

from app.db.engine import Database, Lane
from app.db.statement import Statement
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
# Newest first; a page is a walk along ix_tasks_created or ix_tasks_workspace.
PAGE: Final = """
    SELECT {task:t} FROM tasks t
     WHERE t.tenant_id = :tenant_id AND {visible:t} {conditions}
     ORDER BY t.created_at DESC, t.id DESC
     LIMIT CAST(:most AS int)
"""
COUNT: Final = "SELECT count(*) AS total FROM tasks t WHERE t.tenant_id = :tenant_id AND {visible:t} {conditions}"
CONDITIONS: Final[Mapping[str, str]] = {
    "workspace_id": "AND t.workspace_id = CAST(:workspace_id AS uuid)",
    "scope": "AND t.scope = :scope",
    "statuses": "AND t.status = ANY (CAST(:statuses AS text[]))",
    "search": "AND (strpos(lower(t.title), lower(:search)) > 0 OR strpos(lower(t.identifier), lower(:search)) > 0)",
    "after": "AND (t.created_at, t.id) < (CAST(:after_time AS timestamptz), CAST(:after_id AS text))",
}
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
    return [TaskRow.of(row) for row in await db.fetch(BY_ID, tenant_id=tenant_id, ids=ids)]


async def visible_by_id(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[str]) -> list[TaskRow]:
    """The tasks among the ids that the user may see."""
    return [TaskRow.of(row) for row in await db.fetch(VISIBLE_BY_ID, tenant_id=tenant_id, user_id=user_id, ids=ids)]


async def visible_children(db: Database, tenant_id: UUID, user_id: UUID, parent_ids: Sequence[str]) -> list[TaskRow]:
    """The children of tasks that the user may see, oldest first."""
    rows = await db.fetch(VISIBLE_CHILDREN, tenant_id=tenant_id, user_id=user_id, parent_ids=parent_ids)
    return [TaskRow.of(row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which tasks of a list are wanted; None means any."""

    workspace_id: UUID | None = None
    scope: str | None = None
    statuses: tuple[str, ...] | None = None
    search: str | None = None

    def given(self) -> dict[str, object]:
        """The conditions that were given."""
        names = ("workspace_id", "scope", "statuses", "search")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@cache
def list_statement(source: str, conditions: tuple[str, ...]) -> Statement:
    """A list statement for one combination of conditions; there are few."""
    chosen = " ".join(CONDITIONS[name] for name in conditions)
    return composed(source.replace("{conditions}", chosen))


async def page(
    db: Database, tenant_id: UUID, user_id: UUID, wanted: Filter, *, after: tuple[object, ...] | None, most: int
) -> list[TaskRow]:
    """Tasks the user may see, newest first, after a place `(created_at, id)`."""
    given = wanted.given()
    conditions = (*given, "after") if after else tuple(given)
    place = {"after_time": datetime.fromisoformat(str(after[0])), "after_id": after[1]} if after else {}
    rows = await db.fetch(
        list_statement(PAGE, conditions),
        Lane.MAIN,
        tenant_id=tenant_id,
        user_id=user_id,
        most=most,
        **given,
        **place,
    )
    return [TaskRow.of(row) for row in rows]


async def count(db: Database, tenant_id: UUID, user_id: UUID, wanted: Filter) -> int:
    """How many tasks of a list the user may see."""
    given = wanted.given()
    statement = list_statement(COUNT, tuple(given))
    row = await db.fetchrow(statement, Lane.MAIN, tenant_id=tenant_id, user_id=user_id, **given)
    assert row is not None
    total: int = row["total"]
    return total


async def lock_tree(tx: Tx, tenant_id: UUID, id: str) -> list[Record]:
    """Lock a task and all its descendants; `id, status` each."""
    return await tx.fetch(LOCK_TREE, tenant_id=tenant_id, id=id)


async def cancel_tree(
    tx: Tx, tenant_id: UUID, id: str, *, actor: tuple[str, str], origin: tuple[str, str], reason: str | None
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
    )
    tx.wrote_events(tenant_id)
    return rows
