-- append_events: facts of a transaction of several statements, as its last statement.
WITH given AS MATERIALIZED (
    SELECT *
      FROM unnest(CAST(:types AS text[]), CAST(:task_ids AS text[]), CAST(:run_ids AS uuid[]),
                  CAST(:workspace_ids AS uuid[]), CAST(:actor_kinds AS text[]), CAST(:actor_refs AS text[]),
                  CAST(:origin_kinds AS text[]), CAST(:origin_refs AS text[]), CAST(:payloads AS jsonb[]))
           WITH ORDINALITY AS g(type, task_id, run_id, workspace_id, actor_kind, actor_ref, origin_kind, origin_ref,
                                payload, ord)
), log AS MATERIALIZED (
    SELECT take_event_sequences(:tenant_id, (SELECT count(*) FROM given)) AS first
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, log.first + g.ord - 1, clock_timestamp(), g.type, g.task_id,
           CASE WHEN g.task_id IS NOT NULL
                THEN ARRAY(SELECT jsonb_array_elements_text(CAST(:task_paths AS jsonb) -> (g.ord::int - 1))) END,
           g.run_id, g.workspace_id, g.actor_kind, g.actor_ref, g.origin_kind, g.origin_ref, g.payload
      FROM given g CROSS JOIN log
)
SELECT log.first + (SELECT count(*) FROM given) - 1 AS last FROM log
