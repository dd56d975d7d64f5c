"""Workspaces and charts in the graph: every relation from both ends, and how many statements they take."""

from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.services.registry import Services
from app.services.workspace_draft import Binding
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import WorkspaceRow
from tests.services.test_charts import SPEC
from tests.support.graph import Graph
from tests.support.grid import (
    PEOPLE_ROWS,
    archive,
    make_empty,
    make_table,
    make_task,
    make_workspace,
    share,
    unchanged,
)

CREATE = """
mutation($input: CreateWorkspaceInput!) {
  createWorkspace(input: $input) {
    sequence userErrors { code message field }
    warnings { code message requestedRowIdColumn effectiveRowIdColumn }
    workspace {
      id title description mode status viewerAccess ownerUserId owner { email } rowIdColumn seedArtifactVersionId
      backingTableName backingTableScope backingSourceType backingRowIdentityColumns rendererConfig archivedAt
      table { name } columns { name } rows { items total } boundTasks { name displayName lifecycle mutatesWorkspace }
    }
  }
}
"""
CHART = """
mutation($workspace: ID!, $spec: JSON!) {
  createChart(input: {workspaceId: $workspace, spec: $spec}) {
    sequence userErrors { code field }
    chart {
      id title position collapsed chartSpecVersion spec option rendererConfig artifact { id kind } workspace { id }
      createdBy { email } lastEditedBy { email }
      data { chartId xColumn groupColumn yLabel truncated rows { x y group } }
    }
  }
}
"""
DEEP = """
{
  workspaces(first: 50) {
    nodes {
      title owner { email } viewerAccess backingTableName columns { name }
      table { name createdBy { email } }
      charts { title artifact { name versions { version } } workspace { title } createdBy { email } }
      boundTasks { name task { title workspace { title } } }
    }
  }
}
"""

NOT_UNIQUE = {
    "code": "row_id_column_not_unique",
    "message": "Nothing keeps 'age' from repeating; rows are identified by the key of the table (name).",
    "requestedRowIdColumn": "age",
    "effectiveRowIdColumn": "name",
}
LIVE = {
    "title": "Live",
    "description": None,
    "mode": "OPERATIONAL",
    "status": "ACTIVE",
    "viewerAccess": "OWNER",
    "owner": {"email": "owner@example.com"},
    "rowIdColumn": "name",
    "seedArtifactVersionId": None,
    "backingTableName": "people",
    "backingTableScope": "TENANT",
    "backingSourceType": "TABLE",
    "backingRowIdentityColumns": ["name"],
    "rendererConfig": {},
    "archivedAt": None,
    "table": {"name": "people"},
    "columns": [{"name": "name"}, {"name": "age"}, {"name": "height"}],
    "rows": {"items": [{"name": "Ada", "age": 36, "height": 1.65}], "total": 1},
    "boundTasks": [
        {
            "name": "sum-it-up",
            "displayName": "Sum it up!",
            "lifecycle": "ACTIVE",
            "mutatesWorkspace": True,
        }
    ],
}


async def scene(services: Services, viewer: Viewer, at: int) -> tuple[TableRow, WorkspaceRow]:
    """A table, a workspace on it, charts and a bound task."""
    table = await make_table(services, viewer, rows=PEOPLE_ROWS, name=f"table {at}", key=("name",))
    place = await make_workspace(services, viewer, table, title=f"place {at}")
    for _ in range(3):
        await services.charts.create(viewer, str(place.id), SPEC)
    task = await make_task(services, viewer, f"task {at}", workspace_id=place.id)
    await services.workspaces.attach(viewer, str(place.id), Binding(task_id=task, mutates=True))
    return table, place


async def test_a_list_of_workspaces_takes_as_many_statements_as_one(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    async def statements() -> tuple[int, int]:
        before = db.statements
        nodes = (await graph.data(DEEP))["workspaces"]["nodes"]
        assert all(len(node["charts"]) == 3 and node["boundTasks"][0]["task"]["workspace"] for node in nodes)
        return len(nodes), db.statements - before

    await scene(services, viewer, 0)
    one = await statements()
    for at in range(1, 6):
        await scene(services, viewer, at)
    many = await statements()
    assert (one[0], many[0]) == (1, 6)
    assert one[1] == many[1] <= 10


async def test_the_data_of_each_chart_is_one_statement(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    document = "{ workspaces { nodes { charts { data { rows { x y } } } } } }"
    await scene(services, viewer, 0)
    before = db.statements
    await graph.data(document)
    one = db.statements - before
    await scene(services, viewer, 1)
    before = db.statements
    await graph.data(document)
    assert db.statements - before == one + 3


async def test_an_operational_workspace_is_what_was_asked_for(services: Services, viewer: Viewer, graph: Graph) -> None:
    await make_table(services, viewer, rows=PEOPLE_ROWS[:1], key=("name",))
    task = await make_task(services, viewer, "Sum it up!")
    given = {
        "title": "Live",
        "mode": "OPERATIONAL",
        "backingTableName": "people",
        "rowIdColumn": "age",
        "taskBindings": [{"taskId": task, "mutatesWorkspace": True}],
    }
    made = (await graph.data(CREATE, {"input": given}))["createWorkspace"]
    assert made["workspace"].pop("id")
    assert made["workspace"].pop("ownerUserId") == str(viewer.user_id)
    assert made == {"sequence": "5", "userErrors": [], "warnings": [NOT_UNIQUE], "workspace": LIVE}


async def test_a_title_alone_makes_an_empty_snapshot(graph: Graph) -> None:
    made = (await graph.data(CREATE, {"input": {"title": "Empty"}}))["createWorkspace"]["workspace"]
    assert (made["mode"], made["table"], made["backingTableName"], made["columns"]) == ("SNAPSHOT", None, None, [])
    assert made["rows"] == {"items": [], "total": 0}


async def test_each_thing_that_is_wrong_is_a_user_error(db: Database, graph: Graph) -> None:
    given = {"title": "x", "mode": "OPERATIONAL", "artifactId": "a", "version": 0}
    async with unchanged(db):
        made = (await graph.data(CREATE, {"input": given}))["createWorkspace"]
    assert [(e["code"], e["field"]) for e in made["userErrors"]] == [
        ("BAD_USER_INPUT", "backingTableName"),
        ("BAD_USER_INPUT", "artifactId"),
        ("BAD_USER_INPUT", "version"),
    ]
    assert (made["workspace"], made["warnings"], made["sequence"]) == (None, [], None)


async def test_a_chart_answers_with_its_data(services: Services, viewer: Viewer, graph: Graph) -> None:
    place = await make_workspace(services, viewer, await make_table(services, viewer, rows=PEOPLE_ROWS))
    variables: dict[str, Any] = {"workspace": str(place.id), "spec": SPEC}
    made = (await graph.data(CHART, variables))["createChart"]
    chart = made["chart"]
    assert (made["userErrors"], chart["title"], chart["position"], chart["chartSpecVersion"]) == ([], "Ages", 0, 1)
    assert (chart["spec"]["limit"], chart["option"] == chart["rendererConfig"]) == (1_000, True)
    assert (chart["artifact"]["kind"], chart["workspace"]) == ("CHART", {"id": str(place.id)})
    assert chart["data"] == {
        "chartId": chart["id"],
        "xColumn": "name",
        "groupColumn": None,
        "yLabel": "Sum of age",
        "truncated": False,
        "rows": [
            {"x": "Ada", "y": 36.0, "group": None},
            {"x": "Bob", "y": 41.0, "group": None},
            {"x": "Cy", "y": None, "group": None},
            {"x": "Dee", "y": 41.0, "group": None},
        ],
    }
    document = """
    query($workspace: ID!, $chart: ID!, $filters: [JSON!]) {
      workspace(id: $workspace) { charts { id } chart(id: $chart) { data(filters: $filters) { rows { x } } } }
    }
    """
    asked = {"workspace": str(place.id), "chart": chart["id"]}
    filters = [{"column": "age", "op": "is_null"}]
    found = (await graph.data(document, {**asked, "filters": filters}))["workspace"]
    assert found == {"charts": [{"id": chart["id"]}], "chart": {"data": {"rows": [{"x": "Cy"}]}}}
    answer = await graph(document, {**asked, "filters": [{"column": "shoe", "op": "is_null"}]})
    assert answer["errors"][0]["extensions"]["field"] == "filters.0.column"
    other = await make_empty(services, viewer)
    elsewhere = {**asked, "workspace": str(other.id)}
    assert (await graph.data(document, elsewhere))["workspace"]["chart"] is None


async def test_all_that_is_wrong_with_a_spec_is_told(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    async with unchanged(db):
        made = (await graph.data(CHART, {"workspace": str(place.id), "spec": {"kind": "bar", "y": 1}}))["createChart"]
    assert [e["field"] for e in made["userErrors"]] == ["spec.x", "spec.y"]
    assert (made["chart"], made["sequence"]) == (None, None)


async def test_two_changes_in_one_document_are_both_seen(services: Services, viewer: Viewer, graph: Graph) -> None:
    place = await make_empty(services, viewer)
    first, second = [await make_task(services, viewer, title) for title in ("one", "two")]
    document = """
    mutation($workspace: ID!, $first: ID!, $second: ID!) {
      a: attachTask(input: {workspaceId: $workspace, taskId: $first}) { workspace { boundTasks { taskId } } }
      b: attachTask(input: {workspaceId: $workspace, taskId: $second}) { workspace { boundTasks { taskId } } }
      c: detachTask(input: {workspaceId: $workspace, taskId: $first}) { workspace { boundTasks { taskId } } }
      d: detachTask(input: {workspaceId: $workspace, taskId: $first}) { userErrors { code field } }
    }
    """
    done = await graph.data(document, {"workspace": str(place.id), "first": first, "second": second})
    bound = [[task["taskId"] for task in done[name]["workspace"]["boundTasks"]] for name in "abc"]
    assert bound == [[first], [first, second], [second]]
    assert done["d"]["userErrors"] == [{"code": "NOT_FOUND", "field": "taskId"}]


async def test_ones_own_workspaces_come_last_changed_first(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    places = [await make_empty(services, viewer, f"place {at}") for at in range(5)]
    await make_empty(services, colleague, "another's")
    task = await make_task(services, viewer)
    await services.workspaces.attach(viewer, str(places[1].id), Binding(task_id=task, mutates=False))
    await archive(db, places[3].id)
    document = """
    query($after: String, $status: WorkspaceStatus! = ACTIVE) {
      workspaces(first: 2, after: $after, status: $status) {
        nodes { title } totalCount pageInfo { hasNextPage endCursor }
      }
    }
    """
    first = (await graph.data(document))["workspaces"]
    assert ([node["title"] for node in first["nodes"]], first["totalCount"]) == (["place 1", "place 4"], 4)
    rest = (await graph.data(document, {"after": first["pageInfo"]["endCursor"]}))["workspaces"]
    assert ([node["title"] for node in rest["nodes"]], rest["pageInfo"]["hasNextPage"]) == (
        ["place 2", "place 0"],
        False,
    )
    archived = (await graph.data(document, {"status": "ARCHIVED"}))["workspaces"]
    assert [node["title"] for node in archived["nodes"]] == ["place 3"]


async def test_a_recipient_reads_and_a_stranger_sees_nothing(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, graph: Graph
) -> None:
    _, place = await scene(services, viewer, 0)
    document = """
    query($id: ID!) {
      node(id: $id) { id }
      workspace(id: $id) {
        viewerAccess charts { id data { truncated } } rows { total canEdit readOnlyReason }
        tasks { totalCount nodes { workspace { id } } } boundTasks { taskId }
      }
    }
    """
    nothing = {"node": None, "workspace": None}
    for stranger in (colleague, outsider):
        assert await graph.as_(stranger).data(document, {"id": str(place.id)}) == nothing
    await share(db, viewer, place.id, colleague)
    found = (await graph.as_(colleague).data(document, {"id": str(place.id)}))["workspace"]
    assert (found["viewerAccess"], len(found["charts"])) == ("RECIPIENT", 3)
    assert found["rows"] == {"total": 4, "canEdit": False, "readOnlyReason": "VIEWER_ACCESS"}
    assert found["tasks"] == {"totalCount": 1, "nodes": [{"workspace": {"id": str(place.id)}}]}
    assert len(found["boundTasks"]) == 1
    assert await graph.as_(outsider).data(document, {"id": str(place.id)}) == nothing


@pytest.mark.parametrize("id", ["", "nonsense", "x" * 5_000, "01900000-0000-7000-8000-000000000000"])
async def test_an_id_that_names_nothing_is_null(graph: Graph, id: str) -> None:
    document = "query($id: ID!) { workspace(id: $id) { id } table(id: $id) { id } artifact(id: $id) { id } }"
    assert await graph.data(document, {"id": id}) == {"workspace": None, "table": None, "artifact": None}
