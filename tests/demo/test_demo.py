"""The demo as a person starts it: it seeds, it works, and nothing that is killed stops it for good."""

import os
import signal
from collections import Counter
from typing import Any

import pytest

from app.demo.data import CARS, WEATHER, rows_of
from app.demo.findings import compute
from app.demo.stories import STORIES
from app.worker import GraphQLClient
from tests.demo.conftest import Starter
from tests.support.server import ServerProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

STAGE = """{
  workspaces(first: 10) { nodes {
    title mode
    rows(limit: 1) { total }
    charts { title data { rows { x y group } } }
  } }
  tables(filter: { scope: TENANT }) { nodes { name rowCount } }
}"""
TASKS = """{
  tasks(first: 100) { nodes { title status lastAttempt metadata workspace { title }
    runs { status attempt error result progress { fraction message } } } }
  tables(filter: { scope: TASK }, first: 100) { nodes { id name rowCount } }
}"""


async def test_it_tells_each_story_once_and_the_numbers_are_true(
    demo: Starter, client: GraphQLClient, server: ServerProcess
) -> None:
    program = demo("--once", "--pace=0")
    await program.start()
    assert await program.ended(within=45) == 0, program.output

    found = await client.send(TASKS)
    tasks: dict[str, Any] = {task["metadata"]["story"]: task for task in found["tasks"]["nodes"]}
    written = {table["id"]: (table["name"], int(table["rowCount"])) for table in found["tables"]["nodes"]}
    assert sorted(tasks) == sorted(story.name for story in STORIES)
    for story in STORIES:
        task = tasks[story.name]
        rows = rows_of(WEATHER if story.place == "Seattle weather" else CARS)
        expected = compute(story.question, rows)
        assert (task["status"], task["workspace"]["title"]) == ("COMPLETED", story.place)
        result = task["runs"][0]["result"]
        assert result["rowsRead"] == len(rows)
        assert result["summary"] == expected.summary
        assert result["rows"] == list(expected.rows[:12])
        assert written[result["table"]["id"]] == (result["table"]["name"], len(expected.rows))
    retried = {name: [run["status"] for run in task["runs"]] for name, task in tasks.items() if task["lastAttempt"] > 1}
    assert retried == {STORIES[3].name: ["COMPLETED", "FAILED"]}
    assert tasks[STORIES[3].name]["runs"][1]["error"].startswith("SimulatedFault: the demo lets ")


async def test_a_second_start_finds_its_stage_set(demo: Starter, client: GraphQLClient) -> None:
    for _ in range(2):
        program = demo("--pace=60")
        await program.start()
        await program.saying("feeder queued")
        assert await program.terminate() == 0, program.output
    stage = await client.send(STAGE)
    assert sorted((table["name"], int(table["rowCount"])) for table in stage["tables"]["nodes"]) == [
        ("cars", 406),
        ("seattle_weather", 1461),
    ]
    places = {place["title"]: place for place in stage["workspaces"]["nodes"]}
    assert {title: (place["mode"], place["rows"]["total"]) for title, place in places.items()} == {
        "Seattle weather": ("OPERATIONAL", 1461),
        "Cars": ("SNAPSHOT", 406),
    }
    assert len(stage["workspaces"]["nodes"]) == 2
    assert {title: len(place["charts"]) for title, place in places.items()} == {"Seattle weather": 2, "Cars": 2}
    kinds = next(chart for chart in places["Seattle weather"]["charts"] if chart["title"] == "Days by kind of weather")
    days = Counter(row["weather"] for row in rows_of(WEATHER))
    assert {row["x"]: row["y"] for row in kinds["data"]["rows"]} == dict(days)


async def test_the_story_goes_on_when_the_server_was_killed(demo: Starter, server: ServerProcess) -> None:
    program = demo("--pace=0.5")
    await program.start()
    await program.saying("feeder done")
    await server.kill()
    told = len(program.lines)
    await server.start()
    await program.saying("feeder done", after=told)
    assert await program.terminate() == 0, program.output


async def test_the_story_goes_on_when_the_worker_was_killed(demo: Starter, client: GraphQLClient) -> None:
    program = demo("--pace=0.5")
    await program.start()
    worker = int((await program.saying(r"the worker runs as process (\d+)"))[1])
    await program.saying("feeder done")
    os.kill(worker, signal.SIGKILL)
    told = len(program.lines)
    await program.saying(r"the worker ended with -9; it is started again", after=told)
    await program.saying("feeder done", after=told)
    assert await program.terminate() == 0, program.output


async def test_no_child_outlives_the_demo(demo: Starter) -> None:
    program = demo()
    await program.start()
    await program.saying("the feeder runs as process")
    await program.saying("the worker runs as process")
    # Its output ends when the last process that could write to it has ended.
    await program.kill()
