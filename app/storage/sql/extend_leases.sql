-- extend_leases: push the end of claims their holders still own, for many callers at once.
-- The guard is the whole rule: no row back means the claim is gone.
WITH asked AS MATERIALIZED (
    SELECT *
      FROM unnest(CAST(:run_ids AS uuid[]), CAST(:session_ids AS uuid[]), CAST(:epochs AS bigint[]),
                  CAST(:lease_seconds AS int[]))
           WITH ORDINALITY AS a(run_id, session_id, epoch, lease_seconds, ord)
), holding AS MATERIALIZED (
    -- In the order of ids, so that two overlapping batches cannot wait for each other.
    SELECT r.id
      FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.id = ANY (CAST(:run_ids AS uuid[]))
     ORDER BY r.id
       FOR NO KEY UPDATE
), moved AS (
    UPDATE runs r
       SET lease_until = now() + make_interval(secs => a.lease_seconds), heartbeat_at = now()
      FROM asked a
      JOIN holding h ON h.id = a.run_id
     WHERE r.tenant_id = :tenant_id AND r.id = a.run_id AND r.agent_session_id = a.session_id
       AND r.status IN ('claimed', 'starting', 'running') AND r.lease_until > now()
       AND (a.epoch IS NULL OR r.lease_epoch = a.epoch)
    RETURNING a.ord, {run:r}
), log AS MATERIALIZED (
    SELECT take_event_sequences(:tenant_id, (SELECT count(*) FROM moved)) AS first
), numbered AS MATERIALIZED (
    SELECT log.first + row_number() OVER (ORDER BY moved.ord) - 1 AS sequence, moved.* FROM moved, log
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, n.sequence, clock_timestamp(), 'task.run_lease_extended', n.task_id, t.path, n.id,
           n.workspace_id, n.claimed_by_kind, n.claimed_by_ref, 'http', 'agent.task.heartbeat',
           jsonb_build_object('status', n.status, 'task_status', t.status, 'lease_until', wire_time(n.lease_until),
                              'heartbeat_at', wire_time(n.heartbeat_at))
      FROM numbered n
      JOIN tasks t ON t.tenant_id = :tenant_id AND t.id = n.task_id
)
SELECT * FROM numbered ORDER BY ord
