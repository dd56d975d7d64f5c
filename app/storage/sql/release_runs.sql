-- release_runs: give runs back to the queue whose holders still own them; the attempt is kept.
-- Tasks are locked first, in the order of their ids. No row back means the claim is gone.
WITH asked AS MATERIALIZED (
    SELECT *
      FROM unnest(CAST(:run_ids AS uuid[]), CAST(:session_ids AS uuid[]), CAST(:epochs AS bigint[]),
                  CAST(:reasons AS text[]))
           WITH ORDINALITY AS a(run_id, session_id, epoch, reason, ord)
), locked AS MATERIALIZED (
    SELECT t.id, t.path,
           t.open_dependencies > 0 OR (t.approval_policy = 'manual' AND t.approval_state <> 'approved') AS blocked
      FROM tasks t
     WHERE t.tenant_id = :tenant_id
       AND t.id IN (SELECT r.task_id FROM runs r
                     WHERE r.tenant_id = :tenant_id AND r.id = ANY (CAST(:run_ids AS uuid[])))
     ORDER BY t.id
       FOR NO KEY UPDATE
), holding AS MATERIALIZED (
    -- What the run was, read under the task's lock: every statement that moves a run holds it.
    SELECT r.id, r.status AS run_was, t.path, t.blocked
      FROM runs r JOIN locked t ON t.id = r.task_id
     WHERE r.tenant_id = :tenant_id AND r.id = ANY (CAST(:run_ids AS uuid[]))
     ORDER BY r.id
       FOR NO KEY UPDATE OF r
), moved AS (
    UPDATE runs r
       SET status = 'queued', claimable = NOT h.blocked, agent_session_id = NULL, session_id = NULL,
           claimed_by_kind = NULL, claimed_by_ref = NULL, claimed_at = NULL, heartbeat_at = NULL, lease_until = NULL,
           started_at = NULL
      FROM asked a
      JOIN holding h ON h.id = a.run_id
     WHERE r.tenant_id = :tenant_id AND r.id = a.run_id AND r.agent_session_id = a.session_id
       AND r.status IN ('claimed', 'starting', 'running') AND r.lease_until > now()
       AND (a.epoch IS NULL OR r.lease_epoch = a.epoch)
    RETURNING a.ord, a.session_id AS holder_id, a.reason, h.run_was, h.path AS task_path,
              CASE WHEN h.blocked THEN 'blocked' ELSE 'ready' END AS task_status, {run:r}
), reopened AS (
    UPDATE tasks t SET status = m.task_status, updated_at = now()
      FROM moved m
     WHERE t.tenant_id = :tenant_id AND t.id = m.task_id
    RETURNING t.id
), freed AS (
    UPDATE agent_sessions s
       SET active_runs = s.active_runs - m.given
      FROM (SELECT holder_id, count(*) AS given FROM moved GROUP BY holder_id) m
     WHERE s.tenant_id = :tenant_id AND s.id = m.holder_id
    RETURNING s.id
), log AS MATERIALIZED (
    SELECT take_event_sequences(
               :tenant_id,
               (SELECT count(*) FROM moved) + 0 * ((SELECT count(*) FROM reopened) + (SELECT count(*) FROM freed))
           ) AS first
), numbered AS MATERIALIZED (
    SELECT log.first + row_number() OVER (ORDER BY moved.ord) - 1 AS sequence, moved.* FROM moved, log
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, n.sequence, clock_timestamp(), 'task.run_released', n.task_id, n.task_path, n.id,
           n.workspace_id, 'agent_session', n.holder_id::text, 'http', 'agent.task.release',
           jsonb_strip_nulls(jsonb_build_object(
               'previous_status', n.run_was, 'status', n.status, 'task_status', n.task_status,
               'reason', n.reason, 'session_id', n.holder_id))
      FROM numbered n
)
SELECT ord, sequence, {run:n} FROM numbered n ORDER BY ord
