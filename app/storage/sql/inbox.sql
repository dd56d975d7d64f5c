-- inbox: the lanes of one actor's inbox with their counts and first items, in one look at one snapshot.
-- Each lane yields its counts on every one of its rows, or on a row without an item where none is shown.
WITH seen AS MATERIALIZED (
    SELECT t.id, t.priority, t.latest_run_id, {activity:t:r} AS latest_activity_at,
           k.archived, k.dismissed, k.last_seen_activity_at, k.updated_at AS triaged_at,
           coalesce(k.archived OR {activity:t:r} <= k.last_seen_activity_at, false) AS read,
           CASE
               WHEN k.archived THEN 'archived'
               WHEN t.status = 'blocked' AND t.approval_policy = 'manual' AND t.approval_state = 'pending'
                   THEN 'approvals'
               WHEN r.status = 'failed' THEN 'failed_runs'
               WHEN t.status = 'blocked' THEN 'blocked'
               WHEN t.status NOT IN ('draft', 'completed', 'failed', 'canceled')
                    AND ((t.owner_kind = :actor_kind AND t.owner_ref = :actor_ref)
                         OR (r.status NOT IN ('completed', 'failed', 'canceled')
                             AND r.claimed_by_kind = :actor_kind AND r.claimed_by_ref = :actor_ref))
                   THEN 'my_work'
           END AS lane
      FROM tasks t
      -- A task's newest run is the only one that may be open.
      LEFT JOIN runs r ON r.tenant_id = :tenant_id AND r.id = t.latest_run_id
      LEFT JOIN task_triage k ON k.tenant_id = :tenant_id AND k.actor_kind = :actor_kind AND k.actor_ref = :actor_ref
                             AND k.task_id = t.id
     WHERE t.tenant_id = :tenant_id AND {visible:t} {conditions}
), kept AS (
    SELECT s.*,
           row_number() OVER (PARTITION BY s.lane
                              ORDER BY s.read, s.latest_activity_at DESC, s.priority DESC, s.id) AS place
      FROM seen s
     WHERE s.lane IS NOT NULL
       -- Dismissed: left out until something newer happens; out of the archive nothing ever comes back.
       AND NOT (s.read AND coalesce(s.dismissed, false))
       AND (CAST(:only AS text) IS NULL OR s.lane = CAST(:only AS text))
       AND NOT (CAST(:unread_only AS boolean) AND s.read)
), counted AS (
    SELECT k.lane, count(*) AS total, count(*) FILTER (WHERE NOT k.read) AS unread FROM kept k GROUP BY k.lane
)
SELECT c.lane, c.total, c.unread, p.latest_activity_at, p.archived, p.dismissed, p.last_seen_activity_at, p.triaged_at,
       {task:t}, {run:r}
  FROM counted c
  LEFT JOIN kept p ON p.lane = c.lane AND (CAST(:most AS int) IS NULL OR p.place <= CAST(:most AS int))
  -- One look-up each for what is shown, however many the planner expects.
  LEFT JOIN LATERAL (SELECT * FROM tasks WHERE tasks.tenant_id = :tenant_id AND tasks.id = p.id LIMIT 1) t ON true
  LEFT JOIN LATERAL (SELECT * FROM runs WHERE runs.tenant_id = :tenant_id AND runs.id = p.latest_run_id LIMIT 1) r ON true
 ORDER BY c.lane, p.place
