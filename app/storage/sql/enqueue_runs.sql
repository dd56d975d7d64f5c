-- enqueue_runs: put runs into the queue (enqueue, start, publish, approve), for many callers at once.
-- Tasks are locked first, in the order of their ids. A caller whose task was changed by a transaction that this
-- statement's snapshot cannot see yet is answered 'retry'; one that opens a completed task again for which others wait is
-- answered 'reopens' and carried out alone, after the dependents are locked too (:with_dependents).
WITH asked AS MATERIALIZED (
    SELECT a.*, a.ord::int AS place_in_batch
      FROM unnest(CAST(:task_ids AS text[]), CAST(:actions AS text[]), CAST(:keys AS text[]), CAST(:run_ids AS uuid[]),
                  CAST(:metadata AS jsonb[]), CAST(:channels AS text[]), CAST(:actor_kinds AS text[]),
                  CAST(:actor_refs AS text[]), CAST(:origin_kinds AS text[]), CAST(:origin_refs AS text[]))
           WITH ORDINALITY AS a(task_id, action, key, run_id, metadata, channel, actor_kind, actor_ref,
                                origin_kind, origin_ref, ord)
), locked AS MATERIALIZED (
    SELECT t.id, t.path, t.status, t.workspace_id, t.priority, t.max_attempts, t.last_attempt, t.open_run_id,
           t.required_capabilities, t.network_channel, t.approval_policy, t.approval_state, t.dependent_count,
           t.open_dependencies > 0 AS waits,
           t.open_dependencies > 0 OR (t.approval_policy = 'manual' AND t.approval_state <> 'approved') AS blocked
      FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.id = ANY (CAST(:task_ids AS text[]))
     ORDER BY t.id
       FOR NO KEY UPDATE
), judged AS MATERIALIZED (
    SELECT a.*, t.path, t.status AS task_was, t.workspace_id, t.priority, t.last_attempt,
           CASE WHEN a.action = 'approve' THEN t.waits ELSE t.blocked END AS blocked,
           t.required_capabilities, t.approval_state, coalesce(a.channel, t.network_channel) AS run_channel,
           coalesce(k.run_id, t.open_run_id) AS existing_run_id,
           CASE
               WHEN t.id IS NULL THEN 'unknown_task'
               WHEN k.run_id IS NOT NULL AND k.task_id <> a.task_id THEN 'key_of_another_task'
               WHEN k.run_id IS NOT NULL THEN 'existing'
               WHEN t.open_run_id IS NOT NULL AND o.id IS NULL THEN 'retry'
               WHEN a.action = 'publish' AND t.status <> 'draft'
                   THEN CASE WHEN a.key IS NULL AND o.origin_ref = a.origin_ref THEN 'existing' ELSE 'not_a_draft' END
               WHEN a.action = 'approve' AND (t.approval_policy <> 'manual' OR t.approval_state <> 'pending')
                   THEN CASE WHEN a.key IS NULL AND o.origin_ref = a.origin_ref THEN 'existing' ELSE 'not_pending' END
               WHEN a.action = 'approve' AND t.status = 'draft' THEN 'approved_draft'
               WHEN a.action <> 'publish' AND t.status = 'draft' THEN 'draft'
               WHEN t.status = 'canceled' THEN 'canceled'
               WHEN t.open_run_id IS NOT NULL AND a.action = 'approve' THEN 'approved_open'
               WHEN t.open_run_id IS NOT NULL
                   THEN CASE WHEN a.action = 'start' AND a.key IS NULL THEN 'existing' ELSE 'open_run' END
               WHEN a.action IN ('start', 'publish') AND t.blocked THEN 'blocked'
               WHEN t.last_attempt >= t.max_attempts THEN 'attempts_exhausted'
               WHEN t.status = 'completed' AND t.dependent_count > 0 AND NOT CAST(:with_dependents AS boolean)
                   THEN 'reopens'
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
           approval_state = CASE WHEN a.action = 'approve' THEN 'approved' ELSE t.approval_state END,
           open_run_id = a.run_id, latest_run_id = a.run_id, last_attempt = a.last_attempt + 1,
           updated_at = now(), closed_at = NULL
      FROM accepted a
     WHERE t.tenant_id = :tenant_id AND t.id = a.task_id
    RETURNING t.id AS task_id, t.status AS task_status
), decided AS (
    -- A draft that is approved stays a draft that may be published now; a run that waited for approval may be claimed.
    UPDATE tasks t
       SET approval_state = 'approved', updated_at = now(),
           status = CASE WHEN t.status = 'blocked' AND NOT j.blocked THEN 'ready' ELSE t.status END
      FROM judged j
     WHERE j.verdict IN ('approved_draft', 'approved_open') AND t.tenant_id = :tenant_id AND t.id = j.task_id
    RETURNING t.id AS task_id, t.status AS task_status
), offered AS (
    UPDATE runs r SET claimable = NOT j.blocked
      FROM judged j
     WHERE j.verdict = 'approved_open' AND r.tenant_id = :tenant_id AND r.id = j.existing_run_id
       AND r.status = 'queued'
    RETURNING r.id
), told AS MATERIALIZED (
    SELECT j.ord, 0 AS part, 'task.approved' AS type, NULL::uuid AS run_id, NULL::uuid AS event_run_id,
           jsonb_build_object('previous_approval_state', j.approval_state, 'approval_state', 'approved',
                              'status', coalesce(o.task_status, d.task_status)) AS payload
      FROM judged j
      LEFT JOIN opened o ON o.task_id = j.task_id
      LEFT JOIN decided d ON d.task_id = j.task_id
     WHERE j.verdict IN ('approved_draft', 'approved_open')
        OR (j.action = 'approve' AND j.run_id IN (SELECT accepted.run_id FROM accepted))
    UNION ALL
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
    SELECT take_event_sequences(
               :tenant_id,
               (SELECT count(*) FROM told) + 0 * ((SELECT count(*) FROM queued) + (SELECT count(*) FROM offered))
           ) AS first
), numbered AS MATERIALIZED (
    SELECT told.*, log.first + row_number() OVER (ORDER BY told.ord, told.part) - 1 AS sequence FROM told, log
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, n.sequence, clock_timestamp(), n.type, a.task_id, a.path, n.event_run_id, a.workspace_id,
           a.actor_kind, a.actor_ref, a.origin_kind, a.origin_ref, n.payload
      FROM numbered n JOIN judged a ON a.ord = n.ord
)
SELECT j.place_in_batch AS ord,
       CASE WHEN j.verdict = 'queued' AND q.id IS NULL THEN 'retry' ELSE j.verdict END AS verdict,
       j.existing_run_id, j.task_was, n.sequence, q.*
  FROM judged j
  LEFT JOIN queued q ON q.id = j.run_id
  LEFT JOIN numbered n ON n.ord = j.ord
                      AND n.part = CASE WHEN j.verdict IN ('approved_draft', 'approved_open') THEN 0 ELSE 2 END
 ORDER BY j.ord
