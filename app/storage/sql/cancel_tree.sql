-- cancel_tree: cancel a task, its descendants and their open runs. The tree is locked by an earlier statement of the
-- same transaction, so that this one's snapshot sees all of it.
WITH tree AS MATERIALIZED (
    SELECT t.id, t.path, t.status, t.workspace_id, t.open_run_id
      FROM tasks t
     WHERE t.tenant_id = :tenant_id AND (t.id = :id OR t.path @> CAST(ARRAY[:id] AS text[]))
       AND (t.status NOT IN ('completed', 'failed', 'canceled') OR t.open_run_id IS NOT NULL)
), holding AS MATERIALIZED (
    SELECT r.id, r.agent_session_id AS holder_id
      FROM runs r JOIN tree ON tree.open_run_id = r.id
     WHERE r.tenant_id = :tenant_id
     ORDER BY r.id
       FOR NO KEY UPDATE OF r
), stopped AS (
    UPDATE runs r SET status = 'canceled', ended_at = now()
      FROM holding h
     WHERE r.tenant_id = :tenant_id AND r.id = h.id AND r.status NOT IN ('completed', 'failed', 'canceled')
    RETURNING r.id, r.task_id, r.session_id, h.holder_id
), canceled AS (
    UPDATE tasks t SET status = 'canceled', open_run_id = NULL, updated_at = now(), closed_at = now()
      FROM tree
     WHERE t.tenant_id = :tenant_id AND t.id = tree.id
    RETURNING t.id
), sitting AS MATERIALIZED (
    -- As they are now: a claim that came first is not in this statement's snapshot.
    SELECT s.id, s.active_runs FROM agent_sessions s
     WHERE s.tenant_id = :tenant_id AND s.id IN (SELECT h.holder_id FROM stopped h)
     ORDER BY s.id
       FOR NO KEY UPDATE
), freed AS (
    UPDATE agent_sessions s
       SET active_runs = n.active_runs - (SELECT count(*) FROM stopped h WHERE h.holder_id = n.id)
      FROM sitting n
     WHERE s.tenant_id = :tenant_id AND s.id = n.id
    RETURNING s.id
), told AS MATERIALIZED (
    SELECT cardinality(tree.path) AS depth, tree.id AS task_id, 1 AS part, 'task.run_canceled' AS type, s.id AS run_id,
           jsonb_strip_nulls(jsonb_build_object(
               'status', 'canceled', 'task_status', 'canceled', 'reason', CAST(:reason AS text),
               'session_id', s.session_id,
               'propagated_from_task_id', CASE WHEN tree.id <> :id THEN :id END)) || CAST(:details AS jsonb) AS payload
      FROM tree JOIN stopped s ON s.task_id = tree.id
    UNION ALL
    SELECT cardinality(tree.path), tree.id, 2, 'task.canceled', NULL,
           jsonb_strip_nulls(jsonb_build_object(
               'status', 'canceled', 'reason', CAST(:reason AS text),
               'canceled_run_ids', (SELECT jsonb_agg(s.id) FROM stopped s WHERE s.task_id = tree.id),
               'propagated_from_task_id', CASE WHEN tree.id <> :id THEN :id END)) || CAST(:details AS jsonb)
      FROM tree
), log AS MATERIALIZED (
    SELECT take_event_sequences(
               :tenant_id,
               (SELECT count(*) FROM told) + 0 * ((SELECT count(*) FROM canceled) + (SELECT count(*) FROM freed))
           ) AS first
), numbered AS MATERIALIZED (
    SELECT told.*, log.first + row_number() OVER (ORDER BY told.depth, told.task_id, told.part) - 1 AS sequence
      FROM told, log
), logged AS (
    INSERT INTO events (tenant_id, sequence, created_at, type, task_id, task_path, run_id, workspace_id,
                        actor_kind, actor_ref, origin_kind, origin_ref, payload)
    SELECT :tenant_id, n.sequence, clock_timestamp(), n.type, n.task_id, tree.path, n.run_id, tree.workspace_id,
           CAST(:actor_kind AS text), CAST(:actor_ref AS text), CAST(:origin_kind AS text), CAST(:origin_ref AS text),
           n.payload
      FROM numbered n JOIN tree ON tree.id = n.task_id
)
SELECT task_id, sequence FROM numbered WHERE part = 2 ORDER BY sequence
