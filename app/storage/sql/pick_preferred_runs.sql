-- pick_preferred_runs: the part of claim_runs for sessions that offer capabilities. Of the most urgent runs that may be
-- had, those that prefer what is offered go first; where no run prefers anything this costs one look into an empty index.
preferred AS MATERIALIZED (
    SELECT r.id, r.priority, r.queued_at,
           cardinality(ARRAY(SELECT unnest(r.preferred_capabilities)
                             INTERSECT SELECT unnest(CAST(:capabilities AS text[])))) AS liking
      FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.place = CAST(:place AS uuid) AND r.status = 'queued' AND r.claimable
       AND r.preferred_capabilities <> '{}'
       AND r.preferred_capabilities && CAST(:capabilities AS text[])
       AND r.required_capabilities <@ CAST(:capabilities AS text[])
       AND r.priority >= CAST(:priority_min AS int)
       AND r.priority = (
           SELECT q.priority FROM runs q
            WHERE q.tenant_id = :tenant_id AND q.place = CAST(:place AS uuid) AND q.status = 'queued' AND q.claimable
              AND q.required_capabilities <@ CAST(:capabilities AS text[])
            ORDER BY q.priority DESC, q.queued_at, q.id
            LIMIT 1)
     ORDER BY liking DESC, r.queued_at, r.id
     LIMIT (SELECT total FROM slots)
       FOR UPDATE OF r SKIP LOCKED
), plain AS MATERIALIZED (
    SELECT r.id, r.priority, r.queued_at
      FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.place = CAST(:place AS uuid) AND r.status = 'queued' AND r.claimable
       AND r.priority >= CAST(:priority_min AS int)
       AND r.required_capabilities <@ CAST(:capabilities AS text[])
       AND r.id <> ALL (ARRAY(SELECT preferred.id FROM preferred))
     ORDER BY r.priority DESC, r.queued_at, r.id
     LIMIT (SELECT total FROM slots) - (SELECT count(*) FROM preferred)
       FOR UPDATE OF r SKIP LOCKED
), picked AS MATERIALIZED (
    SELECT id, liking, priority, queued_at FROM preferred
    UNION ALL
    SELECT id, 0, priority, queued_at FROM plain
