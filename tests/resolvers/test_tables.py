"""Tables and artifacts in the graph."""

from typing import Any

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.services.registry import Services
from tests.support.graph import Graph
from tests.support.grid import PEOPLE_ROWS, make_table, unchanged

CREATE = """
mutation($input: CreateTableInput!) {
  createTable(input: $input) {
    clientMutationId sequence userErrors { code message field }
    table {
      id name logicalName scope sourceType primaryKey rowCount lastWriteAt createdBy { email } workspace { id }
      task { id } columns { name displayName dataType }
    }
  }
}
"""
IMPORT = """
mutation($input: ImportRowsInput!) {
  importRows(input: $input) { rowCount sequence userErrors { code reason message field } table { rowCount } }
}
"""
ROWS = """
query($id: ID!, $limit: Int, $offset: Int, $sort: RowSort, $filter: [JSON!]) {
  table(id: $id) {
    rows(limit: $limit, offset: $offset, sort: $sort, filter: $filter) {
      items total hasNext rowIdentityColumns canEdit readOnlyReason columns { name dataType }
    }
  }
}
"""
COLUMNS = [{"name": "id", "dataType": "INTEGER"}, {"name": "note", "displayName": "Note", "dataType": "STRING"}]


async def created(graph: Graph, **more: Any) -> dict[str, Any]:
    """The payload of createTable."""
    given = {"name": "notes", "columns": COLUMNS, "primaryKey": ["id"], **more}
    answer: dict[str, Any] = (await graph.data(CREATE, {"input": given}))["createTable"]
    return answer


async def test_a_table_is_made_filled_and_read(graph: Graph, viewer: Viewer) -> None:
    made = await created(graph, clientMutationId="m1")
    id = made["table"].pop("id")
    assert made == {
        "clientMutationId": "m1",
        "sequence": "1",
        "userErrors": [],
        "table": {
            "name": "notes",
            "logicalName": "notes",
            "scope": "TENANT",
            "sourceType": "TABLE",
            "primaryKey": ["id"],
            "rowCount": "0",
            "lastWriteAt": None,
            "createdBy": {"email": viewer.email},
            "workspace": None,
            "task": None,
            "columns": [
                {"name": "id", "displayName": None, "dataType": "INTEGER"},
                {"name": "note", "displayName": "Note", "dataType": "STRING"},
            ],
        },
    }
    rows = [{"id": 2**60, "note": "big"}, [1, None], {"id": 2}]
    done = (await graph.data(IMPORT, {"input": {"tableId": id, "rows": rows}}))["importRows"]
    assert done == {"rowCount": 3, "sequence": "2", "userErrors": [], "table": {"rowCount": "3"}}
    page = (await graph.data(ROWS, {"id": id, "limit": 2, "sort": {"column": "note"}}))["table"]["rows"]
    assert page == {
        "items": [{"id": str(2**60), "note": "big"}, {"id": 1, "note": None}],
        "total": 3,
        "hasNext": True,
        "rowIdentityColumns": ["id"],
        "canEdit": True,
        "readOnlyReason": None,
        "columns": [{"name": "id", "dataType": "INTEGER"}, {"name": "note", "dataType": "STRING"}],
    }


async def test_every_refused_row_is_a_user_error(db: Database, graph: Graph) -> None:
    id = (await created(graph))["table"]["id"]
    wrong = [{"id": "x"}, {"id": 1}, {"id": 2, "shoe": 1}, {"note": 1}]
    async with unchanged(db):
        answer = (await graph.data(IMPORT, {"input": {"tableId": id, "rows": wrong}}))["importRows"]
    assert [(e["code"], e["reason"], e["field"]) for e in answer["userErrors"]] == [
        ("BAD_USER_INPUT", "int_type", "rows.0.id"),
        ("BAD_USER_INPUT", "unknown_column", "rows.2.shoe"),
        ("BAD_USER_INPUT", "string_type", "rows.3.note"),
    ]
    assert (answer["rowCount"], answer["table"], answer["sequence"]) == (None, None, None)


async def test_a_taken_name_and_a_bad_definition_are_user_errors(db: Database, graph: Graph) -> None:
    await created(graph)
    async with unchanged(db):
        again = await created(graph)
        wrong = await created(graph, columns=[{"name": "", "dataType": "JSON"}], primaryKey=["x"])
    assert [(e["code"], e["field"]) for e in again["userErrors"]] == [("CONFLICT", "name")]
    assert [(e["code"], e["field"]) for e in wrong["userErrors"]] == [
        ("BAD_USER_INPUT", "columns.0.name"),
        ("BAD_USER_INPUT", "primaryKey.0"),
    ]


async def test_a_page_that_makes_no_sense_is_an_error_with_its_place(graph: Graph) -> None:
    id = (await created(graph))["table"]["id"]
    for variables, field in (
        ({"limit": 5_001}, "limit"),
        ({"offset": -1}, "offset"),
        ({"sort": {"column": "nobody"}}, "sort.column"),
        ({"filter": [{"column": "id", "op": "eq", "value": None}]}, "filter.0.value"),
    ):
        answer = await graph(ROWS, {"id": id, **variables})
        assert answer["data"] == {"table": None}
        assert (answer["errors"][0]["extensions"]["code"], answer["errors"][0]["extensions"]["field"]) == (
            "BAD_USER_INPUT",
            field,
        )


async def test_the_list_goes_on_after_a_cursor(services: Services, viewer: Viewer, graph: Graph) -> None:
    for at in range(5):
        await make_table(services, viewer, name=f"table {at}")
    document = """
    query($after: String, $filter: TableFilter) {
      tables(first: 2, after: $after, filter: $filter) {
        nodes { name } totalCount pageInfo { hasNextPage endCursor }
      }
    }
    """
    names: list[str] = []
    after = None
    while True:
        page = (await graph.data(document, {"after": after}))["tables"]
        names += [node["name"] for node in page["nodes"]]
        assert page["totalCount"] == 5
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert names == [f"table {at}" for at in reversed(range(5))]
    for filter, found in (({"search": "E 3"}, 1), ({"scope": "TASK"}, 0), ({"scope": "TENANT"}, 5)):
        assert (await graph.data(document, {"filter": filter}))["tables"]["totalCount"] == found
    for wrong in ("{ tables(first: 101) { totalCount } }", '{ tables(filter: {search: "\\u0000"}) { totalCount } }'):
        assert (await graph(wrong))["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_candidates_say_what_a_workspace_could_do(
    services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    await make_table(services, viewer, name="never written", key=("name",))
    await make_table(services, viewer, rows=PEOPLE_ROWS, name="keyless")
    await make_table(services, viewer, rows=PEOPLE_ROWS, name="keyed", key=("name",))
    document = """
    { tableCandidates {
        tableName logicalTableName scope sourceType primaryKeyColumns rowCount canOpenWorkspace canWrite readOnlyReason
        table { name }
    } }
    """
    found = (await graph.data(document))["tableCandidates"]
    assert [(c["tableName"], c["rowCount"], c["canWrite"], c["readOnlyReason"]) for c in found] == [
        ("keyed", "4", True, None),
        ("keyless", "4", False, "NO_ROW_IDENTITY"),
        ("never written", "0", True, None),
    ]
    assert all(c["canOpenWorkspace"] and c["table"]["name"] == c["tableName"] for c in found)
    theirs = (await graph.as_(colleague).data(document))["tableCandidates"]
    assert {c["readOnlyReason"] for c in theirs} == {"VIEWER_ACCESS"}


async def test_a_table_is_deleted_once(db: Database, graph: Graph) -> None:
    id = (await created(graph))["table"]["id"]
    document = "mutation($id: ID!) { deleteTable(input: {tableId: $id}) { tableId sequence userErrors { code } } }"
    assert (await graph.data(document, {"id": id}))["deleteTable"] == {"tableId": id, "sequence": "2", "userErrors": []}
    async with unchanged(db):
        again = (await graph.data(document, {"id": id}))["deleteTable"]
    assert again == {"tableId": None, "sequence": None, "userErrors": [{"code": "NOT_FOUND"}]}
    assert await graph.data("query($id: ID!) { table(id: $id) { id } }", {"id": id}) == {"table": None}


async def test_an_artifact_is_made_and_read(graph: Graph) -> None:
    document = """
    mutation($input: CreateArtifactInput!) {
      createArtifact(input: $input) {
        sequence userErrors { code field }
        artifact { id name kind createdBy { email } workspace { id } run { id }
                   versions { version rowCount metadata content createdBy { email } } }
      }
    }
    """
    content = {"columns": [{"name": "n", "dataType": "decimal"}], "rows": [["1.50"], [None]]}
    given = {"name": "kept", "kind": "TABLE", "content": content}
    made = (await graph.data(document, {"input": given}))["createArtifact"]
    artifact = made["artifact"]
    assert (made["sequence"], artifact["kind"], artifact["workspace"], artifact["run"]) == ("1", "TABLE", None, None)
    assert artifact["versions"][0]["content"]["rows"] == [["1.50"], [None]]
    assert (artifact["versions"][0]["version"], artifact["versions"][0]["rowCount"]) == (1, "2")
    wrong = {"name": "kept", "kind": "TABLE", "content": {**content, "rows": [["x"], ["y"]]}}
    errors = (await graph.data(document, {"input": wrong}))["createArtifact"]["userErrors"]
    assert [e["field"] for e in errors] == ["content.rows.0.n", "content.rows.1.n"]
    for id in ("nonsense", artifact["id"][:-1] + "0", artifact["id"][:-1] + "1"):
        found = (await graph.data("query($id: ID!) { artifact(id: $id) { id } }", {"id": id}))["artifact"]
        assert (found is not None) == (id == artifact["id"])


async def test_another_tenants_ids_are_unknown(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer, graph: Graph
) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    theirs = graph.as_(outsider)
    assert await theirs.data(ROWS, {"id": str(table.id)}) == {"table": None}
    document = "query($id: ID!) { node(id: $id) { id } tables { totalCount } tableCandidates { tableName } }"
    assert await theirs.data(document, {"id": str(table.id)}) == {
        "node": None,
        "tables": {"totalCount": 0},
        "tableCandidates": [],
    }
    async with unchanged(db):
        answer = (await theirs.data(IMPORT, {"input": {"tableId": str(table.id), "rows": [{}]}}))["importRows"]
        unknown = (await theirs.data(IMPORT, {"input": {"tableId": str(outsider.user_id), "rows": [{}]}}))["importRows"]
    for refused in (answer, unknown):
        assert [e["code"] for e in refused["userErrors"]] == ["NOT_FOUND"]
    found = await graph.data("query($id: ID!) { node(id: $id) { id ... on Table { name } } }", {"id": str(table.id)})
    assert found == {"node": {"id": str(table.id), "name": "people"}}
