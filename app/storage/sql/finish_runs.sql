-- finish_runs: complete or fail runs whose holders still own them; task, run, session and log move together.
-- Tasks are locked first, then runs, then sessions, each in the order of their ids. No row back means the claim is gone,
-- or that more follows from this end than fits here (other tasks wait for this one, or a retry policy asks for the next
-- attempt): those are finished one by one, after their dependents are locked too (:with_dependents). Rows are looked up LATERALly, one index probe each: see claim_runs.
WITH locked AS MATERIALIZED (
    SELECT a.*, t.path, t.spent, t.blocked
      FROM (SELECT x.*, r.task_id
              FROM unnest(CAST(:run_ids AS uuid[]), CAST(:session_ids AS uuid[]), CAST(:epochs AS bigint[]),
                          CAST(:outcomes AS text[]), CAST(:results AS jsonb[]), CAST(:errors AS text[]),
                          CAST(:metadata AS jsonb[]))
                   WITH ORDINALITY AS x(run_id, holder_id, epoch, outcome, result, error, metadata, ord)
              CROSS JOIN LATERAL (
                  SELECT r.task_id FROM runs r WHERE r.tenant_id = :tenant_id AND r.id = x.run_id OFFSET 0
              ) r
             ORDER BY r.task_id) a
      CROSS JOIN LATERAL (
          SELECT t.path, t.last_attempt - t.forgiven_attempts >= t.max_attempts AS spent,
                 t.open_dependencies > 0 OR (t.approval_policy = 'manual' AND t.approval_state <> 'approved') AS blocked
            FROM tasks t
           WHERE t.tenant_id = :tenant_id AND t.id = a.task_id
             AND ((t.dependent_count = 0 AND (t.retry_policy IS NULL OR a.outcome = 'completed'))
                  OR CAST(:with_dependents AS boolean))
             FOR NO KEY UPDATE
      ) t
), holding AS MATERIALIZED (
    SELECT l.*, r.status AS run_was, r.agent_session_id, r.lease_until, r.lease_epoch
      FROM (SELECT * FROM locked ORDER BY run_id) l
      CROSS JOIN LATERAL (
          SELECT r.status, r.agent_session_id, r.lease_until, r.lease_epoch
            FROM runs r
           WHERE r.tenant_id = :tenant_id AND r.id = l.run_id
             FOR NO KEY UPDATE
      ) r
), moved AS (
    UPDATE runs r
       SET status = h.outcome, result = CASE WHEN h.outcome = 'completed' THEN h.result END,
           error = CASE WHEN h.outcome = 'failed' THEN h.error END,
           ended_at = now(), lease_until = NULL, heartbeat_at = NULL
      FROM holding h
     WHERE r.tenant_id = :tenant_id AND r.id = h.run_id AND h.agent_session_id = h.holder_id
       AND h.run_was IN ('claimed', 'starting', 'running') AND h.lease_until > now()
       AND (h.epoch IS NULL OR h.lease_epoch = h.epoch)
    RETURNING h.ord, h.metadata AS failure_metadata, h.path AS task_path,
              CASE WHEN h.outcome = 'completed' THEN 'completed'
                   WHEN h.spent THEN 'failed'
                   WHEN h.blocked THEN 'blocked'
                   ELSE 'ready' END AS task_status,
              {run:r}
), closed AS (
    UPDATE tasks t
       SET status = m.task_status, open_run_id = NULL, updated_at = now(),
           closed_at = CASE WHEN m.task_status IN ('completed', 'failed') THEN now() END
      FROM moved m
     WHERE t.tenant_id = :tenant_id AND t.id = m.task_id
    RETURNING t.id
), tally AS MATERIALIZED (
    SELECT array_agg(m.id) AS ids, array_agg(m.given) AS givens
      FROM (SELECT agent_session_id AS id, count(*)::int AS given
              FROM moved GROUP BY agent_session_id ORDER BY agent_session_id) m
      CROSS JOIN LATERAL (
          SELECT s.id FROM agent_sessions s WHERE s.tenant_id = :tenant_id AND s.id = m.id FOR NO KEY UPDATE
      ) s
), freed AS (
    UPDATE agent_sessions s
       SET active_runs = s.active_runs - (SELECT givens[array_position(ids, s.id)] FROM tally)
     WHERE s.tenant_id = :tenant_id AND s.id = ANY (CAST((SELECT ids FROM tally) AS uuid[]))
    RETURNING s.id
), log AS MATERIALIZED (
    -- As many as the last answered request's place: one that was refused leaves a gap, which means nothing.
    SELECT take_event_sequences(
               :tenant_id,
               (SELECT coalesce(max(ord), 0) FROM moved)
               + 0 * ((SELECT count(*) FROM closed) + (SELECT count(*) FROM freed))
           ) - 1 AS before
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, log.before + m.ord, clock_timestamp(), 'task.run_' || m.status, m.task_id, m.task_path, m.id,
           m.workspace_id, m.claimed_by_kind, m.claimed_by_ref, 'http',
           CASE WHEN m.status = 'completed' THEN 'agent.task.complete' ELSE 'agent.task.fail' END,
           jsonb_build_object('status', m.status, 'task_status', m.task_status, 'attempt', m.attempt)
           || CASE WHEN m.result IS NULL THEN '{}' ELSE jsonb_build_object('result', m.result) END
           || CASE WHEN m.error IS NULL THEN '{}' ELSE jsonb_build_object('error', m.error) END
           || CASE WHEN m.failure_metadata IS NULL THEN '{}'
                   ELSE jsonb_build_object('metadata', m.failure_metadata) END
      FROM moved m CROSS JOIN log
)
SELECT m.ord, log.before + m.ord AS sequence, m.task_status, {run:m} FROM moved m CROSS JOIN log
