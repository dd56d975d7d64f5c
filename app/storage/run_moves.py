"""Statements by which an operator moves one run whose task is locked."""

from typing import Final
from uuid import UUID

from app.db.tx import Tx
from app.storage.rows.task import RunRow
from app.storage.statements import composed

LOCK: Final = composed(
    "SELECT {run:r} FROM runs r WHERE r.tenant_id = :tenant_id AND r.id = CAST(:id AS uuid) FOR NO KEY UPDATE"
)
CLAIM: Final = composed(
    """
    UPDATE runs r SET status = 'claimed', claimed_by_kind = :kind, claimed_by_ref = :ref, claimed_at = now()
     WHERE r.tenant_id = :tenant_id AND r.id = CAST(:id AS uuid) AND r.status = 'queued' AND r.claimable
    RETURNING {run:r}
    """
)
START: Final = composed(
    """
    UPDATE runs r SET status = 'running', started_at = now()
     WHERE r.tenant_id = :tenant_id AND r.id = CAST(:id AS uuid)
       AND (r.status = 'claimed' OR (r.status = 'starting' AND r.session_id IS NOT NULL))
    RETURNING {run:r}
    """
)
ATTACH: Final = composed(
    """
    UPDATE runs r SET status = 'starting', session_id = :session_id
     WHERE r.tenant_id = :tenant_id AND r.id = CAST(:id AS uuid) AND r.status IN ('claimed', 'starting')
       AND r.session_id IS NULL
    RETURNING {run:r}
    """
)
SESSION_IN_USE: Final = composed(
    """
    SELECT EXISTS (SELECT FROM runs r
                    WHERE r.tenant_id = :tenant_id AND r.session_id = :session_id
                      AND r.status IN ('claimed', 'starting', 'running')) AS found
    """
)
# A run under an agent's lease is the agent's to finish.
COMPLETE: Final = composed(
    """
    UPDATE runs r SET status = 'completed', result = CAST(:result AS jsonb), error = NULL, ended_at = now()
     WHERE r.tenant_id = :tenant_id AND r.id = CAST(:id AS uuid) AND r.status = 'running' AND r.lease_until IS NULL
    RETURNING {run:r}
    """
)
FAIL: Final = composed(
    """
    UPDATE runs r SET status = 'failed', result = NULL, error = :error, ended_at = now()
     WHERE r.tenant_id = :tenant_id AND r.id = CAST(:id AS uuid) AND r.status IN ('starting', 'running')
       AND r.lease_until IS NULL
    RETURNING {run:r}
    """
)
# Over the head of whoever holds it: an agent session gets its place back.
FORCE_RELEASE: Final = composed(
    """
    UPDATE runs r
       SET status = 'queued', claimable = NOT r.gated, agent_session_id = NULL, session_id = NULL,
           claimed_by_kind = NULL, claimed_by_ref = NULL, claimed_at = NULL, heartbeat_at = NULL, lease_until = NULL,
           started_at = NULL
     WHERE r.tenant_id = :tenant_id AND r.id = CAST(:id AS uuid) AND r.status IN ('claimed', 'starting', 'running')
    RETURNING {run:r}
    """
)
FORCE_FAIL: Final = composed(
    """
    UPDATE runs r
       SET status = 'failed', result = NULL, error = :error, ended_at = now(), lease_until = NULL, heartbeat_at = NULL
     WHERE r.tenant_id = :tenant_id AND r.id = CAST(:id AS uuid) AND r.status IN ('claimed', 'starting', 'running')
    RETURNING {run:r}
    """
)
FREE_HOLDER: Final = composed(
    """
    UPDATE agent_sessions s SET active_runs = s.active_runs - 1
     WHERE s.tenant_id = :tenant_id AND s.id = CAST(:session_id AS uuid)
    """
)
CLOSE_TASK: Final = composed(
    """
    UPDATE tasks t SET open_run_id = NULL
     WHERE t.tenant_id = :tenant_id AND t.id = :task_id AND t.open_run_id = CAST(:run_id AS uuid)
    """
)


async def lock(tx: Tx, tenant_id: UUID, id: UUID) -> RunRow | None:
    """The run, locked; its task must be locked already."""
    row = await tx.fetchrow(LOCK, tenant_id=tenant_id, id=id)
    return RunRow.of(row) if row else None


async def claim(tx: Tx, tenant_id: UUID, id: UUID, *, kind: str, ref: str) -> RunRow | None:
    """queued -> claimed, without a lease; None where the guard does not hold."""
    row = await tx.fetchrow(CLAIM, tenant_id=tenant_id, id=id, kind=kind, ref=ref)
    return RunRow.of(row) if row else None


async def start(tx: Tx, tenant_id: UUID, id: UUID) -> RunRow | None:
    """claimed, or starting with a session -> running; None where the guard does not hold."""
    row = await tx.fetchrow(START, tenant_id=tenant_id, id=id)
    return RunRow.of(row) if row else None


async def attach(tx: Tx, tenant_id: UUID, id: UUID, session_id: str) -> RunRow | None:
    """claimed or starting without a session -> starting with this one; None where the guard does not hold."""
    row = await tx.fetchrow(ATTACH, tenant_id=tenant_id, id=id, session_id=session_id)
    return RunRow.of(row) if row else None


async def session_in_use(tx: Tx, tenant_id: UUID, session_id: str) -> bool:
    """Whether the session is bound to a run that has not ended."""
    row = await tx.fetchrow(SESSION_IN_USE, tenant_id=tenant_id, session_id=session_id)
    assert row is not None
    return bool(row["found"])


async def complete(tx: Tx, tenant_id: UUID, id: UUID, result: str | None) -> RunRow | None:
    """running -> completed; None where the guard does not hold."""
    row = await tx.fetchrow(COMPLETE, tenant_id=tenant_id, id=id, result=result)
    return await _closed(tx, tenant_id, RunRow.of(row)) if row else None


async def fail(tx: Tx, tenant_id: UUID, id: UUID, error: str) -> RunRow | None:
    """starting or running -> failed; None where the guard does not hold."""
    row = await tx.fetchrow(FAIL, tenant_id=tenant_id, id=id, error=error)
    return await _closed(tx, tenant_id, RunRow.of(row)) if row else None


async def force_release(tx: Tx, tenant_id: UUID, run: RunRow) -> RunRow:
    """A held, locked run -> queued; whether it may be claimed is settled with its task."""
    row = await tx.fetchrow(FORCE_RELEASE, tenant_id=tenant_id, id=run.id)
    assert row is not None
    await _freed(tx, tenant_id, run)
    return RunRow.of(row)


async def force_fail(tx: Tx, tenant_id: UUID, run: RunRow, error: str) -> RunRow:
    """A held, locked run -> failed."""
    row = await tx.fetchrow(FORCE_FAIL, tenant_id=tenant_id, id=run.id, error=error)
    assert row is not None
    await _freed(tx, tenant_id, run)
    return await _closed(tx, tenant_id, RunRow.of(row))


async def _freed(tx: Tx, tenant_id: UUID, was: RunRow) -> None:
    if was.agent_session_id is not None:
        await tx.fetch(FREE_HOLDER, tenant_id=tenant_id, session_id=was.agent_session_id)


async def _closed(tx: Tx, tenant_id: UUID, run: RunRow) -> RunRow:
    await tx.fetch(CLOSE_TASK, tenant_id=tenant_id, task_id=run.task_id, run_id=run.id)
    return run
