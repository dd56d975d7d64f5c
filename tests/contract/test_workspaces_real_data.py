"""The workspaces API on real tables: pages add up, orders hold, charts agree with plain counting, copies are edited."""

from collections import Counter
from typing import Any

import pytest

from tests.contract.workspaces_caller import ARTIFACT, WorkspacesCaller
from tests.support.grid import vega_file

# File, a column of words, a column of numbers.
FILES = (
    ("seattle-weather.csv", "weather", "temp_max"),
    ("cars.json", "Origin", "Acceleration"),
    ("stocks.csv", "symbol", "price"),
    ("airports.csv", "state", "latitude"),
    ("iris.json", "species", "petalWidth"),
)
STEP = 700


async def pages(c: WorkspacesCaller, id: str, **query: Any) -> list[dict[str, Any]]:
    """All rows, page by page."""
    rows: list[dict[str, Any]] = []
    while True:
        page = await c.call("get_workspace_data", 200, id, query={"limit": STEP, "offset": len(rows), **query})
        rows += page["items"]
        if not page["hasNext"]:
            assert len(rows) == page["total"]
            return rows


@pytest.mark.parametrize(("file", "words", "numbers"), FILES)
async def test_a_real_table_is_opened_read_drawn_copied_and_edited(
    client: WorkspacesCaller, file: str, words: str, numbers: str
) -> None:
    services = client.server.app.services
    owner = await services.auth.viewer(api_key=client.server.key)
    assert owner is not None
    table = (await services.imports.run(owner, vega_file(file))).table
    (candidate,) = (await client.call("list_workspace_table_candidates", 200))["items"]
    assert (candidate["tableName"], candidate["rowCount"]) == (table.name, table.row_count)
    live = await client.empty(mode="operational", backingTableName=table.name)
    rows = await pages(client, live)
    assert len(rows) == table.row_count
    await orders(client, live, rows, numbers)
    await drawn(client, live, rows, words, numbers)
    made = await client.graph(ARTIFACT, name=file, kind="TABLE", tableId=str(table.id))
    copy = await client.empty(artifactId=made["artifact"]["id"])
    copied = await pages(client, copy)
    assert [{name: row[name] for name in rows[0]} for row in copied] == rows
    await edited(client, copy, copied[len(copied) // 2], words)
    assert await pages(client, live) == rows


async def orders(c: WorkspacesCaller, id: str, rows: list[dict[str, Any]], numbers: str) -> None:
    """Nulls last either way; the same rows in any order."""
    known = sorted(row[numbers] for row in rows if row[numbers] is not None)
    nulls = [None] * (len(rows) - len(known))
    for direction, expected in (("asc", known), ("desc", known[::-1])):
        found = await pages(c, id, sort_column=numbers, sort_direction=direction)
        assert [row[numbers] for row in found] == [*expected, *nulls]


async def drawn(c: WorkspacesCaller, id: str, rows: list[dict[str, Any]], words: str, numbers: str) -> None:
    """A count of each word is what counting says, also under a condition."""
    chart = await c.chart(id, x={"column": words}, y=[{"agg": "count", "column": "*"}], limit=5_000)
    data = await c.call("query_workspace_chart_data", 200, id, chart, json={})
    assert {row["x"]: row["y"] for row in data["rows"]} == Counter(row[words] for row in rows)
    middle = sorted(row[numbers] for row in rows if row[numbers] is not None)[len(rows) // 3]
    condition = {"filters": [{"column": numbers, "op": "gte", "value": middle}]}
    data = await c.call("query_workspace_chart_data", 200, id, chart, json=condition)
    above = Counter(row[words] for row in rows if row[numbers] is not None and row[numbers] >= middle)
    assert {row["x"]: row["y"] for row in data["rows"]} == above


async def edited(c: WorkspacesCaller, id: str, row: dict[str, Any], words: str) -> None:
    """One cell of the copy, once."""
    cell = {"column": words, "newValue": "edited", "wsRowId": str(row["_ws_row_id"]), "expectedOldValue": row[words]}
    assert (await c.call("update_workspace_cell", 200, id, json=cell))["row"] == {**row, words: "edited"}
    refused = await c.call("update_workspace_cell", 409, id, json=cell)
    assert refused["context"] == {"currentValue": "edited", "row": {**row, words: "edited"}}
