"""The statements that move runs: they look up what they were asked for, whatever the planner believes."""

from uuid import UUID

import pytest

from app.db.engine import Lane
from app.db.statement import Statement
from app.storage import leases
from tests.plans.conftest import Full
from tests.plans.explain import PLAN_MODES, looked_up, plan_of, without_sort

# The first test of a process fills the database: a few seconds, or many on a busy machine.
pytestmark = [pytest.mark.parametrize("mode", PLAN_MODES), pytest.mark.timeout(60)]
SIZES = pytest.mark.parametrize("size", [1, 100])


def ids(kind: int, size: int) -> list[UUID]:
    """The ids that the seed gave: 1 tasks, 2 runs, 3 agent sessions."""
    return [UUID(f"018f0000-0000-7000-800{kind}-{n:012x}") for n in range(1, size + 1)]


@SIZES
@pytest.mark.parametrize("statement", [leases.CLAIM, leases.CLAIM_PREFERRED], ids=["plain", "preferred"])
async def test_a_claim_walks_the_queue_in_its_order(full: Full, mode: str, size: int, statement: Statement) -> None:
    plan = await plan_of(
        full.db,
        Lane.LEASES,
        statement,
        mode,
        tenant_id=full.tenant_id,
        place=leases.GLOBAL_PLACE,
        capabilities=("python",),
        priority_min=0,
        session_ids=ids(3, size),
        wanted=[1] * size,
        lease_seconds=[300] * size,
    )
    picked = plan.part("plain" if statement is leases.CLAIM_PREFERRED else "picked")
    assert [node["Index Name"] for node in picked.scans("runs")] == ["ix_runs_claimable"]
    assert without_sort(picked)
    # What holds a run back (its time, a pause, a key) keeps it out of that index: a claim never steps over it.
    assert not any(word in picked.scans("runs")[0]["Filter"] for word in ("gated", "not_before", "concurrency_key"))
    if statement is leases.CLAIM_PREFERRED:
        # Runs that prefer what is offered: an index of their own, and the front of the queue for its urgency.
        indexes = {node["Index Name"] for node in plan.part("preferred").scans("runs")}
        assert indexes == {"ix_runs_preferring", "ix_runs_claimable"}
    assert looked_up(plan.part("moved").scans("runs"), "pk_runs", "id")
    assert looked_up(plan.scans("tasks"), "pk_tasks", "id")
    # A table of tenants that fits on a page may be read as it is.
    assert plan.read_whole() <= {"tenants"}


@SIZES
async def test_a_heartbeat_looks_up_its_runs(full: Full, mode: str, size: int) -> None:
    plan = await plan_of(
        full.db,
        Lane.LEASES,
        leases.EXTEND,
        mode,
        tenant_id=full.tenant_id,
        run_ids=ids(2, size),
        session_ids=ids(3, size),
        epochs=[1] * size,
        lease_seconds=[300] * size,
    )
    assert len(plan.scans("runs")) == 2
    assert looked_up(plan.scans("runs"), "pk_runs", "id")
    assert looked_up(plan.scans("tasks"), "pk_tasks", "id")


@SIZES
@pytest.mark.parametrize("statement", [leases.FINISH, leases.RELEASE], ids=["finish", "release"])
async def test_an_end_looks_up_its_runs_and_tasks(full: Full, mode: str, size: int, statement: object) -> None:
    given = dict.fromkeys(("outcomes", "results", "errors", "metadata", "reasons"), [None] * size)
    plan = await plan_of(
        full.db,
        Lane.LEASES,
        leases.FINISH if statement is leases.FINISH else leases.RELEASE,
        mode,
        tenant_id=full.tenant_id,
        with_dependents=False,
        run_ids=ids(2, size),
        session_ids=ids(3, size),
        epochs=[1] * size,
        **given,
    )
    assert len(plan.scans("runs")) == 3
    assert looked_up(plan.scans("runs"), "pk_runs", "id")
    assert looked_up(plan.scans("tasks"), "pk_tasks", "id")
    assert "Seq Scan" not in plan.kinds()


@SIZES
async def test_queueing_looks_up_its_tasks_and_keys(full: Full, mode: str, size: int) -> None:
    names = "actions keys metadata channels actor_kinds actor_refs origin_kinds origin_refs not_befores"
    texts = dict.fromkeys(names.split(), [None] * size)
    plan = await plan_of(
        full.db,
        Lane.LEASES,
        leases.ENQUEUE,
        mode,
        tenant_id=full.tenant_id,
        with_dependents=False,
        task_ids=ids(1, size),
        run_ids=ids(2, size),
        **texts,
    )
    assert looked_up(plan.scans("runs"), "pk_runs", "id")
    assert looked_up(plan.scans("tasks"), "pk_tasks", "id")
    assert looked_up(plan.scans("enqueue_keys"), "pk_enqueue_keys", "key")
    assert "Seq Scan" not in plan.kinds()
