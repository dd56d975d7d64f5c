"""Conversations are read by keys, however many there are, and however long one is."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.domain.access.viewer import Viewer
from app.storage import messages, threads
from app.storage.statements import composed
from tests.plans.explain import PLAN_MODES, plan_of
from tests.support.people import make_viewer

COUNT = 5_000
# Of five thousand turns a third are those of one thread; every turn has a run, a message and a report.
FILL = (
    """
    INSERT INTO workspaces (tenant_id, id, owner_id, title, mode, status)
    SELECT :tenant_id, CAST(lpad(to_hex(n), 32, '0') AS uuid), :user_id, 'w', 'snapshot', 'active'
      FROM generate_series(1, CAST(:count AS int) / 10) AS n
    """,
    """
    INSERT INTO agent_specs (tenant_id, id, slug, name, lifecycle_status)
    VALUES (:tenant_id, CAST(lpad('1', 32, '0') AS uuid), 'a', 'a', 'active')
    """,
    """
    INSERT INTO tasks (tenant_id, id, scope, title, status, priority, max_attempts, approval_policy, approval_state,
                       created_by_kind, created_by_ref, origin_kind, origin_ref)
    SELECT :tenant_id, 't' || n, 'global', 't', 'ready', 20, 1, 'none', 'not_required', 'human', 'x', 'http', 'x'
      FROM generate_series(1, CAST(:count AS int)) AS n
    """,
    """
    INSERT INTO threads (tenant_id, id, workspace_id, user_id, agent_spec_id, updated_at)
    SELECT :tenant_id, CAST(lpad(to_hex(n), 32, '0') AS uuid),
           CAST(lpad(to_hex(n % (CAST(:count AS int) / 10) + 1), 32, '0') AS uuid), :user_id,
           CAST(lpad('1', 32, '0') AS uuid), now() - make_interval(secs => n)
      FROM generate_series(1, CAST(:count AS int)) AS n
    """,
    """
    INSERT INTO runs (tenant_id, id, task_id, attempt, status, priority, claimable, ended_at, origin_kind, origin_ref)
    SELECT :tenant_id, CAST(lpad(to_hex(n), 32, '0') AS uuid), 't' || n, 1, 'completed', 20, false,
           now() + make_interval(secs => n + 0.5), 'http', 'x'
      FROM generate_series(1, CAST(:count AS int)) AS n
    """,
    """
    INSERT INTO run_reports (tenant_id, run_id, transcript)
    SELECT :tenant_id, CAST(lpad(to_hex(n), 32, '0') AS uuid), 'x' FROM generate_series(1, CAST(:count AS int)) AS n
    """,
    """
    INSERT INTO run_lineage (tenant_id, run_id, root_run_id, depth, thread_id, triggered_by)
    SELECT n.tenant_id, r.id, r.id, 0, n.id, 'chat' FROM threads n JOIN runs r ON r.id = n.id
    """,
    """
    INSERT INTO turns (tenant_id, id, thread_id, number, run_id, answer_id, created_at)
    SELECT :tenant_id, CAST(lpad(to_hex(n), 32, '0') AS uuid),
           CAST(lpad(to_hex(CASE WHEN n % 3 = 0 THEN 1 ELSE n END), 32, '0') AS uuid), n,
           CAST(lpad(to_hex(n), 32, '0') AS uuid), CAST(lpad(to_hex(n + 1000000), 32, '0') AS uuid),
           now() + make_interval(secs => n)
      FROM generate_series(1, CAST(:count AS int)) AS n
    """,
    """
    INSERT INTO messages (tenant_id, id, thread_id, turn_id, role, content, created_at)
    SELECT n.tenant_id, n.id, n.thread_id, n.id, 'user', 'x', n.created_at FROM turns n
    """,
    "ANALYZE workspaces, tasks, threads, runs, run_reports, run_lineage, turns, messages",
)
RELATIONS = ("threads", "turns", "messages", "runs", "run_reports", "run_lineage", "tasks", "events")
KEYS = [UUID(int=1), UUID(int=2)]
PLACES: Mapping[str, object] = {"times": [None, None], "ids": [None, None], "last_id": threads.LAST_ID, "most": 51}
LATER: Mapping[str, object] = {
    "times": ["2099-01-01T00:00:00Z"] * 2,
    "ids": KEYS,
    "last_id": threads.LAST_ID,
    "most": 51,
}
READS: Mapping[str, tuple[Statement, Mapping[str, object]]] = {
    "threads by id": (threads.OWN_BY_ID, {"ids": KEYS}),
    "threads of runs": (threads.OWN_BY_RUN, {"run_ids": KEYS}),
    "threads of workspaces": (threads.PAGES, {"workspace_ids": KEYS, **PLACES}),
    "threads further on": (threads.PAGES, {"workspace_ids": KEYS, **LATER}),
    "latest turns": (threads.LATEST, {"thread_ids": KEYS}),
    "turns by id": (threads.OWN_TURNS, {"ids": KEYS}),
    "turns of threads": (threads.TURN_PAGES, {"thread_ids": KEYS, "befores": [None, 9], "most": 26}),
    "last events": (threads.LAST_EVENTS, {"run_ids": KEYS}),
    "messages by id": (messages.OWN_BY_ID, {"ids": KEYS}),
    "messages of turns": (messages.OPENING, {"turn_ids": KEYS}),
    "messages of threads": (messages.PAGES, {"thread_ids": KEYS, **PLACES}),
    "messages further on": (messages.PAGES, {"thread_ids": KEYS, **LATER}),
    "questions": (messages.QUESTIONS, {"run_ids": KEYS}),
}


@pytest.mark.timeout(60)
async def test_conversations_are_found_by_keys(db: Database, viewer: Viewer) -> None:
    for source in FILL:
        given = {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id, "count": COUNT}
        await db.fetch(composed(source), Lane.IMPORTS, **given)
    # Somebody who owns no workspace: which ones are theirs is the same part of many statements, and guarded elsewhere.
    asker = await make_viewer(db, email="asker@example.com")
    scanned = set()
    for name, (statement, asked) in READS.items():
        for mode in PLAN_MODES:
            plan = await plan_of(
                db, Lane.MAIN, statement, mode, tenant_id=viewer.tenant_id, user_id=asker.user_id, **asked
            )
            scans = [node for relation in RELATIONS for node in plan.scans(relation)]
            assert scans, name
            whole = [node for node in scans if node["Node Type"] == "Seq Scan" and node["Plan Rows"] > 1]
            scanned |= {(name, mode, node["Relation Name"]) for node in whole}
    assert scanned == set()
