-- enqueue_runs: put runs into the queue (enqueue, start, publish), for many callers at once.
-- Tasks are locked first, in the order of their ids. A caller whose task was changed by a transaction that this
-- statement's snapshot cannot see yet is answered 'retry'.
WITH asked AS MATERIALIZED (
    SELECT a.*, a.ord::int AS place_in_batch
      FROM unnest(CAST(:task_ids AS text[]), CAST(:actions AS text[]), CAST(:keys AS text[]), CAST(:run_ids AS uuid[]),
                  CAST(:metadata AS jsonb[]), CAST(:channels AS text[]), CAST(:actor_kinds AS text[]),
                  CAST(:actor_refs AS text[]), CAST(:origin_kinds AS text[]), CAST(:origin_refs AS text[]))
           WITH ORDINALITY AS a(task_id, action, key, run_id, metadata, channel, actor_kind, actor_ref,
                                origin_kind, origin_ref, ord)
), locked AS MATERIALIZED (
    SELECT t.id, t.path, t.status, t.workspace_id, t.priority, t.max_attempts, t.last_attempt, t.open_run_id,
           t.required_capabilities, t.network_channel, t.approval_state,
           t.open_dependencies > 0 OR (t.approval_policy = 'manual' AND t.approval_state <> 'approved') AS blocked
      FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.id = ANY (CAST(:task_ids AS text[]))
     ORDER BY t.id
       FOR NO KEY UPDATE
), judged AS MATERIALIZED (
    SELECT a.*, t.path, t.status AS task_was, t.workspace_id, t.priority, t.last_attempt, t.blocked,
           t.required_capabilities, t.approval_state, coalesce(a.channel, t.network_channel) AS run_channel,
           coalesce(k.run_id, t.open_run_id) AS existing_run_id,
           CASE
               WHEN t.id IS NULL THEN 'unknown_task'
               WHEN k.run_id IS NOT NULL AND k.task_id <> a.task_id THEN 'key_of_another_task'
               WHEN k.run_id IS NOT NULL THEN 'existing'
               WHEN t.open_run_id IS NOT NULL AND o.id IS NULL THEN 'retry'
               WHEN a.action = 'publish' AND t.status <> 'draft'
                   THEN CASE WHEN a.key IS NULL AND o.origin_ref = a.origin_ref THEN 'existing' ELSE 'not_a_draft' END
               WHEN a.action <> 'publish' AND t.status = 'draft' THEN 'draft'
               WHEN t.status = 'canceled' THEN 'canceled'
               WHEN t.open_run_id IS NOT NULL
                   THEN CASE WHEN a.action = 'start' AND a.key IS NULL THEN 'existing' ELSE 'open_run' END
               WHEN a.action IN ('start', 'publish') AND t.blocked THEN 'blocked'
               WHEN t.last_attempt >= t.max_attempts THEN 'attempts_exhausted'
               ELSE 'queued'
           END AS verdict
      FROM asked a
      LEFT JOIN locked t ON t.id = a.task_id
      LEFT JOIN enqueue_keys k ON k.tenant_id = :tenant_id AND k.origin_ref = a.origin_ref AND k.key = a.key
      LEFT JOIN runs o ON o.tenant_id = :tenant_id AND o.id = t.open_run_id
), keyed AS (
    INSERT INTO enqueue_keys (tenant_id, origin_ref, key, task_id, run_id)
    SELECT :tenant_id, origin_ref, key, task_id, run_id FROM judged WHERE verdict = 'queued' AND key IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING run_id
), accepted AS MATERIALIZED (
    SELECT j.* FROM judged j
     WHERE j.verdict = 'queued' AND (j.key IS NULL OR j.run_id IN (SELECT keyed.run_id FROM keyed))
), queued AS (
    INSERT INTO runs AS r (tenant_id, id, task_id, workspace_id, attempt, status, priority, claimable,
                           required_capabilities, metadata, network_channel, origin_kind, origin_ref, idempotency_key)
    SELECT :tenant_id, run_id, task_id, workspace_id, last_attempt + 1, 'queued', priority, NOT blocked,
           required_capabilities, nullif(metadata, 'null'), run_channel, origin_kind, origin_ref, key
      FROM accepted
    RETURNING {run:r}
), opened AS (
    UPDATE tasks t
       SET status = CASE WHEN a.blocked THEN 'blocked' ELSE 'ready' END,
           open_run_id = a.run_id, latest_run_id = a.run_id, last_attempt = a.last_attempt + 1,
           updated_at = now(), closed_at = NULL
      FROM accepted a
     WHERE t.tenant_id = :tenant_id AND t.id = a.task_id
    RETURNING t.id AS task_id, t.status AS task_status
), told AS MATERIALIZED (
    SELECT a.ord, 1 AS part, 'task.published' AS type, a.run_id, NULL::uuid AS event_run_id,
           jsonb_build_object('previous_status', a.task_was, 'status', 'ready',
                              'approval_state', a.approval_state) AS payload
      FROM accepted a WHERE a.action = 'publish'
    UNION ALL
    SELECT a.ord, 2, 'task.run_enqueued', a.run_id, a.run_id,
           jsonb_strip_nulls(jsonb_build_object(
               'attempt', a.last_attempt + 1, 'status', 'queued', 'task_status', o.task_status,
               'network_channel', a.run_channel, 'idempotency_key', a.key))
      FROM accepted a JOIN opened o ON o.task_id = a.task_id
), log AS MATERIALIZED (
    SELECT take_event_sequences(:tenant_id, (SELECT count(*) FROM told) + 0 * (SELECT count(*) FROM queued)) AS first
), numbered AS MATERIALIZED (
    SELECT told.*, log.first + row_number() OVER (ORDER BY told.ord, told.part) - 1 AS sequence FROM told, log
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, n.sequence, clock_timestamp(), n.type, a.task_id, a.path, n.event_run_id, a.workspace_id,
           a.actor_kind, a.actor_ref, a.origin_kind, a.origin_ref, n.payload
      FROM numbered n JOIN accepted a ON a.ord = n.ord
)
SELECT j.place_in_batch AS ord,
       CASE WHEN j.verdict = 'queued' AND q.id IS NULL THEN 'retry' ELSE j.verdict END AS verdict,
       j.existing_run_id, n.sequence, q.*
  FROM judged j
  LEFT JOIN queued q ON q.id = j.run_id
  LEFT JOIN numbered n ON n.ord = j.ord AND n.part = 2
 ORDER BY j.ord
