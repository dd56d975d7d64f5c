-- settle_tasks: derive the status of locked tasks anew (tasks API, section 5) and make their queued runs claimable or not;
-- a gated run that may be claimed again waits for its admission.
-- A row for each task whose status changed, with the status before and after.
WITH derived AS MATERIALIZED (
    SELECT t.id, t.status AS was, b.blocked,
           CASE
               WHEN t.status IN ('canceled', 'draft') THEN t.status
               WHEN o.status IN ('starting', 'running') THEN 'in_progress'
               WHEN o.id IS NOT NULL THEN CASE WHEN b.blocked THEN 'blocked' ELSE 'ready' END
               WHEN l.status IN ('completed', 'canceled') THEN l.status
               WHEN l.status = 'failed' AND t.last_attempt - t.forgiven_attempts >= t.max_attempts THEN 'failed'
               WHEN l.id IS NULL AND t.status IN ('completed', 'failed') THEN t.status
               WHEN b.blocked THEN 'blocked'
               ELSE 'ready'
           END AS status
      FROM tasks t
      CROSS JOIN LATERAL (SELECT t.open_dependencies > 0
                                 OR (t.approval_policy = 'manual' AND t.approval_state <> 'approved') AS blocked) b
      LEFT JOIN runs o ON o.tenant_id = t.tenant_id AND o.id = t.open_run_id
      LEFT JOIN runs l ON l.tenant_id = t.tenant_id AND l.id = t.latest_run_id
     WHERE t.tenant_id = :tenant_id AND t.id = ANY (CAST(:task_ids AS text[]))
), offered AS (
    UPDATE runs r SET claimable = NOT d.blocked
      FROM derived d JOIN tasks t ON t.tenant_id = :tenant_id AND t.id = d.id
     WHERE r.tenant_id = :tenant_id AND r.id = t.open_run_id AND r.status = 'queued'
       AND r.claimable = d.blocked AND (d.blocked OR NOT r.gated)
    RETURNING r.id
), settled AS (
    UPDATE tasks t
       SET status = d.status, updated_at = now(),
           closed_at = CASE WHEN d.status IN ('completed', 'failed', 'canceled') THEN coalesce(t.closed_at, now()) END
      FROM derived d
     WHERE t.tenant_id = :tenant_id AND t.id = d.id AND d.status <> d.was
    RETURNING t.id, t.path, t.workspace_id, d.was, d.status
)
SELECT id, path, workspace_id, was, status, (SELECT count(*) FROM offered) AS offered FROM settled ORDER BY id
