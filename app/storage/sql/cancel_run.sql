-- cancel_run: an operator ends one open run; a task whose latest run was canceled is canceled with it.
WITH target AS MATERIALIZED (
    SELECT r.task_id FROM runs r WHERE r.tenant_id = :tenant_id AND r.id = CAST(:run_id AS uuid)
), locked AS MATERIALIZED (
    SELECT t.id, t.path FROM tasks t
     WHERE t.tenant_id = :tenant_id AND t.id IN (SELECT task_id FROM target)
       FOR NO KEY UPDATE
), holding AS MATERIALIZED (
    SELECT r.id, r.agent_session_id AS holder_id, t.path
      FROM runs r JOIN locked t ON t.id = r.task_id
     WHERE r.tenant_id = :tenant_id AND r.id = CAST(:run_id AS uuid)
       AND r.status NOT IN ('completed', 'failed', 'canceled')
       FOR NO KEY UPDATE OF r
), moved AS (
    UPDATE runs r SET status = 'canceled', ended_at = now()
      FROM holding h
     WHERE r.tenant_id = :tenant_id AND r.id = h.id
    RETURNING h.holder_id, h.path AS task_path, {run:r}
), closed AS (
    UPDATE tasks t SET status = 'canceled', open_run_id = NULL, updated_at = now(), closed_at = now()
      FROM moved m
     WHERE t.tenant_id = :tenant_id AND t.id = m.task_id
    RETURNING t.id
), sitting AS MATERIALIZED (
    -- As it is now: a claim that came first is not in this statement's snapshot.
    SELECT s.id, s.active_runs FROM agent_sessions s
     WHERE s.tenant_id = :tenant_id AND s.id IN (SELECT m.holder_id FROM moved m)
       FOR NO KEY UPDATE
), freed AS (
    UPDATE agent_sessions s SET active_runs = n.active_runs - 1
      FROM sitting n
     WHERE s.tenant_id = :tenant_id AND s.id = n.id
    RETURNING s.id
), told AS MATERIALIZED (
    SELECT 1 AS part, 'task.run_canceled' AS type, m.id AS run_id, jsonb_strip_nulls(jsonb_build_object(
               'status', 'canceled', 'task_status', 'canceled', 'reason', CAST(:reason AS text),
               'session_id', m.session_id)) || CAST(:details AS jsonb) AS payload
      FROM moved m
    UNION ALL
    SELECT 2, 'task.canceled', NULL, jsonb_strip_nulls(jsonb_build_object(
               'status', 'canceled', 'reason', CAST(:reason AS text), 'canceled_run_ids', jsonb_build_array(m.id)))
           || CAST(:details AS jsonb)
      FROM moved m
), log AS MATERIALIZED (
    SELECT take_event_sequences(
               :tenant_id,
               (SELECT count(*) FROM told) + 0 * ((SELECT count(*) FROM closed) + (SELECT count(*) FROM freed))
           ) AS first
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, log.first + told.part - 1, clock_timestamp(), told.type, m.task_id, m.task_path, told.run_id,
           m.workspace_id, CAST(:actor_kind AS text), CAST(:actor_ref AS text), CAST(:origin_kind AS text),
           CAST(:origin_ref AS text), told.payload
      FROM told CROSS JOIN log CROSS JOIN moved m
)
SELECT log.first AS sequence, {run:m} FROM moved m CROSS JOIN log
