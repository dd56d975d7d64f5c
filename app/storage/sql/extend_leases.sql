-- extend_leases: push the end of claims their holders still own, for many callers at once.
-- The guard is the whole rule: no row back means the claim is gone. Runs are locked in the order of their ids, so that
-- two overlapping batches cannot wait for each other. The guard reads what the lock found: with it in the UPDATE, stale
-- statistics would make PostgreSQL walk all that is held instead of looking up what was asked for.
WITH holding AS MATERIALIZED (
    SELECT a.*, r.status AS run_was, r.agent_session_id, r.lease_until, r.lease_epoch, s.state
      FROM (SELECT *
              FROM unnest(CAST(:run_ids AS uuid[]), CAST(:session_ids AS uuid[]), CAST(:epochs AS bigint[]),
                          CAST(:lease_seconds AS int[]))
                   WITH ORDINALITY AS x(run_id, holder_id, epoch, lease_seconds, ord)
             ORDER BY x.run_id) a
      CROSS JOIN LATERAL (
          SELECT r.status, r.agent_session_id, r.lease_until, r.lease_epoch
            FROM runs r
           WHERE r.tenant_id = :tenant_id AND r.id = a.run_id
             FOR NO KEY UPDATE
      ) r
      CROSS JOIN LATERAL (
          -- A session that said goodbye may still finish what it holds, but not hold it for ever.
          SELECT s.state FROM agent_sessions s WHERE s.tenant_id = :tenant_id AND s.id = a.holder_id OFFSET 0
      ) s
), moved AS (
    UPDATE runs r
       SET lease_until = now() + make_interval(secs => h.lease_seconds), heartbeat_at = now()
      FROM holding h
     WHERE r.tenant_id = :tenant_id AND r.id = h.run_id AND h.agent_session_id = h.holder_id
       AND h.run_was IN ('claimed', 'starting', 'running') AND h.lease_until > now()
       AND (h.epoch IS NULL OR h.lease_epoch = h.epoch) AND h.state = 'active'
    RETURNING h.ord, {run:r}
), log AS MATERIALIZED (
    -- As many as the last answered request's place: one that was refused leaves a gap, which means nothing.
    SELECT take_event_sequences(:tenant_id, (SELECT coalesce(max(ord), 0) FROM moved)) - 1 AS before
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, log.before + m.ord, clock_timestamp(), 'task.run_lease_extended', m.task_id, t.path, m.id,
           m.workspace_id, m.claimed_by_kind, m.claimed_by_ref, 'http', 'agent.task.heartbeat',
           jsonb_build_object('status', m.status, 'task_status', t.status, 'lease_until', wire_time(m.lease_until),
                              'heartbeat_at', wire_time(m.heartbeat_at))
      FROM moved m
      CROSS JOIN log
      CROSS JOIN LATERAL (
          SELECT t.path, t.status FROM tasks t WHERE t.tenant_id = :tenant_id AND t.id = m.task_id OFFSET 0
      ) t
)
SELECT m.ord, log.before + m.ord AS sequence, {run:m} FROM moved m CROSS JOIN log
