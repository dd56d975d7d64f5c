"""Statements that change or delete one locked task."""

from collections.abc import Mapping
from functools import cache
from typing import Final
from uuid import UUID

from app.db.statement import Statement
from app.db.tx import Tx
from app.storage.rows.task import TaskRow
from app.storage.statements import composed

TYPES: Final[Mapping[str, str]] = {
    "title": "text",
    "description": "text",
    "priority": "smallint",
    "max_attempts": "smallint",
    "approval_policy": "text",
    "approval_state": "text",
    "metadata": "jsonb",
    "network_channel": "text",
    "owner_kind": "text",
    "owner_ref": "text",
    "not_before": "timestamptz",
    "retry_policy": "jsonb",
    "concurrency_key": "text",
    "enqueue_when_ready": "boolean",
}
# A held run follows too: released or expired, it waits in the queue by what its task says now.
FOLLOW_PRIORITY: Final = composed(
    """
    UPDATE runs r SET priority = t.priority
      FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.id = :id
       AND r.tenant_id = :tenant_id AND r.id = t.open_run_id
    """
)
# The queued run waits for its task's new time; the admission offers it, at once if that is past.
FOLLOW_TIME: Final = composed(
    """
    UPDATE runs r SET not_before = CASE WHEN t.not_before > now() THEN t.not_before END, gated = true, claimable = false
      FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.id = :id
       AND r.tenant_id = :tenant_id AND r.id = t.open_run_id AND r.status = 'queued'
    RETURNING r.id
    """
)
KNOW_KEY: Final = composed(
    """
    INSERT INTO concurrency_keys (tenant_id, key) VALUES (:tenant_id, CAST(:key AS text))
    ON CONFLICT (tenant_id, key) DO NOTHING
    """
)
OWNS_TABLES: Final = composed(
    "SELECT EXISTS (SELECT FROM tables c WHERE c.tenant_id = :tenant_id AND c.owner_task_id = :id) AS found"
)
DELETE: Final = composed("DELETE FROM tasks WHERE tenant_id = :tenant_id AND id = :id")


@cache
def update_statement(columns: tuple[str, ...]) -> Statement:
    """The statement that sets these columns; the names are our own."""
    sets = ", ".join(f"{name} = CAST(:{name} AS {TYPES[name]})" for name in columns)
    return composed(
        f"UPDATE tasks t SET {sets}, updated_at = now() WHERE t.tenant_id = :tenant_id AND t.id = :id RETURNING"  # noqa: S608  # names of TYPES only
        " {task:t}"
    )


async def update(tx: Tx, tenant_id: UUID, id: str, columns: Mapping[str, object]) -> TaskRow:
    """The locked task with new values; its open run follows in priority, a queued one in time, not in key."""
    statement = update_statement(tuple(sorted(columns)))
    row = await tx.fetchrow(statement, tenant_id=tenant_id, id=id, **columns)
    assert row is not None
    if "priority" in columns:
        await tx.fetch(FOLLOW_PRIORITY, tenant_id=tenant_id, id=id)
    if "not_before" in columns:
        await tx.fetch(FOLLOW_TIME, tenant_id=tenant_id, id=id)
    if columns.get("concurrency_key") is not None:
        await tx.fetch(KNOW_KEY, tenant_id=tenant_id, key=columns["concurrency_key"])
    return TaskRow.of(row)


async def owns_tables(tx: Tx, tenant_id: UUID, id: str) -> bool:
    """Whether live tables belong to the task."""
    row = await tx.fetchrow(OWNS_TABLES, tenant_id=tenant_id, id=id)
    assert row is not None
    return bool(row["found"])


async def delete(tx: Tx, tenant_id: UUID, id: str) -> None:
    """The locked task with its runs, keys, reports and edges; its events stay in the log."""
    await tx.fetch(DELETE, tenant_id=tenant_id, id=id)
