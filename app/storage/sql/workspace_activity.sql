-- workspace_activity: what happened on workspaces, newest first, as their readers may see it; one statement for all.
-- A run and a thread are one item each, whose status changes; everything else is an item for each time it happened.
-- What people did is read from the log, by the index that leaves out runs and cells.
SELECT place.id AS workspace_id, item.kind, item.id, item.title, item.status, item.detail, item.created_at
  FROM (SELECT w.id, w.owner_id = CAST(:user_id AS uuid) AS is_owner
          FROM workspaces w
         WHERE w.tenant_id = :tenant_id AND w.id = ANY (CAST(:workspace_ids AS uuid[]))) place
  CROSS JOIN LATERAL (
      SELECT * FROM (
          (SELECT 'run' AS kind, 'run:' || r.id AS id, t.title,
                  CASE WHEN r.status = 'queued' AND t.approval_state = 'pending' THEN 'awaiting_approval'
                       ELSE r.status END AS status,
                  jsonb_build_object('runId', r.id, 'taskId', r.task_id,
                                     'triggeredBy', coalesce(l.triggered_by, 'api'), 'outcome', p.outcome) AS detail,
                  r.queued_at AS created_at
             FROM tasks t
             JOIN runs r ON r.tenant_id = t.tenant_id AND r.task_id = t.id
             LEFT JOIN run_lineage l ON l.tenant_id = r.tenant_id AND l.run_id = r.id
             LEFT JOIN run_reports p ON p.tenant_id = r.tenant_id AND p.run_id = r.id
            WHERE t.tenant_id = :tenant_id AND t.workspace_id = place.id
            ORDER BY r.queued_at DESC, r.id DESC
            LIMIT CAST(:most AS int))
          UNION ALL
          (SELECT 'cell_mutation', 'cell_mutation:' || m.id, 'Cell of ' || m.column_name, NULL,
                  jsonb_build_object('mutationId', m.id, 'column', m.column_name, 'rowIdentity', m.row_identity,
                                     'actorType', m.actor_type, 'actorId', m.actor_id),
                  m.created_at
             FROM cell_mutations m
            WHERE m.tenant_id = :tenant_id AND m.workspace_id = place.id
            ORDER BY m.created_at DESC, m.id DESC
            LIMIT CAST(:most AS int))
          UNION ALL
          (SELECT 'session', 'session:' || h.id, coalesce(h.title, 'Conversation'),
                  r.status, jsonb_build_object('threadId', h.id), h.created_at
             FROM threads h
             LEFT JOIN LATERAL (SELECT n.run_id FROM turns n
                                 WHERE n.tenant_id = h.tenant_id AND n.thread_id = h.id
                                 ORDER BY n.number DESC LIMIT 1) n ON true
             LEFT JOIN runs r ON r.tenant_id = h.tenant_id AND r.id = n.run_id
            WHERE h.tenant_id = :tenant_id AND h.workspace_id = place.id AND h.user_id = CAST(:user_id AS uuid)
            ORDER BY h.created_at DESC, h.id DESC
            LIMIT CAST(:most AS int))
          UNION ALL
          (SELECT k.kind, k.kind || ':' || e.sequence, coalesce(CASE WHEN k.kind = 'task_binding' THEN b.title END,
                  e.payload ->> 'title', initcap(replace(k.kind, '_', ' '))),
                  CASE k.kind WHEN 'share' THEN e.payload ->> 'state'
                              WHEN 'workspace' THEN CASE k.action WHEN 'archived' THEN 'archived' ELSE 'active' END END,
                  CASE k.kind
                      WHEN 'chart' THEN jsonb_build_object('chartId', e.payload -> 'chartId', 'action', k.action,
                                                           'chartSpecVersion', e.payload -> 'chartSpecVersion')
                      WHEN 'task_binding' THEN jsonb_build_object('taskId', e.payload -> 'taskId', 'action', k.action,
                                                                  'mutatesWorkspace', e.payload -> 'mutatesWorkspace')
                      WHEN 'share' THEN jsonb_build_object('recipientCount', e.payload -> 'recipientCount')
                      ELSE jsonb_build_object('action', k.action)
                  END, e.created_at
             FROM events e
             CROSS JOIN LATERAL (
                 SELECT CASE WHEN e.type LIKE 'workspace.chart\_%' THEN 'chart'
                             WHEN e.type LIKE 'workspace.task\_%' THEN 'task_binding'
                             WHEN e.type LIKE 'workspace.share%' THEN 'share'
                             WHEN e.type IN ('workspace.created', 'workspace.updated', 'workspace.archived',
                                             'workspace.restored') THEN 'workspace' END AS kind,
                        regexp_replace(e.type, '^workspace\.(chart_|task_)?', '') AS action
             ) k
             LEFT JOIN tasks b ON k.kind = 'task_binding' AND b.tenant_id = e.tenant_id
                              AND b.id = (e.payload ->> 'taskId')
            WHERE e.tenant_id = :tenant_id AND e.workspace_id = place.id
              AND e.type LIKE 'workspace.%' AND e.type NOT LIKE 'workspace.cell%'
              AND k.kind IS NOT NULL
              AND (k.kind <> 'share' OR place.is_owner)
              -- A task that works here may be another workspace's, which not every reader of this one sees.
              AND (k.kind <> 'task_binding' OR place.is_owner OR (b.id IS NOT NULL AND {visible:b}))
            ORDER BY e.sequence DESC
            LIMIT CAST(:most AS int))
      ) found
      ORDER BY found.created_at DESC, found.id COLLATE "C" DESC
      LIMIT CAST(:most AS int)
  ) item
 ORDER BY place.id, item.created_at DESC, item.id COLLATE "C" DESC
