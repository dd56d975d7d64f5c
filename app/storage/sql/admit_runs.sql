-- admit_runs: offer gated runs to claims whose time has come, whose task is not paused and, under a concurrency key, for
-- which there is a place. Only this statement makes a gated run claimable, and only under the lock of its key, which an
-- earlier statement of the same transaction took: whatever was admitted before is in this one's snapshot. Runs only ever
-- leave their place without that lock, so no key has more of them dispatched than its limit.
-- A task that somebody else is changing is skipped: whoever changes it, or the next turn, admits its run.
WITH keys AS MATERIALIZED (
    SELECT k.key, k.most - (
               SELECT count(*) FROM runs r
                WHERE r.tenant_id = :tenant_id AND r.concurrency_key = k.key
                  AND (r.status IN ('claimed', 'starting', 'running') OR (r.status = 'queued' AND r.claimable))) AS free
      FROM concurrency_keys k
     WHERE k.tenant_id = :tenant_id AND k.key = ANY (CAST(:keys AS text[]))
), wanted AS MATERIALIZED (
    SELECT r.id, r.task_id, k.key
      FROM keys k
      CROSS JOIN LATERAL (
          SELECT r.id, r.task_id
            FROM runs r
            JOIN tasks t ON t.tenant_id = :tenant_id AND t.id = r.task_id
           WHERE r.tenant_id = :tenant_id AND r.concurrency_key = k.key AND r.status = 'queued' AND NOT r.claimable
             AND (r.not_before IS NULL OR r.not_before <= now())
             AND t.pauses = 0 AND t.open_dependencies = 0
             AND (t.approval_policy = 'none' OR t.approval_state = 'approved')
           ORDER BY r.priority DESC, r.queued_at, r.id
           LIMIT greatest(k.free, 0)
      ) r
    UNION ALL
    (SELECT r.id, r.task_id, NULL
       FROM runs r
       JOIN tasks t ON t.tenant_id = :tenant_id AND t.id = r.task_id
      WHERE r.tenant_id = :tenant_id AND r.status = 'queued' AND r.gated AND NOT r.claimable
        AND r.concurrency_key IS NULL AND (r.not_before IS NULL OR r.not_before <= now())
        AND t.pauses = 0 AND t.open_dependencies = 0
        AND (t.approval_policy = 'none' OR t.approval_state = 'approved')
      LIMIT CAST(:most AS int))
), locked AS MATERIALIZED (
    SELECT t.id, t.path, t.status
      FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.id IN (SELECT task_id FROM wanted)
       AND t.pauses = 0 AND t.open_dependencies = 0
       AND (t.approval_policy = 'none' OR t.approval_state = 'approved')
     ORDER BY t.id
       FOR NO KEY UPDATE SKIP LOCKED
), moved AS (
    UPDATE runs r SET claimable = true
      FROM wanted w
      JOIN locked l ON l.id = w.task_id
     WHERE r.tenant_id = :tenant_id AND r.id = w.id AND r.status = 'queued' AND NOT r.claimable
       AND (r.not_before IS NULL OR r.not_before <= now())
       -- One that was given another key meanwhile is judged under that.
       AND r.concurrency_key IS NOT DISTINCT FROM w.key
    RETURNING r.id, r.task_id, r.workspace_id, r.attempt, r.concurrency_key, l.path, l.status AS task_status
), log AS MATERIALIZED (
    SELECT take_event_sequences(:tenant_id, (SELECT count(*) FROM moved)) AS first
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, log.first + row_number() OVER (ORDER BY m.id) - 1, clock_timestamp(), 'task.run_offered',
           m.task_id, m.path, m.id, m.workspace_id,
           CAST(:actor_kind AS text), CAST(:actor_ref AS text), CAST(:origin_kind AS text), CAST(:origin_ref AS text),
           jsonb_strip_nulls(jsonb_build_object(
               'status', 'queued', 'task_status', m.task_status, 'attempt', m.attempt,
               'concurrency_key', m.concurrency_key))
      FROM moved m CROSS JOIN log
)
SELECT m.id FROM moved m
