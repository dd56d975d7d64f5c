-- claim_runs: hand queued runs to agent sessions that ask with the same criteria, the most urgent and oldest first.
-- Sessions are locked first, so that none ever holds more runs than it registered for; runs are taken with SKIP LOCKED,
-- so that claims of other processes never wait for each other.
WITH asked AS MATERIALIZED (
    SELECT *
      FROM unnest(CAST(:session_ids AS uuid[]), CAST(:wanted AS int[]), CAST(:lease_seconds AS int[]))
           WITH ORDINALITY AS a(session_id, wanted, lease_seconds, ord)
), holders AS MATERIALIZED (
    SELECT s.id, s.max_concurrency - s.active_runs AS free
      FROM agent_sessions s
     WHERE s.tenant_id = :tenant_id AND s.id = ANY (CAST(:session_ids AS uuid[])) AND s.state = 'active'
     ORDER BY s.id
       FOR NO KEY UPDATE
), slots AS MATERIALIZED (
    SELECT a.ord, a.session_id, a.lease_seconds, row_number() OVER (ORDER BY nth, a.ord) AS slot
      FROM asked a
      JOIN holders h ON h.id = a.session_id
      CROSS JOIN LATERAL generate_series(1, least(a.wanted, h.free)) AS nth
), picked AS MATERIALIZED (
    SELECT r.id, r.priority, r.queued_at
      FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.place = CAST(:place AS uuid) AND r.status = 'queued' AND r.claimable
       AND r.priority >= CAST(:priority_min AS int)
       AND r.required_capabilities <@ CAST(:capabilities AS text[])
     ORDER BY r.priority DESC, r.queued_at, r.id
     LIMIT (SELECT count(*) FROM slots)
       FOR UPDATE OF r SKIP LOCKED
), dealt AS MATERIALIZED (
    SELECT p.id, s.ord, s.session_id, s.lease_seconds, s.slot
      FROM (SELECT id, row_number() OVER (ORDER BY priority DESC, queued_at, id) AS slot FROM picked) p
      JOIN slots s ON s.slot = p.slot
), moved AS (
    UPDATE runs r
       SET status = 'claimed', agent_session_id = d.session_id, session_id = d.session_id::text,
           claimed_by_kind = 'agent_session', claimed_by_ref = d.session_id::text,
           claimed_at = now(), heartbeat_at = now(), lease_until = now() + make_interval(secs => d.lease_seconds),
           lease_epoch = r.lease_epoch + 1, started_at = NULL, ended_at = NULL, error = NULL, result = NULL
      FROM dealt d
     WHERE r.tenant_id = :tenant_id AND r.id = d.id
    RETURNING d.ord, d.slot, {run:r}
), held AS (
    UPDATE agent_sessions s
       SET active_runs = s.active_runs + m.taken, last_seen_at = now()
      FROM (SELECT agent_session_id, count(*) AS taken FROM moved GROUP BY agent_session_id) m
     WHERE s.tenant_id = :tenant_id AND s.id = m.agent_session_id
    RETURNING s.id
), log AS MATERIALIZED (
    SELECT take_event_sequences(:tenant_id, (SELECT count(*) FROM moved) + 0 * (SELECT count(*) FROM held)) AS first
), numbered AS MATERIALIZED (
    SELECT log.first + row_number() OVER (ORDER BY moved.slot) - 1 AS sequence, moved.* FROM moved, log
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, n.sequence, clock_timestamp(), 'task.run_claimed', n.task_id, t.path, n.id, n.workspace_id,
           n.claimed_by_kind, n.claimed_by_ref, 'http', 'agent.task.next',
           jsonb_build_object(
               'status', n.status, 'task_status', t.status, 'attempt', n.attempt, 'lease_epoch', n.lease_epoch,
               'claimed_by', jsonb_build_object('kind', n.claimed_by_kind, 'ref', n.claimed_by_ref),
               'lease_until', wire_time(n.lease_until))
      FROM numbered n
      JOIN tasks t ON t.tenant_id = :tenant_id AND t.id = n.task_id
)
SELECT a.ord, h.id IS NOT NULL AS session_active, coalesce(h.free, 0) AS free, n.sequence, {run:n}
  FROM asked a
  LEFT JOIN holders h ON h.id = a.session_id
  LEFT JOIN numbered n ON n.ord = a.ord
 ORDER BY a.ord, n.slot
