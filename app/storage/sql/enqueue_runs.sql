-- enqueue_runs: put runs into the queue (enqueue, start, publish, approve; and by rule: retry, ready, requeue, turn), for
-- many callers at once. A run is gated if it has to wait for its time, for a place under its concurrency key or for the
-- end of a pause: then only admit_runs offers it to claims.
-- Tasks are locked first, in the order of their ids. A caller whose task was changed by a transaction that this
-- statement's snapshot cannot see yet is answered 'retry'; one that opens a completed task again for which others wait is
-- answered 'reopens' and carried out alone, after the dependents are locked too (:with_dependents).
-- Rows are looked up LATERALly, one index probe each: see claim_runs.
WITH locked AS MATERIALIZED (
    SELECT a.*, t.id, t.path, t.status AS task_was, t.workspace_id, t.priority, t.max_attempts, t.last_attempt,
           t.open_run_id, t.required_capabilities, t.preferred_capabilities, t.approval_policy, t.approval_state,
           t.dependent_count, t.forgiven_attempts, t.concurrency_key, t.pauses,
           coalesce(a.channel, t.network_channel) AS run_channel,
           CASE WHEN a.action = 'retry'
                THEN now() + retry_wait(t.retry_policy, t.last_attempt - t.forgiven_attempts, random())
                ELSE coalesce(a.wanted_not_before, t.not_before) END AS not_before,
           -- Whoever queues a task again from the dead letters, and each turn of a conversation, starts to count anew.
           a.action IN ('requeue', 'turn') AS anew,
           CASE WHEN a.action = 'approve' THEN t.waits ELSE t.waits OR t.unapproved END AS blocked
      FROM (SELECT *
              FROM unnest(CAST(:task_ids AS text[]), CAST(:actions AS text[]), CAST(:keys AS text[]),
                          CAST(:run_ids AS uuid[]), CAST(:metadata AS jsonb[]), CAST(:channels AS text[]),
                          CAST(:actor_kinds AS text[]), CAST(:actor_refs AS text[]), CAST(:origin_kinds AS text[]),
                          CAST(:origin_refs AS text[]), CAST(:not_befores AS timestamptz[]))
                   WITH ORDINALITY AS x(task_id, action, key, run_id, metadata, channel, actor_kind, actor_ref,
                                        origin_kind, origin_ref, wanted_not_before, ord)
             ORDER BY x.task_id COLLATE "C") a
      LEFT JOIN LATERAL (
          SELECT t.id, t.path, t.status, t.workspace_id, t.priority, t.max_attempts, t.last_attempt, t.open_run_id,
                 t.required_capabilities, t.preferred_capabilities, t.network_channel, t.approval_policy,
                 t.approval_state, t.dependent_count, t.forgiven_attempts, t.not_before, t.retry_policy,
                 t.concurrency_key, t.pauses,
                 t.open_dependencies > 0 AS waits,
                 t.approval_policy = 'manual' AND t.approval_state <> 'approved' AS unapproved
            FROM tasks t
           WHERE t.tenant_id = :tenant_id AND t.id = a.task_id
             FOR NO KEY UPDATE
      ) t ON true
), judged AS MATERIALIZED (
    SELECT l.*, coalesce(k.run_id, l.open_run_id) AS existing_run_id,
           CASE
               WHEN l.id IS NULL THEN 'unknown_task'
               WHEN k.run_id IS NOT NULL AND k.task_id <> l.task_id THEN 'key_of_another_task'
               WHEN k.run_id IS NOT NULL THEN 'existing'
               WHEN l.open_run_id IS NOT NULL AND o.origin_ref IS NULL THEN 'retry'
               WHEN l.action = 'publish' AND l.task_was <> 'draft'
                   THEN CASE WHEN l.key IS NULL AND o.origin_ref = l.origin_ref THEN 'existing' ELSE 'not_a_draft' END
               WHEN l.action = 'approve' AND (l.approval_policy <> 'manual' OR l.approval_state <> 'pending')
                   THEN CASE WHEN l.key IS NULL AND o.origin_ref = l.origin_ref THEN 'existing' ELSE 'not_pending' END
               WHEN l.action = 'approve' AND l.task_was = 'draft' THEN 'approved_draft'
               WHEN l.action <> 'publish' AND l.task_was = 'draft' THEN 'draft'
               WHEN l.task_was = 'canceled' THEN 'canceled'
               WHEN l.open_run_id IS NOT NULL AND l.action = 'approve' THEN 'approved_open'
               WHEN l.open_run_id IS NOT NULL
                   THEN CASE WHEN l.action = 'start' AND l.key IS NULL THEN 'existing' ELSE 'open_run' END
               WHEN l.action IN ('start', 'publish') AND l.blocked THEN 'blocked'
               WHEN NOT l.anew AND l.last_attempt - l.forgiven_attempts >= l.max_attempts THEN 'attempts_exhausted'
               WHEN l.task_was = 'completed' AND l.dependent_count > 0 AND NOT CAST(:with_dependents AS boolean)
                   THEN 'reopens'
               ELSE 'queued'
           END AS verdict
      FROM locked l
      LEFT JOIN LATERAL (
          SELECT k.run_id, k.task_id FROM enqueue_keys k
           WHERE k.tenant_id = :tenant_id AND k.origin_ref = l.origin_ref AND k.key = l.key OFFSET 0
      ) k ON true
      LEFT JOIN LATERAL (
          SELECT o.origin_ref FROM runs o WHERE o.tenant_id = :tenant_id AND o.id = l.open_run_id OFFSET 0
      ) o ON true
), keyed AS (
    INSERT INTO enqueue_keys (tenant_id, origin_ref, key, task_id, run_id)
    SELECT :tenant_id, origin_ref, key, task_id, CASE WHEN verdict = 'queued' THEN run_id ELSE existing_run_id END
      FROM judged
     WHERE verdict IN ('queued', 'approved_open') AND key IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING run_id
), accepted AS MATERIALIZED (
    -- What changes something. `place`: where the last event of the request stands among those of the batch.
    SELECT j.*,
           CASE WHEN j.verdict <> 'queued' AND (j.task_was <> 'blocked' OR j.blocked) THEN j.task_was
                WHEN j.blocked THEN 'blocked'
                ELSE 'ready' END AS task_status,
           coalesce(j.concurrency_key IS NOT NULL OR j.pauses > 0 OR j.not_before > now(), false) AS gated,
           CASE WHEN j.workspace_id IS NOT NULL
                THEN coalesce(j.run_channel, 'coord-' || CAST(j.run_id AS text)) END AS coordination_channel_id,
           sum((j.verdict = 'queued')::int + (j.action IN ('publish', 'approve'))::int) OVER (ORDER BY j.ord) AS place
      FROM judged j
     WHERE j.verdict IN ('approved_draft', 'approved_open')
        OR (j.verdict = 'queued' AND (j.key IS NULL OR j.run_id IN (SELECT keyed.run_id FROM keyed)))
), queued AS (
    INSERT INTO runs AS r (tenant_id, id, task_id, workspace_id, attempt, status, priority, claimable,
                           gated, not_before, concurrency_key, required_capabilities, preferred_capabilities, metadata,
                           network_channel, coordination_channel_id, origin_kind, origin_ref, idempotency_key)
    SELECT :tenant_id, run_id, task_id, workspace_id, last_attempt + 1, 'queued', priority, NOT blocked AND NOT gated,
           gated, CASE WHEN not_before > now() THEN not_before END, concurrency_key, required_capabilities,
           preferred_capabilities, nullif(metadata, 'null'), run_channel, coordination_channel_id, origin_kind,
           origin_ref, key
      FROM accepted
     WHERE verdict = 'queued'
    RETURNING {run:r}
), opened AS (
    UPDATE tasks t
       SET status = a.task_status,
           approval_state = CASE WHEN a.action = 'approve' THEN 'approved' ELSE t.approval_state END,
           open_run_id = a.run_id, latest_run_id = a.run_id, last_attempt = a.last_attempt + 1,
           forgiven_attempts = CASE WHEN a.anew THEN a.last_attempt ELSE t.forgiven_attempts END,
           updated_at = now(), closed_at = NULL, discarded_at = NULL
      FROM accepted a
     WHERE a.verdict = 'queued' AND t.tenant_id = :tenant_id AND t.id = a.task_id
    RETURNING t.id
), decided AS (
    -- A draft that is approved stays a draft that may be published now; a run that waited for approval may be claimed.
    UPDATE tasks t
       SET approval_state = 'approved', updated_at = now(), status = a.task_status
      FROM accepted a
     WHERE a.verdict <> 'queued' AND t.tenant_id = :tenant_id AND t.id = a.task_id
    RETURNING t.id
), offered AS (
    UPDATE runs r SET claimable = NOT a.blocked AND NOT r.gated
      FROM accepted a
     WHERE a.verdict = 'approved_open' AND r.tenant_id = :tenant_id AND r.id = a.existing_run_id
       AND r.status = 'queued'
    RETURNING r.id
), channels AS (
    -- A channel that has a name outlives the run; one made for a run alone is known by the run.
    INSERT INTO coordination_channels (tenant_id, workspace_id, name, purpose, created_by)
    SELECT DISTINCT ON (workspace_id, run_channel)
           CAST(:tenant_id AS uuid), workspace_id, run_channel, 'task_run_coordination', origin_kind || ':' || origin_ref
      FROM accepted
     WHERE verdict = 'queued' AND workspace_id IS NOT NULL AND run_channel IS NOT NULL
     ORDER BY workspace_id, run_channel
    ON CONFLICT (tenant_id, workspace_id, name) DO NOTHING
), log AS MATERIALIZED (
    SELECT take_event_sequences(
               :tenant_id,
               (SELECT coalesce(max(place), 0) FROM accepted)
               + 0 * ((SELECT count(*) FROM queued) + (SELECT count(*) FROM opened)
                      + (SELECT count(*) FROM decided) + (SELECT count(*) FROM offered))
           ) - 1 AS before
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, log.before + a.place - told.earlier, clock_timestamp(), told.type, a.task_id, a.path,
           told.run_id, a.workspace_id, a.actor_kind, a.actor_ref, a.origin_kind, a.origin_ref, told.payload
      FROM accepted a
      CROSS JOIN log
      CROSS JOIN LATERAL (
          SELECT (a.verdict = 'queued')::int AS earlier, 'task.approved' AS type, NULL::uuid AS run_id,
                 jsonb_build_object('previous_approval_state', a.approval_state, 'approval_state', 'approved',
                                    'status', a.task_status) AS payload
           WHERE a.action = 'approve'
          UNION ALL
          SELECT 1, 'task.published', NULL,
                 jsonb_build_object('previous_status', a.task_was, 'status', 'ready',
                                    'approval_state', a.approval_state)
           WHERE a.action = 'publish'
          UNION ALL
          SELECT 0, 'task.run_enqueued', a.run_id,
                 jsonb_strip_nulls(jsonb_build_object(
                     'attempt', a.last_attempt + 1, 'status', 'queued', 'task_status', a.task_status,
                     'network_channel', a.run_channel, 'coordination_channel_id', a.coordination_channel_id,
                     'idempotency_key', a.key,
                     'not_before', CASE WHEN a.not_before > now() THEN wire_time(a.not_before) END))
           WHERE a.verdict = 'queued'
      ) told
), answers AS MATERIALIZED (
    SELECT array_agg(ord) AS ords, array_agg(place) AS places FROM accepted
)
SELECT j.ord::int AS ord,
       CASE WHEN j.verdict = 'queued' AND q.id IS NULL THEN 'retry' ELSE j.verdict END AS verdict,
       j.existing_run_id, j.task_was, log.before + a.places[array_position(a.ords, j.ord)] AS sequence, q.*
  FROM judged j
  CROSS JOIN answers a
  CROSS JOIN log
  LEFT JOIN queued q ON q.id = j.run_id
 ORDER BY j.ord
