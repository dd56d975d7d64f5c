"""A tenant's work as it is after a while: tasks in every state, their runs, trees, edges, places and inboxes."""

from typing import Final

from app.db.engine import Database, Lane
from app.domain.access.viewer import Viewer
from app.storage.statements import composed

RUNS_PER_TASK: Final = 5
# The ids of the n-th task, of its k-th run, and of the j-th workspace.
TASK: Final = "'018f0000-0000-7000-8001-' || lpad(to_hex({n}), 12, '0')"
RUN: Final = "('018f0000-0000-7000-8002-' || lpad(to_hex({n} * 8 + {k}), 12, '0'))::uuid"
PLACE: Final = "('018f0000-0000-7000-8004-' || lpad(to_hex({j}), 12, '0'))::uuid"
SESSION: Final = "'018f0000-0000-7000-8005-000000000001'"
# `m` scatters the states, so that few tasks have the same ones as many: of 100 tasks 58 are completed, 10 wait in the
# queue, 6 are worked on. 86 have runs: 70 of them six, 16 five. Every ten tasks are a tree of nine and one task alone.
SHAPE: Final = f"""
    SELECT n, n * 37 % 100 AS m, {TASK.format(n="n")} AS id, n % 10 AS place_in_ten,
           CASE WHEN n % 2 = 0 THEN {PLACE.format(j="n % 20 / 2")} END AS workspace_id,
           now() - interval '30 days' * (1 - n / CAST(:tasks AS float)) - interval '1 hour' AS created_at
      FROM generate_series(0, CAST(:tasks AS int) - 1) AS n
"""
STATES: Final = f"""
    SELECT s.*,
           CASE WHEN m < 58 THEN 'completed' WHEN m < 66 THEN 'failed' WHEN m < 70 THEN 'canceled'
                WHEN m < 80 THEN 'ready' WHEN m < 86 THEN 'in_progress' WHEN m < 92 THEN 'blocked'
                WHEN m < 95 THEN 'draft' ELSE 'pending' END AS status,
           CASE WHEN m < 70 THEN 6 WHEN m < 86 THEN 5 ELSE 0 END AS run_count,
           m BETWEEN 86 AND 88 AS asks, m BETWEEN 89 AND 91 AND n > 0 AS waits,
           CASE WHEN place_in_ten BETWEEN 1 AND 5 THEN n - place_in_ten
                WHEN place_in_ten BETWEEN 6 AND 8 THEN n - place_in_ten + 1 END AS parent
      FROM ({SHAPE}) s
"""
WORKSPACES: Final = composed(
    f"""
    INSERT INTO workspaces (tenant_id, id, owner_id, title, mode, status)
    SELECT :tenant_id, {PLACE.format(j="j")}, CAST(:user_id AS uuid), 'place ' || j, 'snapshot', 'active'
      FROM generate_series(0, 9) AS j
    """
)
SESSIONS: Final = composed(
    f"""
    INSERT INTO agent_sessions (tenant_id, id, user_id, agent_name, capabilities, max_concurrency, state)
    VALUES (:tenant_id, {SESSION}, CAST(:user_id AS uuid), 'worker', '{{}}', 1000, 'active')
    """
)
TASKS: Final = composed(
    f"""
    INSERT INTO tasks (tenant_id, id, scope, workspace_id, parent_task_id, path, network_channel, title, status,
                       priority, max_attempts, approval_policy, approval_state, owner_kind, owner_ref,
                       created_by_kind, created_by_ref, origin_kind, origin_ref, open_dependencies, child_count,
                       last_attempt, open_run_id, latest_run_id, created_at, updated_at, closed_at)
    SELECT :tenant_id, id, CASE WHEN workspace_id IS NULL THEN 'global' ELSE 'workspace' END, workspace_id,
           {TASK.format(n="parent")},
           CASE WHEN parent IS NULL THEN '{{}}'
                WHEN place_in_ten < 6 THEN ARRAY[{TASK.format(n="parent")}]
                ELSE ARRAY[{TASK.format(n="parent - 1")}, {TASK.format(n="parent")}] END,
           CASE n % 7 WHEN 0 THEN 'ops' WHEN 1 THEN 'data' END, 'Task ' || n, status,
           (ARRAY[10, 20, 20, 20, 30, 40])[1 + n % 6], 10,
           CASE WHEN asks THEN 'manual' ELSE 'none' END, CASE WHEN asks THEN 'pending' ELSE 'not_required' END,
           CASE WHEN n % 10 = 3 THEN 'human' END, CASE WHEN n % 10 = 3 THEN CAST(:me AS text) END,
           'human', CAST(:me AS text), 'http', 'tasks.create', waits::int,
           CASE place_in_ten WHEN 0 THEN 5 WHEN 1 THEN 3 ELSE 0 END, run_count,
           CASE WHEN status IN ('ready', 'in_progress') THEN {RUN.format(n="n", k="run_count")} END,
           CASE WHEN run_count > 0 THEN {RUN.format(n="n", k="run_count")} END,
           created_at, created_at + interval '1 minute',
           CASE WHEN m < 70 THEN created_at + interval '59 minutes' END
      FROM ({STATES}) s
    """
)
# The runs before the last failed or were canceled; the last is as its task is.
RUNS: Final = composed(
    f"""
    INSERT INTO runs (tenant_id, id, task_id, workspace_id, attempt, status, priority, claimable, agent_session_id,
                      session_id, claimed_by_kind, claimed_by_ref, lease_until, lease_epoch, heartbeat_at, queued_at,
                      claimed_at, started_at, ended_at, error, network_channel, origin_kind, origin_ref)
    SELECT :tenant_id, {RUN.format(n="r.n", k="r.k")}, r.id, r.workspace_id, r.k, r.run_status, 20, true,
           CASE WHEN r.held THEN CAST({SESSION} AS uuid) END, CASE WHEN r.claimed THEN {SESSION} END,
           CASE WHEN r.claimed THEN 'agent_session' END, CASE WHEN r.claimed THEN {SESSION} END,
           CASE WHEN r.held THEN now() + interval '1 day' END, 1, CASE WHEN r.held THEN r.queued_at END, r.queued_at,
           CASE WHEN r.claimed THEN r.queued_at + r.n % 9 * interval '1 second' END,
           CASE WHEN r.claimed THEN r.queued_at + (1 + r.n % 9) * interval '1 second' END,
           CASE WHEN r.claimed AND NOT r.held THEN r.queued_at + interval '3 minutes' END,
           CASE WHEN r.run_status = 'failed' THEN 'it broke' END,
           CASE r.n % 7 WHEN 0 THEN 'ops' WHEN 1 THEN 'data' END, 'http', 'tasks.start'
      FROM (
          SELECT s.*, k, found.run_status, found.run_status IN ('claimed', 'starting', 'running') AS held,
                 found.run_status <> 'queued' AS claimed, s.created_at + k * interval '9 minutes' AS queued_at
            FROM ({STATES}) s
            CROSS JOIN LATERAL generate_series(1, s.run_count) AS k
            CROSS JOIN LATERAL (
                SELECT CASE WHEN k < s.run_count THEN CASE WHEN (s.n + k) % 5 = 0 THEN 'canceled' ELSE 'failed' END
                            WHEN s.status = 'ready' THEN 'queued'
                            WHEN s.status = 'in_progress'
                                THEN (ARRAY['claimed', 'starting', 'running'])[least(3, s.m - 79)]
                            ELSE s.status END AS run_status
            ) found
      ) r
    """
)
EDGES: Final = composed(
    f"""
    INSERT INTO task_dependencies (tenant_id, task_id, depends_on_task_id, kind, created_at)
    SELECT :tenant_id, id, {TASK.format(n="n - 1")}, 'blocks', created_at FROM ({STATES}) s WHERE waits
    """
)
MARKS: Final = composed(
    f"""
    INSERT INTO task_triage (tenant_id, actor_kind, actor_ref, task_id, archived, dismissed, last_seen_activity_at)
    SELECT :tenant_id, 'human', CAST(:me AS text), id, n % 3 = 0, n % 3 = 1, now()
      FROM ({STATES}) s WHERE n % 25 = 0
    """
)


def task_id(number: int) -> str:
    """The id of a seeded task; of every tenth, nine tasks are a tree."""
    return f"018f0000-0000-7000-8001-{number:012x}"


async def seed_work(db: Database, viewer: Viewer, tasks: int) -> None:
    """So many tasks of the viewer's tenant, five times as many runs, all of it visible to the viewer."""
    given = {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id, "me": viewer.actor.ref, "tasks": tasks}
    for statement in (WORKSPACES, SESSIONS, TASKS, RUNS, EDGES, MARKS):
        await db.fetch(statement, Lane.IMPORTS, **given)
