-- claim_runs: hand queued runs to agent sessions that ask with the same criteria, the most urgent and oldest first.
-- Sessions are locked first, in the order of their ids, so that none ever holds more runs than it registered for; runs
-- are taken with SKIP LOCKED, so that claims of other processes never wait for each other.
-- How runs are picked stands in pick_runs and, for sessions that offer capabilities, in pick_preferred_runs.
-- Rows are looked up LATERALly, one index probe each, and joined by place instead of by comparing every pair: neither
-- stale statistics nor a large batch changes what a run costs.
WITH holders AS MATERIALIZED (
    SELECT a.ord, a.session_id, a.lease_seconds, s.free,
           -- While the tenant's dispatch is paused nobody gets anything.
           CASE WHEN (SELECT t.dispatch_paused_at IS NULL FROM tenants t WHERE t.tenant_id = :tenant_id)
                THEN least(a.wanted, s.free) ELSE 0 END AS most
      FROM (SELECT *
              FROM unnest(CAST(:session_ids AS uuid[]), CAST(:wanted AS int[]), CAST(:lease_seconds AS int[]))
                   WITH ORDINALITY AS x(session_id, wanted, lease_seconds, ord)
             ORDER BY x.session_id) a
      CROSS JOIN LATERAL (
          SELECT s.max_concurrency - s.active_runs AS free
            FROM agent_sessions s
           WHERE s.tenant_id = :tenant_id AND s.id = a.session_id AND s.state = 'active'
             FOR NO KEY UPDATE
      ) s
), slots AS MATERIALIZED (
    -- Everybody's first run before anybody's second. (An array is expected to be short and a series to be long: with the
    -- series PostgreSQL would find its generic plan too dear, and plan anew at each call for longer than the call takes.)
    SELECT count(*) AS total, array_agg(ord) AS ords, array_agg(session_id) AS session_ids,
           array_agg(lease_seconds) AS lease_seconds
      FROM (SELECT h.*
              FROM holders h
              CROSS JOIN LATERAL unnest(array_fill(0, ARRAY[greatest(h.most, 0)])) WITH ORDINALITY AS turn(nil, nth)
             ORDER BY turn.nth, h.ord) turns
), {picking}
), dealt AS MATERIALIZED (
    SELECT p.id, p.slot, s.ords[p.slot] AS ord, s.session_ids[p.slot] AS session_id,
           s.lease_seconds[p.slot] AS lease_seconds
      FROM (SELECT id, (row_number() OVER (ORDER BY priority DESC, liking DESC, queued_at, id))::int AS slot
              FROM picked) p
      CROSS JOIN slots s
), moved AS (
    UPDATE runs r
       SET status = 'claimed', agent_session_id = d.session_id, session_id = d.session_id::text,
           claimed_by_kind = 'agent_session', claimed_by_ref = d.session_id::text,
           claimed_at = now(), heartbeat_at = now(), lease_until = now() + make_interval(secs => d.lease_seconds),
           lease_epoch = r.lease_epoch + 1, started_at = NULL, ended_at = NULL, error = NULL, result = NULL
      FROM dealt d
     WHERE r.tenant_id = :tenant_id AND r.id = d.id
    RETURNING d.ord, d.slot, {run:r}
), tally AS MATERIALIZED (
    SELECT array_agg(agent_session_id) AS ids, array_agg(taken) AS takens
      FROM (SELECT agent_session_id, count(*)::int AS taken FROM moved GROUP BY agent_session_id) m
), held AS (
    UPDATE agent_sessions s
       SET active_runs = s.active_runs + (SELECT takens[array_position(ids, s.id)] FROM tally), last_seen_at = now()
     WHERE s.tenant_id = :tenant_id AND s.id = ANY (CAST((SELECT ids FROM tally) AS uuid[]))
    RETURNING s.id
), log AS MATERIALIZED (
    SELECT take_event_sequences(
               :tenant_id, (SELECT count(*) FROM moved) + 0 * (SELECT count(*) FROM held)
           ) - 1 AS before
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, log.before + m.slot, clock_timestamp(), 'task.run_claimed', m.task_id, t.path, m.id,
           m.workspace_id, m.claimed_by_kind, m.claimed_by_ref, 'http', 'agent.task.next',
           jsonb_build_object(
               'status', m.status, 'task_status', t.status, 'attempt', m.attempt, 'lease_epoch', m.lease_epoch,
               'claimed_by', jsonb_build_object('kind', m.claimed_by_kind, 'ref', m.claimed_by_ref),
               'lease_until', wire_time(m.lease_until))
      FROM moved m
      CROSS JOIN log
      CROSS JOIN LATERAL (
          SELECT t.path, t.status FROM tasks t WHERE t.tenant_id = :tenant_id AND t.id = m.task_id OFFSET 0
      ) t
)
-- The first record also says who was found, and how many more runs each might have held.
SELECT CASE WHEN m.slot > 1 THEN NULL ELSE h.ords END AS holder_ords,
       CASE WHEN m.slot > 1 THEN NULL ELSE h.frees END AS holder_frees,
       m.ord, log.before + m.slot AS sequence, {run:m}
  FROM (SELECT array_agg(ord) AS ords, array_agg(free) AS frees FROM holders) h
  CROSS JOIN log
  LEFT JOIN moved m ON true
 ORDER BY m.slot
