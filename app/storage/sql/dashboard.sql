-- dashboard: every number of the dashboard and its first active runs, in one look at one snapshot.
-- Tasks and runs are read once each and grouped by status; single runs are only looked at while they are open.
WITH mine AS MATERIALIZED (
    SELECT t.id, t.status, t.approval_state, greatest(t.created_at, t.updated_at, t.closed_at) AS moved_at
      FROM tasks t
     WHERE t.tenant_id = :tenant_id AND {visible:t} {task_conditions}
), of_tasks AS (
    SELECT coalesce(jsonb_object_agg(s.status, s.total), '{}') AS tasks,
           coalesce(sum(s.pending), 0)::bigint AS awaiting_approval, max(s.moved_at) AS moved_at
      FROM (SELECT m.status, count(*) AS total, max(m.moved_at) AS moved_at,
                   count(*) FILTER (WHERE m.status = 'blocked' AND m.approval_state = 'pending') AS pending
              FROM mine m GROUP BY m.status) s
), waiting AS (
    SELECT count(*) AS dependency_blocked
      FROM mine m
     WHERE m.status = 'blocked'
       AND EXISTS (SELECT FROM task_dependencies d WHERE d.tenant_id = :tenant_id AND d.task_id = m.id)
), stops AS (
    SELECT count(*) AS forced_stops
      FROM events e
     WHERE e.tenant_id = :tenant_id AND e.type = 'task.run_force_stopped' AND e.task_id IN (SELECT m.id FROM mine m)
), by_status AS MATERIALIZED (
    SELECT m.status, count(*) AS total, max(m.moved_at) AS moved_at, max(m.heartbeat_at) AS heard_at,
           count(m.claim_ms) AS claims, sum(m.claim_ms)::bigint AS claim_ms, max(m.claim_ms) AS claim_ms_max,
           count(m.start_ms) AS starts, sum(m.start_ms)::bigint AS start_ms, max(m.start_ms) AS start_ms_max
      FROM (
          -- Whole milliseconds; a double holds the microseconds of any time a run may take exactly.
          SELECT r.status, r.heartbeat_at, {moved:r} AS moved_at,
                 CASE WHEN r.claimed_at >= r.queued_at
                      THEN (date_part('epoch', r.claimed_at - r.queued_at) * 1000000)::bigint / 1000
                      WHEN r.claimed_at IS NOT NULL THEN 0 END AS claim_ms,
                 CASE WHEN r.started_at >= coalesce(r.claimed_at, r.queued_at)
                      THEN (date_part('epoch', r.started_at - coalesce(r.claimed_at, r.queued_at)) * 1000000)::bigint
                           / 1000
                      WHEN r.started_at IS NOT NULL THEN 0 END AS start_ms
            FROM runs r
           WHERE r.tenant_id = :tenant_id AND {visible:r} {run_conditions}
          OFFSET 0  -- or each of the sums and maxima would compute the milliseconds anew
      ) m
     GROUP BY m.status
), of_runs AS (
    SELECT coalesce(jsonb_object_agg(b.status, b.total), '{}') AS runs,
           coalesce(sum(b.claims), 0)::bigint AS claims, coalesce(sum(b.claim_ms), 0)::bigint AS claim_ms,
           coalesce(max(b.claim_ms_max), 0) AS claim_ms_max,
           coalesce(sum(b.starts), 0)::bigint AS starts, coalesce(sum(b.start_ms), 0)::bigint AS start_ms,
           coalesce(max(b.start_ms_max), 0) AS start_ms_max,
           greatest(max(b.moved_at), max(b.heard_at)) AS moved_at
      FROM by_status b
), active AS MATERIALIZED (
    SELECT r.id, r.task_id, r.status, r.queued_at, coalesce(r.network_channel, '') AS channel, {moved:r} AS moved_at,
           coalesce(r.agent_session_id::text, r.session_id) AS held_by,
           CASE r.status
               WHEN 'claimed' THEN coalesce(r.claimed_at, r.queued_at)
                                   + make_interval(secs => CAST(:claimed_stuck AS int))
               WHEN 'starting' THEN coalesce(r.claimed_at, r.queued_at)
                                    + make_interval(secs => CAST(:starting_stuck AS int))
               WHEN 'running' THEN coalesce(r.started_at, r.claimed_at, r.queued_at)
                                   + make_interval(secs => CAST(:running_stuck AS int))
           END AS stuck_at
      FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.status IN ('queued', 'claimed', 'starting', 'running')
       AND {visible:r} {run_conditions}
), of_active AS (
    SELECT count(*) FILTER (WHERE a.stuck_at <= now()) AS stuck_runs,
           min(a.stuck_at) FILTER (WHERE a.stuck_at > now()) AS next_stuck_at,
           count(*) FILTER (
               WHERE a.status <> 'queued' AND a.held_by IS NOT NULL
                 AND NOT EXISTS (SELECT FROM agent_sessions s
                                  WHERE s.tenant_id = :tenant_id AND s.id::text = a.held_by AND s.state = 'active')
           ) AS orphan_runs
      FROM active a
), of_queue AS (
    SELECT coalesce(array_agg(q.channel ORDER BY q.channel COLLATE "C"), '{}') AS channels,
           coalesce(array_agg(q.waiting ORDER BY q.channel COLLATE "C"), '{}') AS depths,
           coalesce(array_agg(q.oldest ORDER BY q.channel COLLATE "C"), '{}') AS oldest
      FROM (SELECT a.channel, count(*) AS waiting, min(a.queued_at) AS oldest
              FROM active a WHERE a.status = 'queued' GROUP BY a.channel) q
), shown AS (
    SELECT a.id, a.task_id, a.moved_at, a.stuck_at,
           row_number() OVER (ORDER BY array_position(ARRAY['running', 'starting', 'claimed', 'queued'], a.status),
                                       a.moved_at DESC, a.id DESC) AS place
      FROM active a
     ORDER BY place
     LIMIT CAST(:most AS int)
)
SELECT now() AS observed_at, of_tasks.tasks, of_runs.runs, of_tasks.awaiting_approval, waiting.dependency_blocked,
       stops.forced_stops, of_runs.claims, of_runs.claim_ms, of_runs.claim_ms_max, of_runs.starts, of_runs.start_ms,
       of_runs.start_ms_max, of_active.stuck_runs, of_active.next_stuck_at, of_active.orphan_runs, of_queue.channels,
       of_queue.depths, of_queue.oldest, greatest(of_tasks.moved_at, of_runs.moved_at) AS latest_activity_at,
       shown.moved_at AS last_activity_at, coalesce(shown.stuck_at <= now(), false) AS stuck, {task:t}, {run:r}
  FROM of_tasks CROSS JOIN waiting CROSS JOIN stops CROSS JOIN of_runs CROSS JOIN of_active CROSS JOIN of_queue
  LEFT JOIN shown ON true
  -- One look-up each for what is shown, however many the planner expects.
  LEFT JOIN LATERAL (SELECT * FROM tasks WHERE tasks.tenant_id = :tenant_id AND tasks.id = shown.task_id LIMIT 1) t
         ON true
  LEFT JOIN LATERAL (SELECT * FROM runs WHERE runs.tenant_id = :tenant_id AND runs.id = shown.id LIMIT 1) r ON true
 ORDER BY shown.place
