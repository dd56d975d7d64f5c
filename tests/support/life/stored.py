"""What the database holds of a tenant, in the words of the model."""

from typing import Any
from uuid import UUID

from app.db.engine import Database
from app.storage.statements import composed

# A run's claim as it is recorded; whoever claimed it is NULL while nobody did.
STATE = composed(
    """
    SELECT (SELECT coalesce(jsonb_object_agg(t.id, jsonb_build_object(
                'status', t.status, 'policy', t.approval_policy, 'approval', t.approval_state,
                'priority', t.priority, 'max_attempts', t.max_attempts, 'last_attempt', t.last_attempt,
                'open_run', t.open_run_id, 'latest_run', t.latest_run_id, 'open_dependencies', t.open_dependencies,
                'dependent_count', t.dependent_count, 'child_count', t.child_count, 'parent', t.parent_task_id,
                'path', t.path, 'closed', t.closed_at IS NOT NULL)), '{}')
              FROM tasks t WHERE t.tenant_id = :tenant_id) AS tasks,
           (SELECT coalesce(jsonb_object_agg(r.id, jsonb_build_object(
                'task', r.task_id, 'attempt', r.attempt, 'status', r.status,
                'claimable', CASE WHEN r.status = 'queued' THEN r.claimable END,
                'priority', CASE WHEN r.status = 'queued' THEN r.priority END, 'holder', r.agent_session_id,
                'by', r.claimed_by_ref, 'session', r.session_id, 'epoch', r.lease_epoch,
                'lease', CASE WHEN r.lease_until IS NULL THEN 'none'
                              WHEN r.lease_until <= now() THEN 'late' ELSE 'live' END,
                'claimed', r.claimed_at IS NOT NULL, 'started', r.started_at IS NOT NULL,
                'ended', r.ended_at IS NOT NULL, 'key', r.idempotency_key,
                'fraction', p.progress_fraction, 'transcript', p.transcript)), '{}')
              FROM runs r LEFT JOIN run_reports p ON p.tenant_id = r.tenant_id AND p.run_id = r.id
             WHERE r.tenant_id = :tenant_id) AS runs,
           (SELECT coalesce(jsonb_object_agg(s.id, jsonb_build_array(s.state, s.active_runs)), '{}')
              FROM agent_sessions s WHERE s.tenant_id = :tenant_id) AS sessions,
           (SELECT coalesce(jsonb_agg(jsonb_build_array(e.task_id, e.depends_on_task_id)
                                      ORDER BY e.task_id, e.depends_on_task_id), '[]')
              FROM task_dependencies e WHERE e.tenant_id = :tenant_id) AS edges,
           (SELECT coalesce(jsonb_agg(jsonb_build_array(k.origin_ref, k.key, k.task_id, k.run_id)
                                      ORDER BY k.origin_ref COLLATE "C", k.key COLLATE "C"), '[]')
              FROM enqueue_keys k WHERE k.tenant_id = :tenant_id) AS keys
    """
)
LOG = composed(
    """
    SELECT e.sequence, e.type, e.task_id, e.run_id::text AS run_id, e.actor_ref, e.payload->>'status' AS status,
           e.payload->>'task_status' AS task_status
      FROM events e
     WHERE e.tenant_id = :tenant_id AND e.task_id IS NOT NULL
     ORDER BY e.sequence
    """
)
MARKS = composed(
    """
    SELECT k.actor_ref, k.task_id, k.archived, k.dismissed,
           k.archived OR {activity:t:r} <= k.last_seen_activity_at AS read
      FROM task_triage k
      JOIN tasks t ON t.tenant_id = k.tenant_id AND t.id = k.task_id
      LEFT JOIN runs r ON r.tenant_id = t.tenant_id AND r.id = t.latest_run_id
     WHERE k.tenant_id = :tenant_id
    """
)
# As when the time of the lease has run out: the rules know no other way to end one.
AGE = composed("UPDATE runs SET lease_until = now() WHERE tenant_id = :tenant_id AND id = CAST(:id AS uuid)")


async def snapshot(db: Database, tenant_id: UUID) -> tuple[dict[str, Any], list[int]]:
    """The tenant's tasks, runs, sessions, edges, keys and log; and the sequences of the log."""
    row = await db.fetchrow(STATE, tenant_id=tenant_id)
    assert row is not None
    log = await db.fetch(LOG, tenant_id=tenant_id)
    entries = [[e["type"], e["task_id"], e["run_id"], e["actor_ref"], e["status"], e["task_status"]] for e in log]
    return {**dict(row), "log": entries}, [e["sequence"] for e in log]


async def marks(db: Database, tenant_id: UUID) -> dict[tuple[str, str], tuple[bool, bool, bool]]:
    """Archived, dismissed and read, for each user and task."""
    rows = await db.fetch(MARKS, tenant_id=tenant_id)
    return {(row["actor_ref"], row["task_id"]): (row["archived"], row["dismissed"], row["read"]) for row in rows}


async def age(db: Database, tenant_id: UUID, run_id: str) -> None:
    """Let a lease end."""
    await db.fetch(AGE, tenant_id=tenant_id, id=run_id)
