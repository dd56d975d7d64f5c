"""taskInbox, read and watched, triage and the reads of single tasks, in the graph."""

from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.status import ApprovalPolicy, TaskScope
from app.main import App
from app.services.registry import Services
from tests.services.test_leases import queued
from tests.support.graph import Graph
from tests.support.live import graph_of, subscribed
from tests.support.people import make_viewer

INBOX = """
query($filter: TaskInboxFilter) { taskInbox(filter: $filter) {
  total unreadTotal archivedTotal
  groups { lane count unreadCount items {
    lane task { id title } run { id status } approvalPolicy approvalState blockingReason latestActivityAt
    triage { taskId actor { kind ref } read archived dismissed lastSeenActivityAt updatedAt }
  } }
} }
"""
WATCH = "subscription { taskInbox { total unreadTotal archivedTotal } }"
MARK = """
mutation($input: %sInput!) { done: %s(input: $input) {
  clientMutationId sequence userErrors { code field } task { id triage { read } }
  triage { taskId read archived dismissed actor { kind ref } lastSeenActivityAt updatedAt }
} }
"""


def document(name: str) -> str:
    """The mutation of that name."""
    return MARK % (name[0].upper() + name[1:], name)


async def pending(services: Services, viewer: Viewer, title: str = "task") -> str:
    """The id of a task that waits for approval."""
    draft = TaskDraft(title=title, scope=TaskScope.GLOBAL, approval_policy=ApprovalPolicy.MANUAL)
    return (await services.tasks.create(viewer, draft)).task.id


async def test_an_inbox_is_answered_by_one_statement(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    id = await pending(services, viewer)
    before = db.statements
    found = (await graph.data(INBOX))["taskInbox"]
    assert db.statements - before == 1
    assert (found["total"], found["unreadTotal"], found["archivedTotal"]) == (1, 1, 0)
    assert [(group["lane"], group["count"], group["unreadCount"]) for group in found["groups"]] == [
        ("MY_WORK", 0, 0),
        ("APPROVALS", 1, 1),
        ("FAILED_RUNS", 0, 0),
        ("BLOCKED", 0, 0),
        ("ARCHIVED", 0, 0),
    ]
    (item,) = found["groups"][1]["items"]
    assert (item["task"]["id"], item["run"], item["blockingReason"]) == (id, None, "AWAITING_APPROVAL")
    assert (item["approvalPolicy"], item["approvalState"]) == ("MANUAL", "PENDING")
    assert item["triage"] == {
        "taskId": id,
        "actor": {"kind": "HUMAN", "ref": str(viewer.user_id)},
        "read": False,
        "archived": False,
        "dismissed": False,
        "lastSeenActivityAt": None,
        "updatedAt": None,
    }


@pytest.mark.parametrize(
    ("filter", "code"),
    [
        ({"limit": 0}, "BAD_USER_INPUT"),
        ({"limit": 101}, "BAD_USER_INPUT"),
        ({"search": "\ud800"}, "BAD_USER_INPUT"),
        ({"workspaceId": "nonsense"}, "NOT_FOUND"),
    ],
    ids=["no items", "too many items", "lone surrogate", "workspace"],
)
async def test_a_filter_that_breaks_a_rule_is_refused(graph: Graph, filter: dict[str, Any], code: str) -> None:
    answer = await graph(INBOX, {"filter": filter})
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]


@pytest.mark.parametrize(
    ("name", "archived", "dismissed"),
    [("markTaskRead", False, False), ("dismissTask", False, True), ("archiveTask", True, False)],
)
async def test_a_mark_answers_what_holds_and_causes_no_event(
    services: Services, viewer: Viewer, graph: Graph, name: str, archived: bool, dismissed: bool
) -> None:
    id = await pending(services, viewer)
    done = (await graph.data(document(name), {"input": {"taskId": id, "clientMutationId": "m"}}))["done"]
    assert (done["clientMutationId"], done["sequence"], done["userErrors"]) == ("m", None, [])
    assert done["task"] == {"id": id, "triage": {"read": True}}
    triage = done["triage"]
    assert (triage["read"], triage["archived"], triage["dismissed"]) == (True, archived, dismissed)
    assert triage["lastSeenActivityAt"] is not None and triage["updatedAt"] is not None


@pytest.mark.parametrize("name", ["markTaskRead", "dismissTask", "archiveTask"])
async def test_a_mark_on_nothing_is_refused_as_data(graph: Graph, name: str) -> None:
    done = (await graph.data(document(name), {"input": {"taskId": "nothing"}}))["done"]
    assert (done["userErrors"], done["task"], done["triage"]) == ([{"code": "NOT_FOUND", "field": None}], None, None)


async def test_a_watched_inbox_moves_with_the_work_and_with_ones_own_marks(app: App) -> None:
    viewer = await make_viewer(app.db)
    graph = graph_of(app, viewer)
    async with subscribed(app, viewer, WATCH) as live:
        assert (await live.next())["taskInbox"] == {"total": 0, "unreadTotal": 0, "archivedTotal": 0}
        id = await pending(app.services, viewer)
        assert (await live.next())["taskInbox"] == {"total": 1, "unreadTotal": 1, "archivedTotal": 0}
        await graph.data(document("markTaskRead"), {"input": {"taskId": id}})
        assert (await live.next())["taskInbox"] == {"total": 1, "unreadTotal": 0, "archivedTotal": 0}
        await graph.data(document("archiveTask"), {"input": {"taskId": id}})
        assert (await live.next())["taskInbox"] == {"total": 1, "unreadTotal": 0, "archivedTotal": 1}
    assert len(app.web.streams.views) == 0


async def test_lists_by_latest_activity_walk_on_from_their_own_cursors(
    services: Services, viewer: Viewer, graph: Graph
) -> None:
    first, second, third = [await pending(services, viewer, f"task {at}") for at in range(3)]
    await services.tasks.enqueue(viewer, first)  # a queued run waits, but it moved the task
    page = "query($a: String) { tasks(orderBy: LATEST_ACTIVITY, first: 2, after: $a) { nodes { id } pageInfo { %s } } }"
    one = (await graph.data(page % "endCursor hasNextPage"))["tasks"]
    assert ([node["id"] for node in one["nodes"]], one["pageInfo"]["hasNextPage"]) == ([first, third], True)
    two = (await graph.data(page % "hasNextPage", {"a": one["pageInfo"]["endCursor"]}))["tasks"]
    assert (two["nodes"], two["pageInfo"]["hasNextPage"]) == ([{"id": second}], False)
    wrong = await graph("query($a: String) { tasks(after: $a) { nodes { id } } }", {"a": one["pageInfo"]["endCursor"]})
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("count", [2, 30])
async def test_what_tasks_of_a_list_show_costs_a_statement_each_for_the_whole_list(
    db: Database, services: Services, viewer: Viewer, graph: Graph, count: int
) -> None:
    runs = await queued(services, viewer, count)
    ids = [run.task_id for run in runs]
    for id in ids[1:]:
        await services.task_graph.add_dependency(viewer, ids[0], id)
    await services.task_graph.create_child(viewer, ids[0], TaskDraft(title="child", scope=TaskScope.GLOBAL))
    document = """{ tasks(first: 100, filter: {search: "task"}) { nodes {
        id lastActivityAt triage { read } dependencies { id } dependents { id }
        tree { complete root { depth activeRun { id } } descendants { depth task { title } activeRun { id } } }
    } } }"""
    before = db.statements
    nodes = (await graph.data(document))["tasks"]["nodes"]
    # The page, activity with triage, both ends of edges, trees, active runs.
    assert db.statements - before == 6
    blocked = next(node for node in nodes if node["id"] == ids[0])
    assert {node["id"] for node in blocked["dependencies"]} == set(ids[1:])
    assert [node["task"]["title"] for node in blocked["tree"]["descendants"]] == ["child"]
    assert [node["id"] for node in nodes[0]["dependents"]] == [ids[0]]
    assert all(node["tree"]["root"]["activeRun"] for node in nodes)
