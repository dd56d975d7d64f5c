"""What the graph nests, it reads level by level: as many statements for fifty workspaces as for one."""

from pathlib import Path

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.tasks.steps import SaidStep
from app.services.registry import Services
from app.services.reports import Report
from tests.benchmarks.whole_requests import Call, observed_app
from tests.contract.workspaces_caller import BAR
from tests.support.grid import PEOPLE_ROWS, make_snapshot, make_task
from tests.support.people import make_viewer
from tests.support.sharing import share_with
from tests.support.talk import agent, take

OWNER = "owner@example.com"
NESTED = """
    { workspaces(first: 100) { nodes {
        charts { title }
        tasks(first: 2) { nodes { title runs { status steps { stepKey } } } }
        share { recipients { email } }
    } } }
"""
# Workspaces, charts, tasks, runs, steps, shares, recipients.
STATEMENTS = 7


async def furnish(services: Services, owner: Viewer, friends: list[Viewer]) -> None:
    """A workspace with two charts, a share, and a task whose run took two steps."""
    place = await make_snapshot(services, owner, rows=PEOPLE_ROWS[:1])
    for _ in range(2):
        await services.charts.create(owner, str(place.id), BAR)
    await share_with(services, owner, place.id, *friends)
    task = await make_task(services, owner, workspace_id=place.id)
    await services.tasks.enqueue(owner, task, action="start")
    worker = await agent(services, owner, place.id)
    run = str((await take(services, owner, worker)).run.id)
    steps = [SaidStep(step_key=key) for key in ("load", "sum")]
    await services.leases.report(owner, worker, run, Report(steps=steps))


@pytest.mark.parametrize("size", [1, 10, 50])
async def test_nested_lists_take_as_many_statements_for_many_as_for_one(
    dsn: str, db: Database, services: Services, size: int, tmp_path: Path
) -> None:
    owner = await make_viewer(db, email=OWNER)
    friends = [await make_viewer(db, email=f"{number}@example.com") for number in range(2)]
    for _ in range(size):
        await furnish(services, owner, friends)
    async with observed_app(dsn, tmp_path) as app:
        key = str(await app.services.identity.owner_key("acme", OWNER))
        assert len(await app.sent_for(Call.graphql(NESTED), key)) == STATEMENTS
