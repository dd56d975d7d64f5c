-- pause_tree: pause or resume a task with its descendants, which are locked by an earlier statement of the same
-- transaction. A descendant may lie under several paused tasks: it counts them. Its queued run is gated, so that after the
-- last pause the admission offers it again, and so is a held one, which may come back to the queue.
WITH tree AS (
    UPDATE tasks t
       SET pauses = t.pauses + CAST(:step AS smallint),
           paused_at = CASE WHEN t.id <> :id THEN t.paused_at WHEN CAST(:step AS int) > 0 THEN now() END,
           updated_at = CASE WHEN t.id = :id THEN now() ELSE t.updated_at END
     WHERE t.tenant_id = :tenant_id AND (t.id = :id OR t.path @> CAST(ARRAY[:id] AS text[]))
    RETURNING t.id, t.open_run_id
), gated AS (
    UPDATE runs r SET gated = true, claimable = r.claimable AND r.status <> 'queued'
      FROM tree
     WHERE CAST(:step AS int) > 0 AND r.tenant_id = :tenant_id AND r.id = tree.open_run_id
    RETURNING r.id
)
SELECT (SELECT count(*) FROM tree) AS tasks, (SELECT count(*) FROM gated) AS runs
