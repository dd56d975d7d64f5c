-- record_lineage: where a run came from. It hangs below :parent_run_id, or, as the retry of another run, where that one
-- hung; a run that hangs below none is a root. No row back means that the tree would become too deep.
INSERT INTO run_lineage AS l (tenant_id, run_id, parent_run_id, root_run_id, depth, retry_of_run_id, thread_id,
                              triggered_by, trigger_ref)
SELECT CAST(:tenant_id AS uuid), CAST(:run_id AS uuid), above.id,
       CASE WHEN above.id IS NULL THEN CAST(:run_id AS uuid) ELSE coalesce(p.root_run_id, above.id) END,
       CASE WHEN above.id IS NULL THEN 0 ELSE coalesce(p.depth, 0) + 1 END,
       CAST(:retry_of AS uuid), coalesce(CAST(:thread_id AS uuid), before.thread_id),
       CAST(:triggered_by AS text), CAST(:trigger_ref AS text)
  FROM (SELECT 1) AS one
  LEFT JOIN run_lineage before ON before.tenant_id = :tenant_id AND before.run_id = CAST(:retry_of AS uuid)
  CROSS JOIN LATERAL (SELECT coalesce(CAST(:parent_run_id AS uuid), before.parent_run_id) AS id) above
  LEFT JOIN run_lineage p ON p.tenant_id = :tenant_id AND p.run_id = above.id
 WHERE above.id IS NULL OR coalesce(p.depth, 0) < CAST(:depth_max AS int)
RETURNING l.run_id
