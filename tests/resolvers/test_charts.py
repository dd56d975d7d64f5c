"""Charts in the graph: changed, moved, deleted, with their history."""

from typing import Any

from graphql import parse, validate

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.resolvers.root import build_schema
from app.services.registry import Services
from tests.resolvers.test_documented import documents
from tests.services.test_charts import SPEC
from tests.support.graph import Graph
from tests.support.grid import PEOPLE_ROWS, make_table, make_task, make_workspace, unchanged

UPDATE = """
mutation($input: UpdateChartInput!) {
  updateChart(input: $input) {
    sequence userErrors { code field reason }
    chart {
      chartSpecVersion title spec collapsed lastEditedBy { email } option
      versions { version metadata createdBy { email } } data { rows { x y } }
    }
  }
}
"""
MOVE = """
mutation($input: MoveChartInput!) {
  moveChart(input: $input) {
    sequence userErrors { code field } chart { position chartSpecVersion } workspace { charts { id position } }
  }
}
"""
DELETE = """
mutation($input: DeleteChartInput!) {
  deleteChart(input: $input) {
    sequence userErrors { code field reason } deletedChartId workspace { charts { id position } }
  }
}
"""


async def test_a_chart_lives_in_the_graph(db: Database, services: Services, viewer: Viewer, graph: Graph) -> None:
    place = await make_workspace(services, viewer, await make_table(services, viewer, rows=PEOPLE_ROWS))
    first, second = [str((await services.charts.create(viewer, str(place.id), SPEC)).chart.id) for _ in range(2)]

    async def update(**input: Any) -> Any:
        return (await graph.data(UPDATE, {"input": {"chartId": first, **input}}))["updateChart"]

    patch = {"title": None, "y": [{"column": "*", "agg": "count"}], "filters": [{"column": "age", "op": "not_null"}]}
    done = await update(specPatch=patch, collapsed=True, workspaceId=str(place.id))
    chart = done["chart"]
    assert (done["userErrors"], int(done["sequence"]) > 0) == ([], True)
    assert (chart["chartSpecVersion"], chart["title"], chart["collapsed"]) == (2, None, True)
    assert chart["lastEditedBy"] == {"email": "owner@example.com"}
    assert chart["data"]["rows"] == [{"x": name, "y": 1.0} for name in ("Ada", "Bob", "Dee")]
    assert [one["version"] for one in chart["versions"]] == [2, 1]
    assert chart["versions"][0]["metadata"] == {"chart_spec": chart["spec"]}
    back = await update(spec=chart["versions"][1]["metadata"]["chart_spec"])
    assert (back["chart"]["chartSpecVersion"], back["chart"]["title"]) == (3, "Ages")
    async with unchanged(db):
        wrong = await update(specPatch={"v": 2, "kind": "pie"})
        assert [(e["code"], e["field"]) for e in wrong["userErrors"]] == [("BAD_USER_INPUT", "specPatch.v")]
        both = await update(spec=SPEC, specPatch={})
        assert ([e["field"] for e in both["userErrors"]], both["chart"]) == (["specPatch"], None)
        same = await update()
        assert (same["userErrors"], same["sequence"], same["chart"]["chartSpecVersion"]) == ([], None, 3)
    moved = (await graph.data(MOVE, {"input": {"chartId": first, "position": 9}}))["moveChart"]
    assert moved["chart"] == {"position": 1, "chartSpecVersion": 3}
    assert moved["workspace"]["charts"] == [{"id": second, "position": 0}, {"id": first, "position": 1}]
    gone = (await graph.data(DELETE, {"input": {"chartId": second}}))["deleteChart"]
    assert (gone["deletedChartId"], gone["workspace"]["charts"]) == (second, [{"id": first, "position": 0}])
    again = (await graph.data(DELETE, {"input": {"chartId": second}}))["deleteChart"]
    assert again["userErrors"] == [{"code": "NOT_FOUND", "field": None, "reason": "chart_not_found"}]


async def test_a_list_of_charts_with_their_history_takes_as_many_statements_as_one(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    place = await make_workspace(services, viewer, await make_table(services, viewer))
    document = "{ workspaces { nodes { charts { versions { version createdBy { email } } } } } }"

    async def statements() -> int:
        before = db.statements
        await graph.data(document)
        return db.statements - before

    await services.charts.create(viewer, str(place.id), SPEC)
    one = await statements()
    for _ in range(5):
        await services.charts.create(viewer, str(place.id), SPEC)
    assert await statements() == one <= 5


async def test_the_documents_of_the_guides_run(services: Services, viewer: Viewer, graph: Graph) -> None:
    change, watch = documents("charts.md")
    (bind,) = documents("bindings.md")
    place = await make_workspace(services, viewer, await make_table(services, viewer, key=("name",)))
    chart = str((await services.charts.create(viewer, str(place.id), SPEC)).chart.id)
    changed = (await graph.data(change, {"chart": chart}))["updateChart"]
    assert (changed["userErrors"], changed["chart"]["chartSpecVersion"]) == ([], 2)
    assert validate(build_schema()._schema, parse(watch)) == []
    task = await make_task(services, viewer, "Sum it up!")
    bound = (await graph.data(bind, {"workspace": str(place.id), "task": task}))["attachTask"]
    assert bound["userErrors"] == []
    assert bound["workspace"]["boundTasks"] == [
        {"name": "sum-it-up", "displayName": "Sum it up!", "lifecycle": "ACTIVE", "mutatesWorkspace": True}
    ]
