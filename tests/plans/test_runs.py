"""What belongs to runs is looked up by keys, however many runs there are."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.domain.access.viewer import Viewer
from app.storage import agent_sessions, artifacts, channels, lineage, run_steps
from app.storage.statements import composed
from tests.plans.explain import PLAN_MODES, plan_of

COUNT = 5_000
RELATIONS = ("runs", "run_lineage", "run_steps", "run_reports", "artifacts", "coordination_channels")
# Trees of ten runs each, two steps and an artifact a run; one in a hundred is held.
FILL = (
    """
    INSERT INTO tasks (tenant_id, id, scope, title, status, priority, max_attempts, approval_policy, approval_state,
                       created_by_kind, created_by_ref, origin_kind, origin_ref)
    SELECT :tenant_id, 't' || n, 'global', 't', 'ready', 20, 1, 'none', 'not_required', 'human', 'x', 'http', 'x'
      FROM generate_series(1, CAST(:count AS int)) AS n
    """,
    """
    INSERT INTO agent_sessions (tenant_id, id, user_id, agent_name, capabilities, max_concurrency, state)
    SELECT :tenant_id, CAST(lpad(to_hex(n), 32, '0') AS uuid), :user_id, 'a', '{}', 1, 'active'
      FROM generate_series(1, CAST(:count AS int)) AS n
    """,
    """
    INSERT INTO runs (tenant_id, id, task_id, attempt, status, priority, claimable, agent_session_id, lease_until,
                      origin_kind, origin_ref)
    SELECT :tenant_id, CAST(lpad(to_hex(n), 32, '0') AS uuid), 't' || n, 1,
           CASE WHEN n % 100 = 0 THEN 'claimed' ELSE 'completed' END, 20, false,
           CASE WHEN n % 100 = 0 THEN CAST(lpad(to_hex(n), 32, '0') AS uuid) END, NULL, 'http', 'x'
      FROM generate_series(1, CAST(:count AS int)) AS n
    """,
    """
    INSERT INTO run_lineage (tenant_id, run_id, parent_run_id, root_run_id, depth, triggered_by)
    SELECT :tenant_id, CAST(lpad(to_hex(n), 32, '0') AS uuid), r.root, r.root, 1, 'run'
      FROM generate_series(1, CAST(:count AS int)) AS n
      CROSS JOIN LATERAL (SELECT CAST(lpad(to_hex(n - n % 10 + 10), 32, '0') AS uuid) AS root) r
     WHERE n % 10 > 0
    """,
    """
    INSERT INTO run_steps (tenant_id, run_id, step_key, sequence, source_type, status)
    SELECT :tenant_id, CAST(lpad(to_hex(n), 32, '0') AS uuid), k, 1, 'tool', 'completed'
      FROM generate_series(1, CAST(:count AS int)) AS n, unnest(ARRAY['a', 'b']) AS k
    """,
    """
    INSERT INTO run_reports (tenant_id, run_id, usage)
    SELECT :tenant_id, CAST(lpad(to_hex(n), 32, '0') AS uuid), '{"inputTokens": 1}'
      FROM generate_series(1, CAST(:count AS int)) AS n
    """,
    """
    INSERT INTO artifacts (tenant_id, id, name, kind, run_id)
    SELECT :tenant_id, CAST(lpad(to_hex(n), 32, '0') AS uuid), 'a', 'json', CAST(lpad(to_hex(n), 32, '0') AS uuid)
      FROM generate_series(1, CAST(:count AS int)) AS n
    """,
    "ANALYZE runs, run_lineage, run_steps, run_reports, artifacts, agent_sessions",
)
KEYS = [UUID(int=1), UUID(int=2)]
READS: Mapping[str, tuple[Statement, Mapping[str, object]]] = {
    "steps": (run_steps.BY_RUN, {"run_ids": KEYS}),
    "payloads": (run_steps.PAYLOADS, {"run_ids": KEYS, "step_keys": ["a", "b"]}),
    "lineage": (lineage.BY_RUN, {"run_ids": KEYS}),
    "parents": (lineage.PARENTS, {"run_ids": KEYS}),
    "retried": (lineage.RETRIED, {"run_ids": KEYS}),
    "roots": (lineage.ROOTS, {"run_ids": KEYS}),
    "children": (lineage.CHILDREN, {"run_ids": KEYS, "most": 100}),
    "tree usage": (lineage.TREE_USAGE, {"run_ids": KEYS}),
    "channels": (channels.BY_RUN, {"run_ids": KEYS}),
    "artifacts": (artifacts.VISIBLE_BY_RUN, {"run_ids": KEYS, "most": 100}),
    "held": (agent_sessions.HELD, {"session_ids": KEYS}),
}


@pytest.mark.timeout(60)
async def test_what_belongs_to_runs_is_found_by_keys(db: Database, viewer: Viewer) -> None:
    for source in FILL:
        given = {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id, "count": COUNT}
        await db.fetch(composed(source), Lane.IMPORTS, **given)
    scanned = set()
    for name, (statement, asked) in READS.items():
        for mode in PLAN_MODES:
            plan = await plan_of(
                db, Lane.MAIN, statement, mode, tenant_id=viewer.tenant_id, user_id=viewer.user_id, **asked
            )
            # A table of channels that is empty may be read in any way.
            scans = [node for relation in RELATIONS for node in plan.scans(relation)]
            assert scans, name
            whole = [node for node in scans if node["Node Type"] == "Seq Scan" and node["Plan Rows"] > 1]
            scanned |= {(name, mode, node["Relation Name"]) for node in whole}
            if name == "artifacts":
                assert [node["Index Name"] for node in scans] == ["ix_artifacts_run"]
    assert scanned == set()


@pytest.mark.parametrize("further", [False, True], ids=["first", "next"])
async def test_a_page_of_sessions_walks_the_index_of_their_age(db: Database, viewer: Viewer, further: bool) -> None:
    await db.fetch(composed(FILL[1]), Lane.IMPORTS, tenant_id=viewer.tenant_id, user_id=viewer.user_id, count=COUNT)
    await db.fetch(composed("ANALYZE agent_sessions"), Lane.IMPORTS)
    plan = await plan_of(
        db,
        Lane.MAIN,
        agent_sessions.statement(agent_sessions.PAGE, (), further=further),
        "force_generic_plan",
        tenant_id=viewer.tenant_id,
        user_id=viewer.user_id,
        most=26,
        after_time="2026-01-01T00:00:00Z",
        after_id=UUID(int=1),
    )
    assert [node["Index Name"] for node in plan.scans("agent_sessions")] == ["ix_agent_sessions_created"]
