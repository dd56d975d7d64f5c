"""GET /api/task-runs/{id}: what a run used, which tools were called, and by which session it is carried out."""

from typing import Any

import pytest

from app.domain.access.viewer import UserRole
from app.domain.tasks.steps import SaidStep
from app.services.reports import Report
from tests.contract.caller import Caller
from tests.services.test_leases import claimed, queued, session
from tests.support.people import make_viewer
from tests.web.rest.test_callers import caller as caller  # a fixture


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        (None, {}),
        ({"inputTokens": 5}, {"input_tokens": 5, "total_tokens": 5}),
        (
            {"input_tokens": 5, "outputTokens": 6, "turnCount": 2, "totalCost": "0.0125", "costCurrency": "USD"},
            {
                "input_tokens": 5,
                "output_tokens": 6,
                "total_tokens": 11,
                "turn_count": 2,
                "total_cost": 0.0125,
                "cost_currency": "USD",
            },
        ),
        ({"totalTokens": 3, "inputTokens": 1, "toolCallCount": 9}, {"total_tokens": 3, "input_tokens": 1}),
        ({"inputTokens": 2**63 - 1, "outputTokens": 2**63 - 1}, None),
        (["odd"], {}),
    ],
    ids=str,
)
async def test_a_summary_tells_what_is_known_and_leaves_out_the_rest(
    caller: Caller, usage: Any, told: dict[str, Any] | None
) -> None:
    app = caller.server.app
    viewer = await make_viewer(app.db, tenant="default", role=UserRole.ADMIN)
    await queued(app.services, viewer)
    worker = await session(app.services, viewer)
    run = await claimed(app.services, viewer, worker)
    steps = [
        SaidStep(step_key=key, tool_call_id=call) for key, call in (("a", "c1"), ("b", "c1"), ("c", "c2"), ("d", None))
    ]
    await app.services.leases.report(viewer, worker, str(run.id), Report(usage=usage, steps=steps))
    found = (await caller.call("getTaskRun", 200, str(run.id)))["run"]
    summary = found["summary"]
    assert summary.pop("last_activity_at") > found["run"]["claimed_at"]
    assert (summary.pop("last_event_type"), summary.pop("tool_call_count")) == ("task.run_reported", 2)
    most = dict.fromkeys(("input_tokens", "output_tokens", "total_tokens"), 2**63 - 1)
    assert summary == (most if told is None else told)
    bound = found["session"]
    assert (bound["session_id"], bound["agent_name"], bound["state"]) == (worker, "tester", "active")


async def test_a_run_of_which_nothing_was_said_has_neither_session_nor_numbers(caller: Caller) -> None:
    app = caller.server.app
    viewer = await make_viewer(app.db, tenant="default")
    (run,) = await queued(app.services, viewer)
    found = (await caller.call("getTaskRun", 200, str(run.id)))["run"]
    assert set(found) == {"run", "task", "summary"}
    assert set(found["summary"]) == {"last_activity_at", "last_event_type"}
