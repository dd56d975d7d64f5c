"""Tasks in the graph: refusals as data, pages without repeats or gaps, and as many statements for 50 as for 5."""

import asyncio
import base64
from typing import Any

import orjson
import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.paging import encode_cursor
from app.domain.tasks.status import TaskScope
from app.services.registry import Services
from tests.services.test_leases import claimed, session
from tests.services.test_tasks import create
from tests.support.graph import Graph
from tests.support.grid import make_empty, share
from tests.support.log import counts

CREATE = """
mutation($input: CreateTaskInput!) {
  createTask(input: $input) { clientMutationId sequence task { id } userErrors { code message field } }
}
"""
PAGE = """
query($first: Int, $after: String, $filter: TaskFilter, $order: TaskOrder! = NEWEST_FIRST) {
  tasks(first: $first, after: $after, filter: $filter, orderBy: $order) {
    edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
  }
}
"""
WHOLE = """
query($id: ID!) {
  task(id: $id) {
    id identifier scope title description status priority maxAttempts lastAttempt approvalPolicy approvalState
    requiredCapabilities networkChannel metadata createdBy { kind ref } origin { kind ref } childCount closedAt draft
    owner { kind ref } workspace { id title } parent { id } children { id } activeRun { id } latestRun { id }
    runs { id attempt status task { id } agentSession { id } lease { leaseEpoch holder { kind } } progress { message } }
  }
}
"""


async def page(graph: Graph, first: int | None = None, after: str | None = None, **more: Any) -> dict[str, Any]:
    """One page of tasks."""
    found: dict[str, Any] = (await graph.data(PAGE, {"first": first, "after": after, **more}))["tasks"]
    return found


async def walked(graph: Graph, first: int, **more: Any) -> list[str]:
    """The ids of all pages, one after another."""
    ids: list[str] = []
    after = None
    while True:
        found = await page(graph, first, after, **more)
        ids += [edge["node"]["id"] for edge in found["edges"]]
        if not found["pageInfo"]["hasNextPage"]:
            return ids
        after = found["pageInfo"]["endCursor"]


async def test_a_task_tells_all_about_itself(services: Services, viewer: Viewer, graph: Graph) -> None:
    place = await make_empty(services, viewer, "Weather")
    given = {
        "id": "mine",
        "title": "Count",
        "scope": "WORKSPACE",
        "workspaceId": str(place.id),
        "identifier": "A-1",
        "description": "at length",
        "priority": "URGENT",
        "maxAttempts": 5,
        "owner": {"kind": "POOL", "ref": "robots"},
        "requiredCapabilities": ["gpu"],
        "networkChannel": "c",
        "metadata": {"a": 1},
    }
    made = (await graph.data(CREATE, {"input": {**given, "clientMutationId": "m1"}}))["createTask"]
    assert (made["clientMutationId"], made["userErrors"], made["task"]) == ("m1", [], {"id": "mine"})
    assert (await graph.data(WHOLE, {"id": "mine"}))["task"] == {
        **{name: value for name, value in given.items() if name != "workspaceId"},
        "status": "READY",
        "lastAttempt": 0,
        "approvalPolicy": "NONE",
        "approvalState": "NOT_REQUIRED",
        "createdBy": {"kind": "HUMAN", "ref": str(viewer.user_id)},
        "origin": {"kind": "HTTP", "ref": "tasks.create"},
        "childCount": 0,
        "closedAt": None,
        "draft": False,
        "workspace": {"id": str(place.id), "title": "Weather"},
        "parent": None,
        "children": [],
        "activeRun": None,
        "latestRun": None,
        "runs": [],
    }


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"title": " "}, "BAD_USER_INPUT", "title"),
        ({"title": "\x00"}, "BAD_USER_INPUT", "title"),
        ({"maxAttempts": 11}, "BAD_USER_INPUT", "maxAttempts"),
        ({"workspaceId": "x"}, "BAD_USER_INPUT", "workspaceId"),
        ({"scope": "WORKSPACE", "workspaceId": "x"}, "NOT_FOUND", "workspaceId"),
        ({"networkChannel": "No"}, "BAD_USER_INPUT", "networkChannel"),
        ({"metadata": "x" * 20_000}, "BAD_USER_INPUT", "metadata"),
        ({"id": "taken"}, "CONFLICT", "id"),
    ],
    ids=lambda part: str(part)[:30],
)
async def test_what_a_caller_can_mend_is_answered_as_data(
    db: Database, services: Services, viewer: Viewer, graph: Graph, given: dict[str, Any], code: str, field: str
) -> None:
    await create(services, viewer, id="taken")
    before = await counts(db)
    asked = {"title": "t", "scope": "GLOBAL", "clientMutationId": "m", **given}
    answer = (await graph.data(CREATE, {"input": asked}))["createTask"]
    [told] = answer.pop("userErrors")
    assert answer == {"clientMutationId": "m", "sequence": None, "task": None}
    assert (told["code"], told["field"], told["message"] != "") == (code, field, True)
    assert await counts(db) == before


ACTIONS = """
mutation($id: ID!, $run: ID!) {
  start: startTask(input: {taskId: $id}) { task { id } run { id } sequence userErrors { code reason } }
  publish: publishTask(input: {taskId: $id}) { task { id } run { id } sequence userErrors { code reason } }
  enqueue: enqueueRun(input: {taskId: $id}) { task { id } run { id } sequence userErrors { code reason } }
  cancel: cancelTask(input: {taskId: $id}) { task { id } sequence userErrors { code reason } }
  stop: cancelRun(input: {runId: $run}) { run { id } sequence userErrors { code reason } }
}
"""


async def test_every_action_on_nothing_is_refused_as_data(db: Database, graph: Graph) -> None:
    before = await counts(db)
    found = await graph.data(ACTIONS, {"id": "nothing", "run": "nothing"})
    assert set(found) == {"start", "publish", "enqueue", "cancel", "stop"}
    assert [[error["code"] for error in answer["userErrors"]] for answer in found.values()] == [["NOT_FOUND"]] * 5
    assert {answer["sequence"] for answer in found.values()} == {None}
    assert await counts(db) == before


async def test_the_reason_of_a_refusal_is_a_word(services: Services, viewer: Viewer, graph: Graph) -> None:
    task = await create(services, viewer, draft=True)
    answer = await graph(ACTIONS, {"id": task.id, "run": task.id})
    told = {name: answer["data"][name]["userErrors"] for name in ("start", "publish", "enqueue", "cancel")}
    assert told == {
        "start": [{"code": "CONFLICT", "reason": "draft"}],
        "publish": [],
        "enqueue": [{"code": "CONFLICT", "reason": "open_run"}],
        "cancel": [],
    }


async def test_payloads_show_the_task_after_the_change(services: Services, viewer: Viewer, graph: Graph) -> None:
    task = await create(services, viewer, draft=True)
    document = """
    mutation($id: ID!) {
      a: publishTask(input: {taskId: $id}) { task { status lastAttempt activeRun { status } } run { attempt } }
      b: cancelTask(input: {taskId: $id}) { task { status activeRun { id } latestRun { status } } sequence }
      c: cancelTask(input: {taskId: $id}) { task { status } sequence userErrors { code } }
    }
    """
    assert await graph.data(document, {"id": task.id}) == {
        "a": {"task": {"status": "READY", "lastAttempt": 1, "activeRun": {"status": "QUEUED"}}, "run": {"attempt": 1}},
        "b": {"task": {"status": "CANCELED", "activeRun": None, "latestRun": {"status": "CANCELED"}}, "sequence": "5"},
        "c": {"task": {"status": "CANCELED"}, "sequence": None, "userErrors": []},
    }


# Pages


@pytest.mark.parametrize("order", ["NEWEST_FIRST", "LATEST_ACTIVITY"])
async def test_pages_meet_every_task_once_while_others_are_made(
    services: Services, viewer: Viewer, graph: Graph, order: str
) -> None:
    before = [(await create(services, viewer)).id for _ in range(40)]
    seen: list[str] = []
    after = None
    for _ in range(8):
        found = await page(graph, 5, after, order=order)
        seen += [edge["node"]["id"] for edge in found["edges"]]
        after = found["pageInfo"]["endCursor"]
        await asyncio.gather(*[create(services, viewer) for _ in range(7)])
    assert seen == before[::-1]
    assert not found["pageInfo"]["hasNextPage"]


async def test_tasks_made_in_the_same_moment_are_paged_without_repeats_or_gaps(
    services: Services, viewer: Viewer, graph: Graph
) -> None:
    # One statement makes them all, so that they share one instant and only their ids tell them apart.
    await asyncio.gather(*[create(services, viewer) for _ in range(60)])
    ids = await walked(graph, 7)
    assert (len(ids), len(set(ids))) == (60, 60)


async def test_a_page_tells_where_it_stands(services: Services, viewer: Viewer, graph: Graph) -> None:
    ids = [(await create(services, viewer)).id for _ in range(3)][::-1]
    first = await page(graph, 2)
    assert [node["id"] for node in first["nodes"]] == [edge["node"]["id"] for edge in first["edges"]] == ids[:2]
    cursors = [edge["cursor"] for edge in first["edges"]]
    assert first["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": cursors[0],
        "endCursor": cursors[1],
    }
    assert first["totalCount"] == 3
    last = await page(graph, 2, cursors[1])
    assert ([node["id"] for node in last["nodes"]], last["totalCount"]) == (ids[2:], 3)
    assert (last["pageInfo"]["hasNextPage"], last["pageInfo"]["hasPreviousPage"]) == (False, True)
    beyond = await page(graph, 2, last["pageInfo"]["endCursor"])
    assert beyond["edges"] == []
    assert beyond["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": None,
        "endCursor": None,
    }


async def test_a_page_has_25_unless_asked_and_100_at_most(services: Services, viewer: Viewer, graph: Graph) -> None:
    await asyncio.gather(*[create(services, viewer) for _ in range(101)])
    assert len((await page(graph))["edges"]) == 25
    assert len((await page(graph, 100))["edges"]) == 100
    for first in (0, -1, 101, 2**31 - 1):
        answer = await graph(PAGE, {"first": first})
        [told] = answer["errors"]
        assert told["extensions"] == {
            "code": "BAD_USER_INPUT",
            "field": "first",
            "limit": 100,
            "requestId": "test-request",
        }
        assert told["message"] == f"first is {first}; give 1 to 100."


DAMAGED = [
    "",
    "x",
    "!!!!",
    "é",
    "\x00",
    "x" * 2_000,
    encode_cursor("events", ("2026-01-01T00:00:00+00:00", "x")),
    encode_cursor("tables", ("2026-01-01T00:00:00+00:00", "x")),
    encode_cursor("tasks", ("2026-01-01T00:00:00+00:00",)),
    encode_cursor("tasks", ("2026-01-01T00:00:00+00:00", "x", "y")),
    encode_cursor("tasks", ("2026-01-01T00:00:00", "x")),
    encode_cursor("tasks", ("yesterday", "x")),
    encode_cursor("tasks", (5, "x")),
    encode_cursor("tasks", (None, None)),
    encode_cursor("tasks", ("2026-01-01T00:00:00+00:00", "\x00")),
    encode_cursor("tasks", ("0001-01-01T00:00:00+14:00", "x")),
    encode_cursor("tasks", ({"a": 1}, [2])),
    base64.urlsafe_b64encode(b'[2,"tasks","2026-01-01T00:00:00+00:00","x"]').decode(),
    base64.urlsafe_b64encode(b"{}").decode(),
    base64.urlsafe_b64encode(b"[" * 500).decode(),
    base64.urlsafe_b64encode(orjson.dumps([1, "tasks; DROP TABLE tasks", "x", "y"])).decode(),
]


@pytest.mark.parametrize("order", ["NEWEST_FIRST", "LATEST_ACTIVITY"])
@pytest.mark.parametrize("cursor", DAMAGED, ids=lambda cursor: repr(cursor[:30]))
async def test_a_cursor_of_another_list_or_none_at_all_is_refused(graph: Graph, cursor: str, order: str) -> None:
    answer = await graph(PAGE, {"after": cursor, "order": order})
    [told] = answer["errors"]
    assert (told["extensions"]["code"], told["extensions"]["field"]) == ("BAD_USER_INPUT", "after")
    assert answer["data"] is None


async def test_a_cursor_of_one_order_is_refused_in_the_other(services: Services, viewer: Viewer, graph: Graph) -> None:
    await create(services, viewer)
    for one, other in (("NEWEST_FIRST", "LATEST_ACTIVITY"), ("LATEST_ACTIVITY", "NEWEST_FIRST")):
        cursor = (await page(graph, order=one))["edges"][0]["cursor"]
        answer = await graph(PAGE, {"after": cursor, "order": other})
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_total_is_counted_only_when_it_is_asked_for(db: Database, graph: Graph) -> None:
    before = db.statements
    await graph.data("{ tasks { nodes { id } } }")
    without = db.statements - before
    await graph.data("{ tasks { nodes { id } totalCount } }")
    assert (without, db.statements - before - without) == (1, 2)


async def test_lists_and_counts_show_only_what_one_may_see(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    own = await create(services, viewer, scope=TaskScope.WORKSPACE, workspace_id=str(place.id), title="own")
    everybodys = await create(services, viewer, title="everybody's")
    theirs = graph.as_(colleague)
    assert await walked(graph, 10) == [everybodys.id, own.id]
    assert (await walked(theirs, 10), (await page(theirs))["totalCount"]) == ([everybodys.id], 1)
    assert (await walked(graph.as_(outsider), 10), (await page(graph.as_(outsider)))["totalCount"]) == ([], 0)
    assert await theirs.data(WHOLE, {"id": own.id}) == {"task": None}
    await share(db, viewer, place.id, colleague)
    assert await walked(theirs, 10) == [everybodys.id, own.id]
    assert (await theirs.data(WHOLE, {"id": own.id}))["task"]["id"] == own.id


RELATED = """
query($first: Int!) {
  tasks(first: $first) {
    totalCount nodes { id latestRun { id status } runs { id agentSession { id agentName user { email } } } }
  }
}
"""
# Fields that need the same loader at different depths may share its statement or not, as their turns come.
NESTED = """
query($first: Int!) {
  tasks(first: $first) {
    nodes {
      children { id }
      activeRun { id }
      latestRun { id agentSession { id user { email } } progress { message } outcome { summary } usage transcript }
      runs { id task { id latestRun { id } } agentSession { id agentName } progress { message } }
    }
  }
}
"""
NESTED_STATEMENTS_MAX = 12


@pytest.mark.parametrize("first", [5, 50])
async def test_as_many_statements_for_50_tasks_as_for_5(
    db: Database, services: Services, viewer: Viewer, graph: Graph, first: int
) -> None:
    for at in range(first):
        task = await create(services, viewer)
        await services.tasks.enqueue(viewer, task.id)
        worker = await session(services, viewer)
        run = await claimed(services, viewer, worker)
        if at % 2:
            await services.leases.fail(viewer, worker, str(run.id), error="broke")
            await services.tasks.enqueue(viewer, task.id)
            await services.leases.claim(viewer, worker)
    before = db.statements
    found = (await graph.data(RELATED, {"first": first}))["tasks"]
    assert db.statements - before == 6
    assert (len(found["nodes"]), found["totalCount"]) == (first, first)
    assert {len(node["runs"]) for node in found["nodes"]} == {1, 2}
    assert {run["agentSession"]["user"]["email"] for node in found["nodes"] for run in node["runs"]} == {viewer.email}
    before = db.statements
    await graph.data(NESTED, {"first": first})
    assert db.statements - before <= NESTED_STATEMENTS_MAX


async def test_each_relation_of_a_list_is_one_statement(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    for _ in range(5):
        task = await create(services, viewer)
        await services.tasks.enqueue(viewer, task.id)
    for selection, statements in (
        ("id", 1),
        ("runs { id }", 2),
        ("latestRun { id }", 2),
        ("runs { id } latestRun { id } activeRun { id }", 3),
        ("runs { task { id } }", 3),
        ("children { id } parent { id }", 2),
        ("runs { agentSession { id } }", 2),
    ):
        before = db.statements
        await graph.data(f"{{ tasks {{ nodes {{ {selection} }} }} }}")
        assert (selection, db.statements - before) == (selection, statements)
