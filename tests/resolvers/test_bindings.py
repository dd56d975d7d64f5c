"""Bindings in the graph: said anew, and walked from both ends."""

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.services.registry import Services
from app.services.workspace_draft import Binding
from tests.support.graph import Graph
from tests.support.grid import make_empty, make_table, make_task, make_workspace, share, unchanged

REBIND = """
mutation($workspace: ID!, $task: ID!, $mutates: Boolean!) {
  updateTaskBinding(input: {workspaceId: $workspace, taskId: $task, mutatesWorkspace: $mutates}) {
    sequence userErrors { code field reason }
    workspace { boundTasks { taskId mutatesWorkspace task { concurrencyKey boundWorkspaces { workspace { title } } } } }
  }
}
"""
FROM_TASKS = """
{ tasks { nodes { title boundWorkspaces {
  bindingId mutatesWorkspace createdAt workspace { title owner { email } boundTasks { bindingId } }
} } } }
"""


async def test_a_binding_is_said_anew(db: Database, services: Services, viewer: Viewer, graph: Graph) -> None:
    place, task = await make_empty(services, viewer), await make_task(services, viewer)
    await services.workspaces.attach(viewer, str(place.id), Binding(task_id=task, mutates=False))
    given = {"workspace": str(place.id), "task": task, "mutates": True}
    done = (await graph.data(REBIND, given))["updateTaskBinding"]
    assert done["userErrors"] == []
    assert done["workspace"]["boundTasks"] == [
        {
            "taskId": task,
            "mutatesWorkspace": True,
            "task": {"concurrencyKey": f"workspace:{place.id}", "boundWorkspaces": [{"workspace": {"title": "Empty"}}]},
        }
    ]
    async with unchanged(db):
        again = (await graph.data(REBIND, given))["updateTaskBinding"]
        assert (again["sequence"], again["userErrors"]) == (None, [])
        unbound = (await graph.data(REBIND, {**given, "task": "other"}))["updateTaskBinding"]
        assert unbound["userErrors"] == [{"code": "NOT_FOUND", "field": "taskId", "reason": "binding_not_found"}]
    keyless = await make_workspace(services, viewer, await make_table(services, viewer))
    await services.workspaces.attach(viewer, str(keyless.id), Binding(task_id=task, mutates=False))
    async with unchanged(db):
        refused = (await graph.data(REBIND, {**given, "workspace": str(keyless.id)}))["updateTaskBinding"]
    assert refused["userErrors"] == [{"code": "CONFLICT", "field": "mutatesWorkspace", "reason": "workspace_read_only"}]


async def test_bindings_are_walked_from_the_task_as_from_the_workspace(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    task = await make_task(services, viewer, "work")
    mine, theirs = await make_empty(services, viewer, "mine"), await make_empty(services, colleague, "theirs")
    await services.workspaces.attach(viewer, str(mine.id), Binding(task_id=task, mutates=True))
    await services.workspaces.attach(colleague, str(theirs.id), Binding(task_id=task, mutates=False))

    async def seen(who: Viewer) -> list[tuple[str, bool]]:
        (node,) = (await graph.as_(who).data(FROM_TASKS))["tasks"]["nodes"]
        for one in node["boundWorkspaces"]:
            assert one["workspace"]["boundTasks"] == [{"bindingId": one["bindingId"]}]
        return [(one["workspace"]["title"], one["mutatesWorkspace"]) for one in node["boundWorkspaces"]]

    assert await seen(viewer) == [("mine", True)]
    assert await seen(colleague) == [("theirs", False)]
    await share(db, viewer, mine.id, colleague)
    assert await seen(colleague) == [("mine", True), ("theirs", False)]


async def test_a_list_of_tasks_with_their_workspaces_takes_as_many_statements_as_one(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    async def scene(at: int) -> None:
        place, task = await make_empty(services, viewer, f"place {at}"), await make_task(services, viewer, f"task {at}")
        await services.workspaces.attach(viewer, str(place.id), Binding(task_id=task, mutates=True))

    async def statements() -> int:
        before = db.statements
        nodes = (await graph.data(FROM_TASKS))["tasks"]["nodes"]
        assert all(len(node["boundWorkspaces"]) == 1 for node in nodes)
        return db.statements - before

    await scene(0)
    one = await statements()
    for at in range(1, 5):
        await scene(at)
    assert await statements() == one <= 5
