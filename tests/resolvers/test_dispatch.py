"""Dispatch in the graph: what callers say, what they read, and as many statements for 50 as for 5."""

from datetime import timedelta
from typing import Any

import pytest

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.services.registry import Services
from tests.services.test_forced import dead
from tests.services.test_leases import claimed, queued, session
from tests.support.graph import Graph

CREATE = """
mutation($input: CreateTaskInput!) {
  createTask(input: $input) {
    deduplicated sequence userErrors { code field message }
    task { id notBefore preferredCapabilities concurrencyKey uniqueKey enqueueWhenReady attemptsLeft paused pausedAt
           retryPolicy { initialSeconds factor maxSeconds jitter } }
  }
}
"""
START = """
mutation($input: StartTaskInput!) {
  startTask(input: $input) {
    run { id notBefore retryAt waitingFor concurrencyKey parent { id } depth } userErrors { code field }
  }
}
"""
WAITING = "query($id: ID!) { run(id: $id) { waitingFor retryAt } }"
LETTERS = """
query($filter: DeadLetterFilter, $first: Int, $after: String) {
  deadLetters(filter: $filter, first: $first, after: $after) {
    totalCount nodes { id error attempt task { id status } } pageInfo { hasNextPage endCursor }
  }
}
"""


async def make(graph: Graph, **more: Any) -> dict[str, Any]:
    """What createTask answers."""
    given = {"title": "x", "scope": "GLOBAL", **more}
    answer: dict[str, Any] = (await graph.data(CREATE, {"input": given}))["createTask"]
    return answer


async def start(graph: Graph, task_id: str, **more: Any) -> dict[str, Any]:
    """What startTask answers."""
    answer: dict[str, Any] = (await graph.data(START, {"input": {"taskId": task_id, **more}}))["startTask"]
    return answer


async def waits(graph: Graph, run_id: str) -> str | None:
    """What a run waits for."""
    found: str | None = (await graph.data(WAITING, {"id": run_id}))["run"]["waitingFor"]
    return found


async def change(graph: Graph, name: str, selection: str, **input: Any) -> dict[str, Any]:
    """What a mutation answers."""
    kind = name[0].upper() + name[1:] + "Input"
    document = f"mutation($input: {kind}!) {{ {name}(input: $input) {{ {selection} }} }}"
    answer: dict[str, Any] = (await graph.data(document, {"input": input}))[name]
    return answer


async def test_a_task_shows_how_it_is_dispatched(graph: Graph) -> None:
    made = await make(
        graph,
        notBefore="2099-01-02T03:04:05",
        preferredCapabilities=["gpu"],
        concurrencyKey="k",
        uniqueKey="u",
        enqueueWhenReady=True,
        retryPolicy={"initialSeconds": 5},
    )
    task = dict(made["task"])
    id = task.pop("id")
    assert task == {
        "notBefore": "2099-01-02T03:04:05Z",
        "preferredCapabilities": ["gpu"],
        "concurrencyKey": "k",
        "uniqueKey": "u",
        "enqueueWhenReady": True,
        "attemptsLeft": 3,
        "paused": False,
        "pausedAt": None,
        "retryPolicy": {"initialSeconds": 5.0, "factor": 2.0, "maxSeconds": 3600.0, "jitter": 0.5},
    }
    again = await make(graph, uniqueKey="u")
    assert (again["deduplicated"], again["sequence"], again["task"]["id"]) == (True, None, id)
    cleared = await change(
        graph,
        "updateTask",
        "task { notBefore concurrencyKey retryPolicy { factor } enqueueWhenReady title } userErrors { code }",
        taskId=id,
        notBefore=None,
        retryPolicy=None,
        concurrencyKey=None,
        enqueueWhenReady=False,
    )
    assert cleared["task"] == {
        "notBefore": None,
        "concurrencyKey": None,
        "retryPolicy": None,
        "enqueueWhenReady": False,
        "title": "x",
    }


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"retryPolicy": {"initialSeconds": -1}}, "retryPolicy.initialSeconds"),
        ({"concurrencyKey": " "}, "concurrencyKey"),
        ({"uniqueKey": "x" * 256}, "uniqueKey"),
        ({"preferredCapabilities": ["a b"]}, "preferredCapabilities"),
    ],
)
async def test_what_is_wrong_is_named(graph: Graph, given: dict[str, Any], field: str) -> None:
    (error,) = (await make(graph, **given))["userErrors"]
    assert error["field"] == field


async def test_a_run_says_what_it_waits_for(graph: Graph, services: Services, viewer: Viewer) -> None:
    later = (utc_now() + timedelta(hours=1)).isoformat()
    timed = (await make(graph, notBefore=later))["task"]["id"]
    assert (await start(graph, timed))["run"]["waitingFor"] == "TIME"
    keyed = [(await make(graph, concurrencyKey="k"))["task"]["id"] for _ in range(2)]
    first, second = [(await start(graph, id))["run"]["id"] for id in keyed]
    await services.admission.idle()
    assert [await waits(graph, first), await waits(graph, second)] == [None, "CONCURRENCY"]
    paused = (await make(graph))["task"]["id"]
    run = (await start(graph, paused))["run"]["id"]
    assert await waits(graph, run) is None
    await change(graph, "pauseTask", "task { paused } held", taskId=paused)
    assert await waits(graph, run) == "PAUSE"
    blocked, blocker = [(await make(graph))["task"]["id"] for _ in range(2)]
    held_back = (await services.tasks.enqueue(viewer, blocked)).run
    await services.task_graph.add_dependency(viewer, blocked, blocker)
    assert await waits(graph, str(held_back.id)) == "BLOCKED"


async def test_a_run_shows_its_parent(graph: Graph) -> None:
    above, below = [(await make(graph))["task"]["id"] for _ in range(2)]
    parent = (await start(graph, above))["run"]["id"]
    run = (await start(graph, below, parentRunId=parent))["run"]
    assert (run["parent"], run["depth"]) == ({"id": parent}, 1)
    refused = await start(graph, (await make(graph))["task"]["id"], parentRunId="nothing")
    assert refused["userErrors"][0]["field"] == "parentRunId"


async def test_pauses_and_limits_are_answered(graph: Graph, services: Services, viewer: Viewer) -> None:
    task_id = (await make(graph, concurrencyKey="k"))["task"]["id"]
    await start(graph, task_id)
    paused = await change(graph, "pauseTask", "task { paused } held sequence", taskId=task_id, drain=False)
    assert (paused["task"], paused["held"]) == ({"paused": True}, 0)
    await change(graph, "resumeTask", "task { paused } userErrors { code }", taskId=task_id)
    await services.admission.idle()
    limit = await change(
        graph, "setConcurrencyLimit", "concurrencyLimit { key limit dispatched waiting }", key="k", limit=7
    )
    assert limit["concurrencyLimit"] == {"key": "k", "limit": 7, "dispatched": 1, "waiting": 0}
    await services.concurrency.set_limit(viewer, "a", 2)
    pages = [(await graph.data("{ concurrencyLimits(first: 1) { totalCount nodes { key } pageInfo { endCursor } } }"))]
    after = pages[0]["concurrencyLimits"]["pageInfo"]["endCursor"]
    following = await graph.data(
        "query($after: String) { concurrencyLimits(after: $after) { nodes { key } } }", {"after": after}
    )
    assert pages[0]["concurrencyLimits"]["nodes"] + following["concurrencyLimits"]["nodes"] == [
        {"key": "a"},
        {"key": "k"},
    ]
    state = (await change(graph, "pauseDispatch", "dispatch { pausedAt held claimable waiting drained }"))["dispatch"]
    assert state.pop("pausedAt") is not None
    assert state == {"held": 0, "claimable": 1, "waiting": 0, "drained": True}
    await change(graph, "resumeDispatch", "dispatch { drained }")
    assert (await graph.data("{ dispatch { pausedAt drained } }"))["dispatch"] == {"pausedAt": None, "drained": False}


async def test_forced_moves_are_answered(graph: Graph, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer, max_attempts=1)
    worker = await session(services, viewer)
    await claimed(services, viewer, worker)
    selection = "run { status error } sequence userErrors { code }"
    released = await change(graph, "forceReleaseRun", selection, runId=str(run.id), reason="hangs")
    assert released["run"] == {"status": "QUEUED", "error": None}
    await claimed(services, viewer, worker)
    failed = await change(graph, "forceFailRun", selection, runId=str(run.id), reason="hangs")
    assert failed["run"] == {"status": "FAILED", "error": "hangs"}
    tried = await change(
        graph, "retryRun", "run { attempt status retryOf { id } triggeredBy } userErrors { code }", runId=str(run.id)
    )
    assert tried["run"] == {"attempt": 2, "status": "QUEUED", "retryOf": {"id": str(run.id)}, "triggeredBy": "user"}
    refused = await change(graph, "forceReleaseRun", "userErrors { code reason }", runId=str(run.id), reason="x")
    assert refused["userErrors"] == [{"code": "CONFLICT", "reason": "not_held"}]


async def test_dead_letters_are_paged_queued_again_and_discarded(
    graph: Graph, services: Services, viewer: Viewer
) -> None:
    runs = [str(run.id) for run in await dead(services, viewer, 5)]
    seen: list[str] = []
    after = None
    while True:
        page = (await graph.data(LETTERS, {"first": 2, "after": after}))["deadLetters"]
        seen += [node["id"] for node in page["nodes"]]
        assert page["totalCount"] == 5
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == runs[::-1]
    again = await change(graph, "requeueDeadLetters", "runs { attempt } left", limit=2)
    assert (again["runs"], again["left"]) == ([{"attempt": 2}, {"attempt": 2}], 3)
    gone = await change(graph, "discardDeadLetters", "taskIds left sequence", filter={"errorContains": "NO LUCK"})
    assert (len(gone["taskIds"]), gone["left"]) == (3, 0)
    assert (await graph.data(LETTERS))["deadLetters"]["nodes"] == []


@pytest.mark.parametrize("count", [5, 50])
async def test_as_many_statements_for_50_dead_letters_as_for_5(
    db: Database, graph: Graph, services: Services, viewer: Viewer, count: int
) -> None:
    await dead(services, viewer, count)
    before = db.statements
    page = (await graph.data(LETTERS, {"first": 50}))["deadLetters"]
    assert len(page["nodes"]) == count
    # The page, its total and the tasks.
    assert db.statements - before == 3


@pytest.mark.parametrize("after", ["x", "WzEsImRlYWQgbGV0dGVycyIsMSwyXQ"])
async def test_a_damaged_cursor_is_refused(graph: Graph, after: str) -> None:
    answer = await graph(LETTERS, {"after": after})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
