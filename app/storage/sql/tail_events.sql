-- tail_events: what is new in the logs of the tenants that somebody here listens to. Rights are checked later, per batch.
SELECT {event:e}
  FROM unnest(CAST(:tenant_ids AS uuid[]), CAST(:positions AS bigint[])) AS at(tenant_id, position)
  CROSS JOIN LATERAL (
      SELECT * FROM events
       WHERE events.tenant_id = at.tenant_id AND events.sequence > at.position
       ORDER BY events.sequence
       LIMIT CAST(:most AS int)
  ) e
 ORDER BY e.tenant_id, e.sequence
