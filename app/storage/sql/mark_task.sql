-- mark_task: an actor reads, dismisses or archives a task it sees. What it saw is the latest activity as of now.
-- Repeating it changes nothing, not even when it was done. No row back means that there is no such task.
INSERT INTO task_triage AS k (tenant_id, actor_kind, actor_ref, task_id, archived, dismissed, last_seen_activity_at)
SELECT :tenant_id, :actor_kind, :actor_ref, t.id, CAST(:archives AS boolean), CAST(:dismissed AS boolean),
       {activity:t:r}
  FROM tasks t
  LEFT JOIN runs r ON r.tenant_id = :tenant_id AND r.id = t.latest_run_id
 WHERE t.tenant_id = :tenant_id AND t.id = :task_id AND {visible:t}
ON CONFLICT (tenant_id, actor_kind, actor_ref, task_id) DO UPDATE
   SET archived = k.archived OR excluded.archived,
       dismissed = excluded.dismissed,
       last_seen_activity_at = excluded.last_seen_activity_at,
       updated_at = CASE
           WHEN (k.archived OR excluded.archived, excluded.dismissed, excluded.last_seen_activity_at)
                = (k.archived, k.dismissed, k.last_seen_activity_at) THEN k.updated_at
           ELSE excluded.updated_at END
RETURNING archived, dismissed, last_seen_activity_at, updated_at AS triaged_at
