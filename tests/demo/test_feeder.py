"""The feeder, the stage and the worker's handler in one process: what they keep, what they adopt, what they refuse."""

import asyncio
from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from app.demo.feeder import Feeder
from app.demo.labour import Labour
from app.demo.seed import Stage
from app.demo.stories import STORIES, Place, story_of
from app.demo.voice import Voice
from app.worker import GraphQLClient, Worker
from app.worker.client import payload
from tests.support.server import ServerProcess
from tests.worker.office import CREATE, Office, at_work

LEFT = """{
  tasks(first: 100) { nodes { id status title } }
  tables(filter: { scope: TASK }, first: 100) { nodes { task { id } } }
}"""


def voice() -> Voice:
    """One that nobody hears."""
    return Voice("test", Console(file=StringIO(), width=200))


def workers(server: ServerProcess, places: Mapping[Place, str]) -> list[Worker]:
    """One for each workspace, in a hurry."""
    handle = Labour(0).handle
    return [Worker(server.url, server.key, agent_name="t", workspace_id=id, handler=handle) for id in places.values()]


async def told(feeder: Feeder) -> None:
    """Run a feeder to its end."""
    async with asyncio.timeout(15):
        await feeder.run()


async def test_old_tasks_go_with_their_tables(
    server: ServerProcess, client: GraphQLClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.demo.feeder.TASKS_KEPT", 1)
    monkeypatch.setattr("app.demo.feeder.TIDY_EVERY", 1)
    places = await Stage(client, voice()).set()
    feeder = Feeder(client, places, voice(), pace_seconds=0, once=True)
    async with at_work(*workers(server, places)):
        await told(feeder)
    assert feeder.failures == 0
    left = await client.send(LEFT)
    kept = {task["id"] for task in left["tasks"]["nodes"]}
    # Three may be open while the last one is made, and one that has ended is kept in each workspace.
    assert 2 <= len(kept) <= 5
    assert {table["task"]["id"] for table in left["tables"]["nodes"]} == kept


async def test_a_feeder_takes_over_what_another_left(server: ServerProcess, client: GraphQLClient) -> None:
    places = await Stage(client, voice()).set()
    story = story_of(0)
    asked = {"title": story.title, "scope": "WORKSPACE", "workspaceId": places[story.place]}
    left = payload(await client.send(CREATE, {"input": {**asked, "metadata": story.metadata(0)}}))["task"]["id"]
    feeder = Feeder(client, places, voice(), pace_seconds=0, once=False)
    feeding = asyncio.create_task(feeder.run())
    office = Office(client, "")
    async with at_work(*workers(server, places)):
        run_id = await office.again(left)  # answers the run that the feeder queued, if it was first
        await office.event(run_id, "TASK_RUN_COMPLETED")
        feeder.stop()
        await feeding
    titles = [task["title"] for task in (await client.send(LEFT))["tasks"]["nodes"]]
    assert titles[-1] == story.title
    assert set(titles) <= {story.title for story in STORIES}


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        (None, "CannotCompute: The demo's worker answers only the demo's tasks"),
        ({"demo": True, "story": "mine", "serial": 0, "question": {"kind": "guess"}}, "CannotCompute: Nobody knows"),
        (
            {"demo": True, "story": "mine", "serial": 0, "question": {"kind": "mean_by", "of": "no", "by": "date"}},
            "CannotCompute: No row holds both no and date.",
        ),
    ],
    ids=["somebody-elses", "unknown-kind", "unknown-column"],
)
async def test_a_task_that_cannot_be_answered_fails_and_says_why(
    server: ServerProcess, client: GraphQLClient, metadata: Any, error: str
) -> None:
    places = await Stage(client, voice()).set()
    office = Office(client, "")
    asked = {"title": "t", "scope": "WORKSPACE", "workspaceId": places[Place.WEATHER], "metadata": metadata}
    task = payload(await client.send(CREATE, {"input": asked}))["task"]
    async with at_work(*workers(server, places)):
        run_id = await office.again(task["id"])
        await office.event(run_id, "TASK_RUN_FAILED")
    assert (await office.run(run_id))["error"].startswith(error)
