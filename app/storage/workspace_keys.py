"""Statements about the concurrency keys that tasks have because they change workspaces."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from app.db.tx import Tx
from app.storage.admission import LOCK_KEYS
from app.storage.statements import composed

# Two bindings made at once could join groups that neither sees whole: those that change anything take turns.
LOCK: Final = composed("SELECT pg_advisory_xact_lock(hashtextextended(CAST(CAST(:tenant_id AS uuid) AS text), 7025))")
# Every task that changes a workspace which is changed by a task of the group, and so on, with these workspaces.
AROUND: Final = composed(
    """
    WITH RECURSIVE reached(task_id, workspace_id) AS (
        SELECT b.task_id, b.workspace_id FROM task_bindings b
         WHERE b.tenant_id = :tenant_id AND b.mutates_workspace
           AND (b.task_id = ANY (CAST(:task_ids AS text[])) OR b.workspace_id = CAST(:workspace_id AS uuid))
        UNION
        SELECT b.task_id, b.workspace_id
          FROM reached r
          JOIN task_bindings b
            ON b.tenant_id = :tenant_id AND b.mutates_workspace
           AND (b.task_id = r.task_id OR b.workspace_id = r.workspace_id)
    )
    SELECT task_id, workspace_id FROM reached
    """
)
CHANGES_ANY: Final = composed(
    """
    SELECT EXISTS (SELECT FROM task_bindings b
                    WHERE b.tenant_id = :tenant_id AND b.task_id = :task_id AND b.mutates_workspace) AS found
    """
)
KNOW: Final = composed(
    """
    INSERT INTO concurrency_keys (tenant_id, key)
    SELECT :tenant_id, k FROM unnest(CAST(:keys AS text[])) k ORDER BY k
    ON CONFLICT (tenant_id, key) DO NOTHING
    """
)
# Under the locks of tasks, open runs and keys. A queued run waits for the admission again, which counts anew: what was
# offered under another key, or under none, was offered without regard to this one.
SET_KEYS: Final = composed(
    """
    WITH wanted AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:task_ids AS text[]), CAST(:keys AS text[])) AS w(task_id, key)
    ), keyed AS (
        UPDATE tasks t SET concurrency_key = w.key
          FROM wanted w
         WHERE t.tenant_id = :tenant_id AND t.id = w.task_id AND t.concurrency_key IS DISTINCT FROM w.key
    )
    UPDATE runs r
       SET concurrency_key = w.key, gated = true, claimable = r.claimable AND r.status <> 'queued'
      FROM wanted w
      JOIN tasks t ON t.tenant_id = :tenant_id AND t.id = w.task_id
     WHERE r.tenant_id = :tenant_id AND r.id = t.open_run_id
    """
)
MOST_HELD: Final = composed(
    """
    SELECT coalesce(max(k.held), 0) AS most
      FROM (SELECT count(*) AS held FROM runs r
             WHERE r.tenant_id = :tenant_id AND r.concurrency_key = ANY (CAST(:keys AS text[]))
               AND r.status IN ('claimed', 'starting', 'running')
             GROUP BY r.concurrency_key) k
    """
)


async def lock(tx: Tx, tenant_id: UUID) -> None:
    """Keep others from changing which tasks change which workspaces, until the transaction ends."""
    await tx.fetch(LOCK, tenant_id=tenant_id)


async def around(tx: Tx, tenant_id: UUID, task_ids: Collection[str], workspace_id: UUID) -> list[tuple[str, UUID]]:
    """`(task, workspace)` for everything that hangs together with these."""
    rows = await tx.fetch(AROUND, tenant_id=tenant_id, task_ids=list(task_ids), workspace_id=workspace_id)
    return [(row["task_id"], row["workspace_id"]) for row in rows]


async def changes_any(tx: Tx, tenant_id: UUID, task_id: str) -> bool:
    """Whether the task changes a workspace."""
    row = await tx.fetchrow(CHANGES_ANY, tenant_id=tenant_id, task_id=task_id)
    assert row is not None
    return bool(row["found"])


async def lock_keys(tx: Tx, tenant_id: UUID, keys: Collection[str]) -> None:
    """Keep the admission from these keys, of which the new ones are made first."""
    await tx.fetch(KNOW, tenant_id=tenant_id, keys=sorted(keys))
    await tx.fetch(LOCK_KEYS, tenant_id=tenant_id, keys=sorted(keys))


async def set_keys(tx: Tx, tenant_id: UUID, keys: Mapping[str, str | None]) -> None:
    """Give locked tasks, and their locked open runs, these keys; what was offered is to be offered anew."""
    await tx.fetch(SET_KEYS, tenant_id=tenant_id, task_ids=list(keys), keys=list(keys.values()))


async def most_held(tx: Tx, tenant_id: UUID, keys: Collection[str]) -> int:
    """How many runs the one of these keys with the most has held by workers."""
    row = await tx.fetchrow(MOST_HELD, tenant_id=tenant_id, keys=sorted(keys))
    assert row is not None
    most: int = row["most"]
    return most
