"""The mark of a watched chart: asked after each change of its table, and every few seconds besides."""

import pytest

from app.db.engine import Lane
from app.storage import charts
from tests.plans.conftest import Full
from tests.plans.explain import PLAN_MODES, plan_of

pytestmark = [pytest.mark.parametrize("mode", PLAN_MODES), pytest.mark.timeout(60)]


async def test_the_last_change_of_a_table_is_found_by_an_index(full: Full, mode: str) -> None:
    given = {"tenant_id": full.tenant_id, "user_id": full.user_id, "id": full.tenant_id}
    plan = await plan_of(full.db, Lane.STREAM, charts.STATE, mode, **given)
    # Partitions that are still empty are read in any way; those that are full by this.
    assert any("'tableId'" in node.get("Index Cond", "") for node in plan.scans("events"))
    assert not any("_pkey" in node.get("Index Name", "") and node["Plan Rows"] > 1 for node in plan.scans("events"))
    assert not any(node["Node Type"] == "Seq Scan" and node["Plan Rows"] > 1 for node in plan.scans("events"))
