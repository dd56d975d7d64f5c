-- pick_runs: the part of claim_runs that takes the most urgent and oldest runs.
picked AS MATERIALIZED (
    SELECT r.id, r.priority, r.queued_at, 0 AS liking
      FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.place = CAST(:place AS uuid) AND r.status = 'queued' AND r.claimable
       AND r.priority >= CAST(:priority_min AS int)
       AND r.required_capabilities <@ CAST(:capabilities AS text[])
     ORDER BY r.priority DESC, r.queued_at, r.id
     LIMIT (SELECT total FROM slots)
       FOR UPDATE OF r SKIP LOCKED
