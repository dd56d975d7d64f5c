-- release_runs: give runs back to the queue whose holders still own them; the attempt is kept.
-- Tasks are locked first, then runs, then sessions, each in the order of their ids. No row back means the claim is gone.
-- Rows are looked up LATERALly, one index probe each: see claim_runs.
WITH locked AS MATERIALIZED (
    SELECT a.*, t.path, t.blocked
      FROM (SELECT x.*, r.task_id
              FROM unnest(CAST(:run_ids AS uuid[]), CAST(:session_ids AS uuid[]), CAST(:epochs AS bigint[]),
                          CAST(:reasons AS text[]))
                   WITH ORDINALITY AS x(run_id, holder_id, epoch, reason, ord)
              CROSS JOIN LATERAL (
                  SELECT r.task_id FROM runs r WHERE r.tenant_id = :tenant_id AND r.id = x.run_id OFFSET 0
              ) r
             ORDER BY r.task_id) a
      CROSS JOIN LATERAL (
          SELECT t.path,
                 t.open_dependencies > 0 OR (t.approval_policy = 'manual' AND t.approval_state <> 'approved') AS blocked
            FROM tasks t
           WHERE t.tenant_id = :tenant_id AND t.id = a.task_id
             FOR NO KEY UPDATE
      ) t
), holding AS MATERIALIZED (
    -- What the run was, read under the task's lock: every statement that moves a run holds it.
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
       SET status = 'queued', claimable = NOT h.blocked AND NOT r.gated, agent_session_id = NULL, session_id = NULL,
           claimed_by_kind = NULL, claimed_by_ref = NULL, claimed_at = NULL, heartbeat_at = NULL, lease_until = NULL,
           started_at = NULL
      FROM holding h
     WHERE r.tenant_id = :tenant_id AND r.id = h.run_id AND h.agent_session_id = h.holder_id
       AND h.run_was IN ('claimed', 'starting', 'running') AND h.lease_until > now()
       AND (h.epoch IS NULL OR h.lease_epoch = h.epoch)
    RETURNING h.ord, h.holder_id, h.reason, h.run_was, h.path AS task_path,
              CASE WHEN h.blocked THEN 'blocked' ELSE 'ready' END AS task_status, {run:r}
), reopened AS (
    UPDATE tasks t SET status = m.task_status, updated_at = now()
      FROM moved m
     WHERE t.tenant_id = :tenant_id AND t.id = m.task_id
    RETURNING t.id
), tally AS MATERIALIZED (
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
), log AS MATERIALIZED (
    -- As many as the last answered request's place: one that was refused leaves a gap, which means nothing.
    SELECT take_event_sequences(
               :tenant_id,
               (SELECT coalesce(max(ord), 0) FROM moved)
               + 0 * ((SELECT count(*) FROM reopened) + (SELECT count(*) FROM freed))
           ) - 1 AS before
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, log.before + m.ord, clock_timestamp(), 'task.run_released', m.task_id, m.task_path, m.id,
           m.workspace_id, 'agent_session', m.holder_id::text, 'http', 'agent.task.release',
           jsonb_strip_nulls(jsonb_build_object(
               'previous_status', m.run_was, 'status', m.status, 'task_status', m.task_status,
               'reason', m.reason, 'session_id', m.holder_id))
      FROM moved m CROSS JOIN log
)
SELECT m.ord, log.before + m.ord AS sequence, {run:m} FROM moved m CROSS JOIN log
