"""Cells in the graph: presence, conflicts as data, the log, and an open grid that follows."""

from typing import Any

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.grid.column import ColumnType
from app.main import App
from app.services.registry import Services
from tests.support.graph import Graph
from tests.support.grid import INTEGER, STRING, make_snapshot, make_table, make_workspace, share, unchanged
from tests.support.live import graph_of, subscribed

UPDATE = """
mutation($input: UpdateCellInput!) {
  updateCell(input: $input) {
    clientMutationId mutationId row sequence userErrors { code reason field message } conflict { currentValue row }
    mutation { id column oldValue newValue user { email } workspace { title } }
  }
}
"""
MANY = """
mutation($input: UpdateCellsInput!) {
  updateCells(input: $input) {
    updates { mutationId row } sequence userErrors { code reason field } conflict { currentValue row }
  }
}
"""
UNDO = """
mutation($id: ID!) {
  undoCellMutation(input: {mutationId: $id}) {
    mutationId row sequence userErrors { code reason field } conflict { currentValue row } mutation { undoOf }
  }
}
"""
LOG = """
query($id: ID!, $first: Int, $after: String) {
  workspace(id: $id) {
    mutations(first: $first, after: $after) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes { id column rowIdentity wsRowId oldValue newValue actorType actorId undoOf undoneBy user { email }
              run { id } }
    }
  }
}
"""
NODE = "query($id: ID!) { node(id: $id) { __typename ... on CellMutation { newValue } } }"
CHANGES = """
subscription($id: ID!, $after: BigInt) {
  tableChanges(workspaceId: $id, after: $after) { sequence cursor type payload workspace { id } }
}
"""
TYPES = {"name": STRING, "age": INTEGER}


async def live(services: Services, viewer: Viewer) -> str:
    """A workspace on a live table."""
    table = await make_table(services, viewer, TYPES, [["Ada", 36], ["Bob", 2**60]], key=("name",))
    return str((await make_workspace(services, viewer, table)).id)


def given(place: str, new: Any, name: str = "Ada", **more: Any) -> dict[str, Any]:
    """The variables of an edit of somebody's age."""
    return {"input": {"workspaceId": place, "column": "age", "newValue": new, "rowIdentity": {"name": name}, **more}}


async def test_an_edit_answers_the_row_the_record_and_the_sequence(
    graph: Graph, services: Services, viewer: Viewer
) -> None:
    place = await live(services, viewer)
    found = (await graph.data(UPDATE, given(place, "37", clientMutationId="c")))["updateCell"]
    mutation = found.pop("mutation")
    id, sequence = found.pop("mutationId"), found.pop("sequence")
    assert found == {"clientMutationId": "c", "row": {"name": "Ada", "age": 37}, "userErrors": [], "conflict": None}
    assert mutation == {
        "id": id,
        "column": "age",
        "oldValue": 36,
        "newValue": 37,
        "user": {"email": "owner@example.com"},
        "workspace": {"title": "Workspace"},
    }
    assert int(sequence) > 0
    assert (await graph.data(NODE, {"id": id}))["node"] == {"__typename": "CellMutation", "newValue": 37}


async def test_null_is_expected_only_when_it_is_sent(
    db: Database, graph: Graph, services: Services, viewer: Viewer
) -> None:
    place = await live(services, viewer)
    async with unchanged(db):
        found = (await graph.data(UPDATE, given(place, 1, expectedOldValue=None)))["updateCell"]
    [error] = found["userErrors"]
    assert (error["code"], error["reason"], error["field"]) == ("CONFLICT", "cell_conflict", "expectedOldValue")
    assert found["conflict"] == {"currentValue": 36, "row": {"name": "Ada", "age": 36}}
    assert (found["row"], found["mutationId"], found["sequence"]) == (None, None, None)
    assert (await graph.data(UPDATE, given(place, None)))["updateCell"]["row"]["age"] is None
    assert (await graph.data(UPDATE, given(place, 2, expectedOldValue=None)))["updateCell"]["row"]["age"] == 2


async def test_values_written_into_the_document_are_the_same(graph: Graph, services: Services, viewer: Viewer) -> None:
    place = await live(services, viewer)
    document = """mutation { updateCell(input: {workspaceId: "%s", column: "age", newValue: null, expectedOldValue: 36,
      rowIdentity: {name: "Ada"}}) { row userErrors { reason } } }"""
    assert (await graph.data(document % place))["updateCell"] == {"row": {"name": "Ada", "age": None}, "userErrors": []}


async def test_large_integers_stay_exact(graph: Graph, services: Services, viewer: Viewer) -> None:
    place = await live(services, viewer)
    wrong = (await graph.data(UPDATE, given(place, 1, "Bob", expectedOldValue=str(2**60 + 1))))["updateCell"]
    assert wrong["conflict"]["currentValue"] == str(2**60)
    done = (await graph.data(UPDATE, given(place, str(2**60 + 1), "Bob", expectedOldValue=str(2**60))))["updateCell"]
    assert done["row"] == {"name": "Bob", "age": str(2**60 + 1)}


async def test_what_is_wrong_is_told_by_field(db: Database, graph: Graph, services: Services, viewer: Viewer) -> None:
    place = await live(services, viewer)
    async with unchanged(db):
        wrong = (await graph.data(UPDATE, given(place, "x", column="nope", wsRowId=1)))["updateCell"]
        assert [(e["code"], e["field"], e["reason"]) for e in wrong["userErrors"]] == [
            ("BAD_USER_INPUT", None, "value_error"),
            ("BAD_USER_INPUT", "column", "unknown_column"),
        ]
        missing = given(place, 1)
        del missing["input"]["newValue"]
        told = (await graph.data(UPDATE, missing))["updateCell"]["userErrors"]
        assert [(e["field"], e["reason"]) for e in told] == [("newValue", "missing")]
        unknown = (await graph.data(UPDATE, given(place, 1, "Zoe")))["updateCell"]["userErrors"]
        assert [(e["code"], e["reason"]) for e in unknown] == [("NOT_FOUND", "row_not_found")]
        edits = [{"column": "age", "newValue": "x", "rowIdentity": {"name": "Ada"}}]
        many = (await graph.data(MANY, {"input": {"workspaceId": place, "edits": edits}}))["updateCells"]
        assert [(e["field"], e["reason"]) for e in many["userErrors"]] == [("edits.0.newValue", "int_type")]


async def test_many_edits_answer_in_order(graph: Graph, services: Services, viewer: Viewer) -> None:
    place = str((await make_snapshot(services, viewer, TYPES, [["Ada", 36], ["Bob", 41]])).id)
    edits = [
        {"column": "age", "newValue": 1, "wsRowId": "2", "expectedOldValue": 41},
        {"column": "name", "newValue": "Eve", "wsRowId": 1},
    ]
    done = (await graph.data(MANY, {"input": {"workspaceId": place, "edits": edits}}))["updateCells"]
    assert [one["row"] for one in done["updates"]] == [
        {"name": "Bob", "age": 1, "_ws_row_id": 2},
        {"name": "Eve", "age": 36, "_ws_row_id": 1},
    ]
    assert (done["userErrors"], done["conflict"]) == ([], None)


async def test_the_log_is_newest_first_and_pages_do_not_shift(
    db: Database, graph: Graph, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    place = await live(services, viewer)
    for age in (1, 2, 3):
        await graph.data(UPDATE, given(place, age))
    first = (await graph.data(LOG, {"id": place, "first": 2}))["workspace"]["mutations"]
    assert [one["newValue"] for one in first["nodes"]] == [3, 2]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (3, True)
    last = first["nodes"][0]
    undone = (await graph.data(UNDO, {"id": last["id"]}))["undoCellMutation"]
    assert (undone["row"]["age"], undone["mutation"]["undoOf"], undone["userErrors"]) == (2, last["id"], [])
    again = (await graph.data(UNDO, {"id": last["id"]}))["undoCellMutation"]
    assert [(e["code"], e["reason"]) for e in again["userErrors"]] == [("CONFLICT", "already_undone")]
    rest = (await graph.data(LOG, {"id": place, "after": first["pageInfo"]["endCursor"]}))["workspace"]["mutations"]
    assert [one["newValue"] for one in rest["nodes"]] == [1]
    [newest, before, *_] = (await graph.data(LOG, {"id": place}))["workspace"]["mutations"]["nodes"]
    assert (newest["undoOf"], before["undoneBy"]) == (last["id"], newest["id"])
    assert (newest["actorType"], newest["actorId"]) == ("USER", str(viewer.user_id))
    assert (newest["rowIdentity"], newest["wsRowId"], newest["run"]) == ({"name": "Ada"}, None, None)
    other = graph.as_(colleague)
    assert (await other.data(LOG, {"id": place}))["workspace"] is None
    assert (await other.data(NODE, {"id": last["id"]}))["node"] is None
    await share(db, viewer, place, colleague)
    assert len((await other.data(LOG, {"id": place}))["workspace"]["mutations"]["nodes"]) == 4
    refused = (await other.data(UPDATE, given(place, 1)))["updateCell"]["userErrors"]
    assert [(e["code"], e["reason"]) for e in refused] == [("FORBIDDEN", "viewer_access")]


async def test_a_page_of_the_log_costs_a_constant_number_of_statements(
    db: Database, graph: Graph, services: Services, viewer: Viewer
) -> None:
    place = await live(services, viewer)

    async def spent() -> int:
        before = db.statements
        await graph.data(LOG, {"id": place})
        return db.statements - before

    await graph.data(UPDATE, given(place, 0))
    one = await spent()
    for age in range(1, 6):
        await graph.data(UPDATE, given(place, age))
    assert await spent() == one


async def test_an_open_grid_follows_edits_made_in_another_workspace(app: App, viewer: Viewer) -> None:
    graph = graph_of(app, viewer)
    types = {**TYPES, "doc": ColumnType.JSON}
    table = await make_table(app.services, viewer, types, [["Ada", 36, None]], key=("name",))
    mine = str((await make_workspace(app.services, viewer, table, title="Mine")).id)
    other = str((await make_workspace(app.services, viewer, table, title="Other")).id)
    async with subscribed(app, viewer, CHANGES, {"id": other}) as grid:
        made = (await graph.data(UPDATE, given(mine, 37)))["updateCell"]
        event = (await grid.next())["tableChanges"]
        assert (event["sequence"], event["type"]) == (made["sequence"], "WORKSPACE_CELL_UPDATED")
        assert event["workspace"] == {"id": mine}
        told = {
            name: event["payload"][name] for name in ("mutationId", "column", "rowIdentity", "oldValue", "newValue")
        }
        assert told == {
            "mutationId": made["mutationId"],
            "column": "age",
            "rowIdentity": {"name": "Ada"},
            "oldValue": 36,
            "newValue": 37,
        }
        await app.services.tables.import_rows(viewer, str(table.id), [["Bob", 1, None]])
        event = (await grid.next())["tableChanges"]
        assert (event["type"], event["payload"]["rowCount"]) == ("TABLE_ROWS_IMPORTED", 1)
    async with subscribed(app, viewer, CHANGES, {"id": mine, "after": made["sequence"]}) as resumed:
        assert (await resumed.next())["tableChanges"] == {**event, "workspace": None}


async def test_a_strangers_grid_is_not_there(
    graph: Graph, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    place = await live(services, viewer)
    for id in (place, "01890000-0000-7000-8000-000000000000"):
        found = (await graph.as_(colleague).data(UPDATE, given(id, 1)))["updateCell"]["userErrors"]
        assert [(e["code"], e["message"]) for e in found] == [("NOT_FOUND", f"There is no workspace {id!r}.")]
