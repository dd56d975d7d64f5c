"""Statements about how tasks hang together: locks, edges, derived status."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from app.db.tx import Record, Tx
from app.storage.rows.task import TaskRow
from app.storage.statements import composed, load

SETTLE: Final = load("settle_tasks")
LOCK_TASKS: Final = composed(
    """
    SELECT {task:t} FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.id = ANY (CAST(:ids AS text[]))
     ORDER BY t.id FOR NO KEY UPDATE
    """
)
LOCK_OPEN_RUNS: Final = composed(
    """
    SELECT r.id FROM runs r
     WHERE r.tenant_id = :tenant_id
       AND r.id IN (SELECT t.open_run_id FROM tasks t
                     WHERE t.tenant_id = :tenant_id AND t.id = ANY (CAST(:ids AS text[])))
     ORDER BY r.id FOR NO KEY UPDATE
    """
)
# Two dependencies added at once could close a cycle that neither sees: additions of a tenant take turns.
LOCK_EDGES: Final = composed(
    "SELECT pg_advisory_xact_lock(hashtextextended(CAST(CAST(:tenant_id AS uuid) AS text), 7024))"
)
DEPENDENTS: Final = composed(
    """
    SELECT DISTINCT e.task_id AS id FROM task_dependencies e
     WHERE e.tenant_id = :tenant_id AND e.depends_on_task_id = ANY (CAST(:ids AS text[]))
    """
)
BLOCKERS: Final = composed(
    """
    SELECT e.depends_on_task_id AS id FROM task_dependencies e
     WHERE e.tenant_id = :tenant_id AND e.task_id = :id
    """
)
REACHES: Final = composed(
    """
    WITH RECURSIVE reached(id) AS (
        SELECT CAST(:start AS text) COLLATE "C"
        UNION
        SELECT e.depends_on_task_id FROM task_dependencies e JOIN reached ON e.task_id = reached.id
         WHERE e.tenant_id = :tenant_id
    )
    SELECT EXISTS (SELECT FROM reached WHERE reached.id = :goal) AS found
    """
)
ADD_EDGE: Final = composed(
    """
    INSERT INTO task_dependencies (tenant_id, task_id, depends_on_task_id, kind)
    VALUES (:tenant_id, :task_id, :depends_on, 'blocks')
    """
)
REMOVE_EDGE: Final = composed(
    """
    DELETE FROM task_dependencies
     WHERE tenant_id = :tenant_id AND task_id = :task_id AND depends_on_task_id = :depends_on
    RETURNING task_id
    """
)
WANTING_A_RUN: Final = composed(
    """
    SELECT t.id FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.id = ANY (CAST(:ids AS text[])) AND t.enqueue_when_ready
       AND t.status = 'ready' AND t.open_run_id IS NULL
     ORDER BY t.id
    """
)
SHIFT: Final = composed(
    """
    UPDATE tasks t
       SET open_dependencies = t.open_dependencies + s.open_dependencies,
           dependent_count = t.dependent_count + s.dependent_count,
           child_count = t.child_count + s.child_count
      FROM unnest(CAST(:ids AS text[]), CAST(:open_dependencies AS int[]), CAST(:dependent_counts AS int[]),
                  CAST(:child_counts AS int[])) AS s(id, open_dependencies, dependent_count, child_count)
     WHERE t.tenant_id = :tenant_id AND t.id = s.id
    """
)


async def lock_tasks(tx: Tx, tenant_id: UUID, ids: Collection[str]) -> dict[str, TaskRow]:
    """Lock tasks in the order of their ids, the one order in which every statement locks them."""
    rows = await tx.fetch(LOCK_TASKS, tenant_id=tenant_id, ids=sorted(set(ids)))
    return {row["id"]: TaskRow.of(row) for row in rows}


async def lock_open_runs(tx: Tx, tenant_id: UUID, ids: Collection[str]) -> None:
    """Lock the open runs of locked tasks, so that no claim holds one while we wait for it."""
    await tx.fetch(LOCK_OPEN_RUNS, tenant_id=tenant_id, ids=sorted(set(ids)))


async def lock_edges(tx: Tx, tenant_id: UUID) -> None:
    """Let one transaction at a time add dependencies in a tenant."""
    await tx.fetch(LOCK_EDGES, tenant_id=tenant_id)


async def dependents_of(tx: Tx, tenant_id: UUID, ids: Collection[str]) -> frozenset[str]:
    """The tasks that wait for one of these."""
    return frozenset(row["id"] for row in await tx.fetch(DEPENDENTS, tenant_id=tenant_id, ids=sorted(set(ids))))


async def blockers_of(tx: Tx, tenant_id: UUID, id: str) -> frozenset[str]:
    """The tasks this one waits for, resolved or not."""
    return frozenset(row["id"] for row in await tx.fetch(BLOCKERS, tenant_id=tenant_id, id=id))


async def reaches(tx: Tx, tenant_id: UUID, start: str, goal: str) -> bool:
    """Whether `start` waits for `goal`, however many tasks lie between."""
    row = await tx.fetchrow(REACHES, tenant_id=tenant_id, start=start, goal=goal)
    assert row is not None
    return bool(row["found"])


async def add_edge(tx: Tx, tenant_id: UUID, task_id: str, depends_on: str) -> None:
    """A new edge; both ends are locked."""
    await tx.fetch(ADD_EDGE, tenant_id=tenant_id, task_id=task_id, depends_on=depends_on)


async def remove_edge(tx: Tx, tenant_id: UUID, task_id: str, depends_on: str) -> bool:
    """Whether there was such an edge; it is gone."""
    rows = await tx.fetch(REMOVE_EDGE, tenant_id=tenant_id, task_id=task_id, depends_on=depends_on)
    return bool(rows)


async def wanting_a_run(tx: Tx, tenant_id: UUID, ids: Collection[str]) -> list[str]:
    """The ready tasks among these that have no run and asked to be queued when they become ready."""
    return [row["id"] for row in await tx.fetch(WANTING_A_RUN, tenant_id=tenant_id, ids=sorted(set(ids)))]


async def shift(
    tx: Tx,
    tenant_id: UUID,
    *,
    open_dependencies: Mapping[str, int] | None = None,
    dependent_counts: Mapping[str, int] | None = None,
    child_counts: Mapping[str, int] | None = None,
) -> None:
    """Add to the counters of locked tasks."""
    open_ones, dependents, children = open_dependencies or {}, dependent_counts or {}, child_counts or {}
    ids = sorted({*open_ones, *dependents, *children})
    await tx.fetch(
        SHIFT,
        tenant_id=tenant_id,
        ids=ids,
        open_dependencies=[open_ones.get(id, 0) for id in ids],
        dependent_counts=[dependents.get(id, 0) for id in ids],
        child_counts=[children.get(id, 0) for id in ids],
    )


async def settle(tx: Tx, tenant_id: UUID, ids: Sequence[str]) -> list[Record]:
    """Derive status anew; `id, path, workspace_id, was, status` for each task that changed."""
    return await tx.fetch(SETTLE, tenant_id=tenant_id, task_ids=ids)
