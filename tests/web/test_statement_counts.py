"""Every list, the dashboard, the inbox and what is shown of a task: as many statements for 1 000 tasks as for 10."""

from pathlib import Path

import pytest

from app.db.engine import Database
from tests.benchmarks.read_calls import CASES
from tests.benchmarks.seed_work import seed_work
from tests.benchmarks.whole_requests import observed_app
from tests.support.people import make_viewer

OWNER = "owner@example.com"
# With a run of each task, what it waits for and what it has below it; the numbers are promises, not findings.
EXPECTED = {
    "graphql: 50 filtered tasks with their latest runs": 2,
    "graphql: the same by latest activity": 2,
    "rest: list, limit 50": 3,
    "rest: filtered list, limit 50": 3,
    "rest: filtered list": 3,
    "graphql: dashboard": 1,
    "rest: dashboard": 1,
    "graphql: inbox": 1,
    "rest: inbox, 10 of each lane": 1,
    "graphql: task": 5,
    "rest: task": 7,
    "graphql: tree of 9": 2,
    "rest: tree of 9": 3,
}


@pytest.mark.parametrize("size", [10, 1_000])
async def test_a_read_takes_as_many_statements_for_few_tasks_as_for_many(
    dsn: str, db: Database, size: int, tmp_path: Path
) -> None:
    await seed_work(db, await make_viewer(db, tenant="acme", email=OWNER), size)
    async with observed_app(dsn, tmp_path) as app:
        key = str(await app.services.identity.owner_key("acme", OWNER))
        assert {name: len(await app.sent_for(call, key)) for name, call in CASES.items()} == EXPECTED
