-- report_run: what the holder of a run says about its progress; members that are not given stay as they are.
WITH holding AS MATERIALIZED (
    SELECT {run:r}
      FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.id = CAST(:run_id AS uuid)
       AND r.agent_session_id = CAST(:session_id AS uuid)
       AND r.status IN ('claimed', 'starting', 'running') AND r.lease_until > now()
       AND (CAST(:epoch AS bigint) IS NULL OR r.lease_epoch = CAST(:epoch AS bigint))
       FOR NO KEY UPDATE
), stored AS (
    INSERT INTO run_reports AS p
           (tenant_id, run_id, progress_fraction, progress_message, outcome, usage, transcript, updated_at)
    SELECT :tenant_id, h.id, CAST(:fraction AS float8), CAST(:message AS text), CAST(:outcome AS jsonb),
           CAST(:usage AS jsonb), CAST(:transcript AS text), now()
      FROM holding h
    ON CONFLICT (tenant_id, run_id) DO UPDATE
       SET progress_fraction = coalesce(excluded.progress_fraction, p.progress_fraction),
           progress_message = coalesce(excluded.progress_message, p.progress_message),
           outcome = coalesce(excluded.outcome, p.outcome), usage = coalesce(excluded.usage, p.usage),
           transcript = CASE WHEN excluded.transcript IS NULL THEN p.transcript
                             ELSE right(coalesce(p.transcript, '') || excluded.transcript, 1048576) END,
           updated_at = now()
    RETURNING p.run_id
), log AS MATERIALIZED (
    SELECT take_event_sequences(:tenant_id, (SELECT count(*) FROM stored)) AS first
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, log.first, clock_timestamp(), 'task.run_reported', h.task_id, t.path, h.id, h.workspace_id,
           h.claimed_by_kind, h.claimed_by_ref, 'http', 'agent.task.report',
           jsonb_strip_nulls(jsonb_build_object(
               'status', h.status,
               'progress', CASE WHEN CAST(:fraction AS float8) IS NOT NULL OR CAST(:message AS text) IS NOT NULL
                                THEN jsonb_build_object('fraction', CAST(:fraction AS float8),
                                                        'message', CAST(:message AS text)) END,
               'steps', CAST(:told_steps AS jsonb)))
      FROM holding h
      CROSS JOIN log
      JOIN tasks t ON t.tenant_id = :tenant_id AND t.id = h.task_id
)
SELECT log.first AS sequence, h.* FROM holding h CROSS JOIN log
