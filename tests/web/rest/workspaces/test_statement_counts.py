"""Every list of the workspaces API takes as many statements for fifty items as for one."""

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.grid.table import TableScope
from app.domain.tasks.steps import SaidStep
from app.services.registry import Services
from app.services.reports import Report
from app.services.workspace_draft import Binding
from app.storage.rows.thread import ThreadRow
from tests.benchmarks.whole_requests import Call, observed_app
from tests.contract.workspaces_caller import BAR
from tests.support.grid import PEOPLE_ROWS, make_snapshot, make_table, make_task, make_workspace
from tests.support.people import make_viewer
from tests.support.sharing import share_with
from tests.support.talk import agent, begin, say, take

BASE = "/api/v1/workspaces"
OWNER, FRIEND = "owner@example.com", "friend@example.com"
# The look at the workspace is one of them; the numbers are promises, not findings.
EXPECTED = {
    "list": 5,
    "shared": 5,
    "candidates": 2,
    "detail": 5,
    "activity": 2,
    "charts": 2,
    "tags": 2,
    "share": 3,
    "sessions": 5,
    "messages": 4,
    "run": 7,
    "data": 3,
}


async def talk(services: Services, owner: Viewer, place_id: UUID, size: int) -> tuple[ThreadRow, str]:
    """A conversation with so many answers, and its last run, which took so many steps."""
    thread, worker = await begin(services, owner, place_id), await agent(services, owner, place_id)
    steps = [SaidStep(step_key=f"step {number}", input=number) for number in range(size)]
    for _ in range(size):
        await say(services, owner, thread)
        run = str((await take(services, owner, worker)).run.id)
        await services.leases.report(owner, worker, run, Report(steps=steps, usage={"inputTokens": 1}))
        await services.leases.complete(owner, worker, run, result="So.")
    return thread, run


async def seed(services: Services, db: Database, owner: Viewer, size: int) -> Mapping[str, Call]:
    """So many of everything, and the calls that list them."""
    place = await make_snapshot(services, owner, rows=PEOPLE_ROWS[:1] * size)
    people = [await make_viewer(db, email=f"{number}@example.com") for number in range(size)]
    friend = await make_viewer(db, email=FRIEND)
    await share_with(services, owner, place.id, *people, friend)
    tasks = [await make_task(services, owner, f"t{number}") for number in range(size)]
    for number, task in enumerate(tasks):
        table = await make_table(
            services, owner, name=f"table {number}", task_id=task, scope=TableScope.TASK, key=["name"]
        )
        live = await make_workspace(services, owner, table)
        await share_with(services, owner, live.id, friend)
        await services.charts.create(owner, str(place.id), BAR)
        await services.workspaces.attach(owner, str(place.id), Binding(task_id=task, mutates=False))
    await services.tags.set_on_workspace(owner, str(place.id), (), [f"tag {number}" for number in range(size)])
    thread, run = await talk(services, owner, place.id, size)
    for _ in range(size):
        await say(services, owner, await begin(services, owner, place.id))
    return {
        "list": Call.rest(BASE),
        "shared": Call.rest(f"{BASE}/shared", limit=100),
        "candidates": Call.rest(f"{BASE}/table-candidates"),
        "detail": Call.rest(f"{BASE}/{place.id}"),
        "activity": Call.rest(f"{BASE}/{place.id}/activity"),
        "charts": Call.rest(f"{BASE}/{place.id}/charts"),
        "tags": Call.rest(f"{BASE}/{place.id}/tags"),
        "share": Call.rest(f"{BASE}/{place.id}/share"),
        "sessions": Call.rest(f"{BASE}/{place.id}/sessions"),
        "messages": Call.rest(f"{BASE}/{place.id}/sessions/{thread.id}/messages"),
        "run": Call.rest(f"{BASE}/{place.id}/runs/{run}"),
        "data": Call.rest(f"{BASE}/{place.id}/data"),
    }


@pytest.mark.parametrize("size", [1, 10, 50])
async def test_a_list_takes_as_many_statements_for_many_items_as_for_one(
    dsn: str, db: Database, services: Services, size: int, tmp_path: Path
) -> None:
    owner = await make_viewer(db, email=OWNER)
    calls = await seed(services, db, owner, size)
    async with observed_app(dsn, tmp_path) as app:
        keys = {name: str(await app.services.identity.owner_key("acme", name)) for name in (OWNER, FRIEND)}
        found = {
            name: len(await app.sent_for(call, keys[FRIEND if name == "shared" else OWNER]))
            for name, call in calls.items()
        }
    assert found == EXPECTED
