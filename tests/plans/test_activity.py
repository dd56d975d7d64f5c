"""The activity of a workspace is read from its newest event on, without its runs, however long the log."""

import pytest

from app.clock import utc_now
from app.db.engine import Lane
from app.domain.ids import uuid7
from app.storage import activity
from tests.plans.conftest import Full
from tests.plans.explain import PLAN_MODES, plan_of

pytestmark = [pytest.mark.parametrize("mode", PLAN_MODES), pytest.mark.timeout(60)]


async def test_what_people_did_is_read_by_the_index_without_runs(full: Full, mode: str) -> None:
    plan = await plan_of(
        full.db,
        Lane.MAIN,
        activity.ACTIVITY,
        mode,
        tenant_id=full.tenant_id,
        user_id=full.user_id,
        workspace_ids=[uuid7(utc_now())],
        most=50,
    )
    # Partitions in which there is nothing may be read whole.
    scans = [node for node in plan.scans("events") if node["Node Type"] != "Seq Scan"]
    assert scans
    assert not any(node["Node Type"] == "Seq Scan" and node["Plan Rows"] > 1 for node in plan.scans("events"))
    assert all("workspace_id = " in str(node.get("Index Cond", node.get("Recheck Cond"))) for node in scans)
    # What the index leaves out needs no look at the row.
    assert [node for node in scans if "workspace.cell" in node.get("Filter", "")] == []
