"""Statements about unique keys: which task holds one."""

from typing import Final
from uuid import UUID

from app.db.tx import Tx
from app.storage.rows.task import TaskRow
from app.storage.statements import composed

# Two creators with one key take turns; others do not wait for them.
LOCK: Final = composed(
    """
    SELECT pg_advisory_xact_lock(
        hashtextextended(CAST(CAST(:tenant_id AS uuid) AS text) || ' ' || CAST(:key AS text), 7025))
    """
)
HOLDER: Final = composed(
    """
    SELECT {task:t} FROM unique_keys k
      JOIN tasks t ON t.tenant_id = k.tenant_id AND t.id = k.task_id
     WHERE k.tenant_id = :tenant_id AND k.key = :key AND t.status NOT IN ('completed', 'failed', 'canceled')
    """
)
TAKE: Final = composed(
    """
    INSERT INTO unique_keys AS k (tenant_id, key, task_id) VALUES (:tenant_id, CAST(:key AS text), :task_id)
    ON CONFLICT (tenant_id, key) DO UPDATE SET task_id = excluded.task_id, created_at = now()
    """
)


async def holder(tx: Tx, tenant_id: UUID, key: str) -> TaskRow | None:
    """The task under this key that has not ended, if there is one; until the end of the transaction nobody takes it."""
    await tx.fetch(LOCK, tenant_id=tenant_id, key=key)
    row = await tx.fetchrow(HOLDER, tenant_id=tenant_id, key=key)
    return TaskRow.of(row) if row else None


async def take(tx: Tx, tenant_id: UUID, key: str, task_id: str) -> None:
    """The key is this task's, until it has ended."""
    await tx.fetch(TAKE, tenant_id=tenant_id, key=key, task_id=task_id)
