-- expire_leases: take runs from holders whose lease has ended. The same run goes back to the queue as its next attempt;
-- past the task's max_attempts it fails. A retry policy lets it wait there. Safe to run twice at once: a task that another sweep holds is skipped.
WITH late AS MATERIALIZED (
    SELECT r.id, r.task_id
      FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.status IN ('claimed', 'starting', 'running') AND r.lease_until <= now()
       AND (CAST(:session_id AS uuid) IS NULL OR r.agent_session_id = CAST(:session_id AS uuid))
     ORDER BY r.lease_until, r.id
     LIMIT CAST(:most AS int)
), locked AS MATERIALIZED (
    SELECT t.id, t.path, t.max_attempts, t.forgiven_attempts, t.retry_policy,
           t.open_dependencies > 0 OR (t.approval_policy = 'manual' AND t.approval_state <> 'approved') AS blocked
      FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.id IN (SELECT late.task_id FROM late)
     ORDER BY t.id
       FOR NO KEY UPDATE SKIP LOCKED
), holding AS MATERIALIZED (
    SELECT r.id, r.status AS run_was, r.lease_until AS ended, r.agent_session_id AS holder_id,
           t.path, t.blocked, r.attempt - t.forgiven_attempts >= t.max_attempts AS spent,
           now() + retry_wait(t.retry_policy, r.attempt - t.forgiven_attempts, random()) AS not_before
      FROM runs r
      JOIN late ON late.id = r.id
      JOIN locked t ON t.id = r.task_id
     WHERE r.tenant_id = :tenant_id AND r.status IN ('claimed', 'starting', 'running') AND r.lease_until <= now()
     ORDER BY r.id
       FOR NO KEY UPDATE OF r
), moved AS (
    UPDATE runs r
       SET status = CASE WHEN h.spent THEN 'failed' ELSE 'queued' END,
           attempt = r.attempt + CASE WHEN h.spent THEN 0 ELSE 1 END,
           error = CASE WHEN h.spent THEN CAST(:expired_error AS text) END,
           ended_at = CASE WHEN h.spent THEN now() END,
           gated = r.gated OR h.not_before IS NOT NULL,
           claimable = NOT h.blocked AND NOT r.gated AND h.not_before IS NULL,
           not_before = CASE WHEN h.spent THEN NULL ELSE h.not_before END, lease_until = NULL, heartbeat_at = NULL, started_at = NULL,
           agent_session_id = CASE WHEN h.spent THEN r.agent_session_id END,
           session_id = CASE WHEN h.spent THEN r.session_id END,
           claimed_by_kind = CASE WHEN h.spent THEN r.claimed_by_kind END,
           claimed_by_ref = CASE WHEN h.spent THEN r.claimed_by_ref END,
           claimed_at = CASE WHEN h.spent THEN r.claimed_at END
      FROM holding h
     WHERE r.tenant_id = :tenant_id AND r.id = h.id
    RETURNING h.run_was, h.ended, h.holder_id, h.path AS task_path,
              CASE WHEN h.spent THEN 'failed' WHEN h.blocked THEN 'blocked' ELSE 'ready' END AS task_status, {run:r}
), settled AS (
    UPDATE tasks t
       SET status = m.task_status, last_attempt = greatest(t.last_attempt, m.attempt), updated_at = now(),
           open_run_id = CASE WHEN m.status = 'failed' THEN NULL ELSE t.open_run_id END,
           closed_at = CASE WHEN m.status = 'failed' THEN now() END
      FROM moved m
     WHERE t.tenant_id = :tenant_id AND t.id = m.task_id
    RETURNING t.id
), tally AS MATERIALIZED (
    -- Sessions in the order of their ids, as everybody locks them: a claim of several waits for none that waits for it.
    SELECT array_agg(m.id) AS ids, array_agg(m.given) AS givens
      FROM (SELECT holder_id AS id, count(*)::int AS given FROM moved GROUP BY holder_id ORDER BY holder_id) m
      CROSS JOIN LATERAL (
          SELECT s.id FROM agent_sessions s WHERE s.tenant_id = :tenant_id AND s.id = m.id FOR NO KEY UPDATE
      ) s
), freed AS (
    UPDATE agent_sessions s
       SET active_runs = s.active_runs - (SELECT givens[array_position(ids, s.id)] FROM tally)
     WHERE s.tenant_id = :tenant_id AND s.id = ANY (CAST((SELECT ids FROM tally) AS uuid[]))
    RETURNING s.id
), told AS MATERIALIZED (
    SELECT m.id, 1 AS part, 'task.run_lease_expired' AS type,
           jsonb_build_object(
               'previous_status', m.run_was, 'status', m.status, 'task_status', m.task_status, 'attempt', m.attempt,
               'lease_until', wire_time(m.ended), 'reason', 'scheduler_sweep', 'session_id', m.holder_id) AS payload
      FROM moved m
    UNION ALL
    SELECT m.id, 2, 'task.run_failed',
           jsonb_build_object('status', m.status, 'task_status', m.task_status, 'attempt', m.attempt, 'error', m.error)
      FROM moved m WHERE m.status = 'failed'
), log AS MATERIALIZED (
    SELECT take_event_sequences(
               :tenant_id,
               (SELECT count(*) FROM told) + 0 * ((SELECT count(*) FROM settled) + (SELECT count(*) FROM freed))
           ) AS first
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, log.first + row_number() OVER (ORDER BY told.id, told.part) - 1, clock_timestamp(), told.type,
           m.task_id, m.task_path, m.id, m.workspace_id,
           CAST(:actor_kind AS text), CAST(:actor_ref AS text), CAST(:origin_kind AS text), CAST(:origin_ref AS text),
           told.payload
      FROM told JOIN moved m ON m.id = told.id CROSS JOIN log
)
SELECT {run:m} FROM moved m ORDER BY m.id
