"""The log and the lists: read in the order of an index, from a place."""

import pytest

from app.db.engine import Lane
from app.storage import events, task_list
from app.storage.task_list import TaskOrder
from tests.plans.conftest import EVENTS, Full
from tests.plans.explain import PLAN_MODES, conditions, plan_of, without_sort

# The first test of a process fills the database: a few seconds, or many on a busy machine.
pytestmark = [pytest.mark.parametrize("mode", PLAN_MODES), pytest.mark.timeout(60)]


async def test_the_tailer_reads_each_partition_by_its_key(full: Full, mode: str) -> None:
    plan = await plan_of(
        full.db, Lane.STREAM, events.TAIL, mode, tenant_ids=[full.tenant_id], positions=[EVENTS - 5], most=500
    )
    scans = plan.scans("events")
    assert len(scans) >= 4
    assert all(node["Index Name"].endswith("_pkey") for node in scans)
    assert all("tenant_id = " in one and "sequence > " in one for one in conditions(scans))
    assert "Merge Append" in plan.kinds()


async def test_a_reader_walks_the_log_from_its_cursor(full: Full, mode: str) -> None:
    if full.stale:
        pytest.skip("without statistics of a partition, the log is read by the index of workspaces and sorted")
    plan = await plan_of(
        full.db,
        Lane.STREAM,
        events.read_statement(()),
        mode,
        tenant_id=full.tenant_id,
        user_id=full.user_id,
        after=EVENTS - 5,
        most=200,
    )
    scans = [node for node in plan.scans("events") if "sequence > " in node.get("Index Cond", "")]
    assert scans
    assert all(node["Index Name"].endswith("_pkey") for node in scans)
    assert not any(node["Node Type"] == "Seq Scan" and node["Plan Rows"] > 1 for node in plan.scans("events"))


@pytest.mark.parametrize("after", [False, True], ids=["first", "next"])
async def test_a_page_of_tasks_walks_the_index_of_their_age(full: Full, mode: str, after: bool) -> None:
    order = TaskOrder.NEWEST_FIRST
    statement = task_list.statement(task_list.SOURCES[order], (), task_list.AFTER[order] if after else "")
    plan = await plan_of(
        full.db,
        Lane.MAIN,
        statement,
        mode,
        tenant_id=full.tenant_id,
        user_id=full.user_id,
        most=26,
        after_created="2026-01-01T00:00:00Z",
        after_id="x",
    )
    assert [node["Index Name"] for node in plan.scans("tasks")] == ["ix_tasks_created"]
    assert without_sort(plan)


async def test_what_happened_to_a_table_is_found_by_an_index(full: Full, mode: str) -> None:
    plan = await plan_of(
        full.db,
        Lane.STREAM,
        events.read_statement(("table_id", "types")),
        mode,
        tenant_id=full.tenant_id,
        user_id=full.user_id,
        workspace_id=full.tenant_id,
        table_id=full.tenant_id,
        types=["workspace.cell_updated"],
        after=0,
        most=200,
    )
    # Partitions that are still empty are read in any way; the one that is full by this.
    assert any("'tableId'" in node.get("Index Cond", "") for node in plan.scans("events"))
    assert not any(node["Node Type"] == "Seq Scan" and node["Plan Rows"] > 1 for node in plan.scans("events"))
