-- finish_runs: complete or fail runs whose holders still own them; task, run, session and log move together.
-- Tasks are locked first, in the order of their ids. No row back means the claim is gone, or that other tasks wait for
-- this one: those are finished one by one, after their dependents are locked too (:with_dependents).
WITH asked AS MATERIALIZED (
    SELECT *
      FROM unnest(CAST(:run_ids AS uuid[]), CAST(:session_ids AS uuid[]), CAST(:epochs AS bigint[]),
                  CAST(:outcomes AS text[]), CAST(:results AS jsonb[]), CAST(:errors AS text[]),
                  CAST(:metadata AS jsonb[]))
           WITH ORDINALITY AS a(run_id, session_id, epoch, outcome, result, error, metadata, ord)
), locked AS MATERIALIZED (
    SELECT t.id, t.path, t.last_attempt, t.max_attempts,
           t.open_dependencies > 0 OR (t.approval_policy = 'manual' AND t.approval_state <> 'approved') AS blocked
      FROM tasks t
     WHERE t.tenant_id = :tenant_id
       AND t.id IN (SELECT r.task_id FROM runs r
                     WHERE r.tenant_id = :tenant_id AND r.id = ANY (CAST(:run_ids AS uuid[])))
       AND (t.dependent_count = 0 OR CAST(:with_dependents AS boolean))
     ORDER BY t.id
       FOR NO KEY UPDATE
), holding AS MATERIALIZED (
    -- In the order of ids, as heartbeats do.
    SELECT r.id, r.task_id
      FROM runs r JOIN locked t ON t.id = r.task_id
     WHERE r.tenant_id = :tenant_id AND r.id = ANY (CAST(:run_ids AS uuid[]))
     ORDER BY r.id
       FOR NO KEY UPDATE OF r
), moved AS (
    UPDATE runs r
       SET status = a.outcome, result = CASE WHEN a.outcome = 'completed' THEN a.result END,
           error = CASE WHEN a.outcome = 'failed' THEN a.error END,
           ended_at = now(), lease_until = NULL, heartbeat_at = NULL
      FROM asked a
      JOIN holding h ON h.id = a.run_id
      JOIN locked t ON t.id = h.task_id
     WHERE r.tenant_id = :tenant_id AND r.id = a.run_id AND r.agent_session_id = a.session_id
       AND r.status IN ('claimed', 'starting', 'running') AND r.lease_until > now()
       AND (a.epoch IS NULL OR r.lease_epoch = a.epoch)
    RETURNING a.ord, a.metadata AS failure_metadata, t.path AS task_path,
              CASE WHEN a.outcome = 'completed' THEN 'completed'
                   WHEN t.last_attempt >= t.max_attempts THEN 'failed'
                   WHEN t.blocked THEN 'blocked'
                   ELSE 'ready' END AS task_status,
              {run:r}
), closed AS (
    UPDATE tasks t
       SET status = m.task_status, open_run_id = NULL, updated_at = now(),
           closed_at = CASE WHEN m.task_status IN ('completed', 'failed') THEN now() END
      FROM moved m
     WHERE t.tenant_id = :tenant_id AND t.id = m.task_id
    RETURNING t.id
), freed AS (
    UPDATE agent_sessions s
       SET active_runs = s.active_runs - m.given
      FROM (SELECT agent_session_id, count(*) AS given FROM moved GROUP BY agent_session_id) m
     WHERE s.tenant_id = :tenant_id AND s.id = m.agent_session_id
    RETURNING s.id
), log AS MATERIALIZED (
    SELECT take_event_sequences(
               :tenant_id,
               (SELECT count(*) FROM moved) + 0 * ((SELECT count(*) FROM closed) + (SELECT count(*) FROM freed))
           ) AS first
), numbered AS MATERIALIZED (
    SELECT log.first + row_number() OVER (ORDER BY moved.ord) - 1 AS sequence, moved.* FROM moved, log
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, n.sequence, clock_timestamp(), 'task.run_' || n.status, n.task_id, n.task_path, n.id,
           n.workspace_id, n.claimed_by_kind, n.claimed_by_ref, 'http',
           CASE WHEN n.status = 'completed' THEN 'agent.task.complete' ELSE 'agent.task.fail' END,
           jsonb_build_object('status', n.status, 'task_status', n.task_status, 'attempt', n.attempt)
           || CASE WHEN n.result IS NULL THEN '{}' ELSE jsonb_build_object('result', n.result) END
           || CASE WHEN n.error IS NULL THEN '{}' ELSE jsonb_build_object('error', n.error) END
           || CASE WHEN n.failure_metadata IS NULL THEN '{}'
                   ELSE jsonb_build_object('metadata', n.failure_metadata) END
      FROM numbered n
)
SELECT ord, sequence, task_status, {run:n} FROM numbered n ORDER BY ord
