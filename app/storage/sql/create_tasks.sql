-- create_tasks: new tasks and their events, for many callers at once.
-- An id that exists already, or was asked for twice, yields no row: the caller is told of the conflict.
WITH asked AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:tasks AS jsonb)) AS a(
        ord int, id text, parent_task_id text, path text[], identifier text, scope text, workspace_id uuid,
        network_channel text, title text,
        description text, status text, priority smallint, max_attempts smallint, approval_policy text,
        approval_state text, owner_kind text, owner_ref text, required_capabilities text[], metadata jsonb,
        preferred_capabilities text[], not_before timestamptz, retry_policy jsonb, concurrency_key text,
        unique_key text, enqueue_when_ready boolean, pauses smallint,
        actor_kind text, actor_ref text, origin_kind text, origin_ref text
    )
), keys AS (
    -- A key that nobody gave a limit lets one run at a time.
    INSERT INTO concurrency_keys (tenant_id, key)
    SELECT DISTINCT CAST(:tenant_id AS uuid), concurrency_key FROM asked WHERE concurrency_key IS NOT NULL ORDER BY 2
    ON CONFLICT (tenant_id, key) DO NOTHING
), made AS (
    INSERT INTO tasks AS t (
        tenant_id, id, parent_task_id, path, identifier, scope, workspace_id, network_channel, title, description,
        status, priority,
        max_attempts, approval_policy, approval_state, owner_kind, owner_ref, required_capabilities, metadata,
        preferred_capabilities, not_before, retry_policy, concurrency_key, unique_key, enqueue_when_ready, pauses,
        created_by_kind, created_by_ref, origin_kind, origin_ref
    )
    SELECT :tenant_id, id, parent_task_id, coalesce(path, '{}'), identifier, scope, workspace_id, network_channel,
           title, description, status, priority,
           max_attempts, approval_policy, approval_state, owner_kind, owner_ref, required_capabilities,
           nullif(metadata, 'null'), coalesce(preferred_capabilities, '{}'), not_before, nullif(retry_policy, 'null'),
           concurrency_key, unique_key, coalesce(enqueue_when_ready, false), coalesce(pauses, 0), actor_kind, actor_ref, origin_kind, origin_ref
      FROM asked
    ON CONFLICT (tenant_id, id) DO NOTHING
    RETURNING {task:t}
), log AS MATERIALIZED (
    SELECT take_event_sequences(:tenant_id, (SELECT count(*) FROM made)) AS first
), numbered AS MATERIALIZED (
    SELECT a.ord, log.first + row_number() OVER (ORDER BY a.ord) - 1 AS sequence, m.*
      FROM made m CROSS JOIN log
      JOIN LATERAL (SELECT min(ord) AS ord FROM asked WHERE asked.id = m.id) a ON true
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, sequence, clock_timestamp(), 'task.created', id, path, workspace_id,
           created_by_kind, created_by_ref, origin_kind, origin_ref,
           jsonb_strip_nulls(jsonb_build_object(
               'scope', scope, 'status', status, 'workspace_id', workspace_id, 'network_channel', network_channel,
               'parent_task_id', parent_task_id,
               'owner', CASE WHEN owner_kind IS NOT NULL
                             THEN jsonb_build_object('kind', owner_kind, 'ref', owner_ref) END))
      FROM numbered
)
SELECT * FROM numbered ORDER BY ord
