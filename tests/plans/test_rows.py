"""How the server reads rows: a page walks an index, and its total is read, not counted."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.domain.access.viewer import Viewer
from app.domain.charts.parse import parse_spec
from app.domain.charts.plan import make_plan
from app.domain.grid.page import RowSort, SortDirection
from app.domain.invalid import accepted
from app.services.registry import Services
from app.storage.aggregate import ChartShape, chart_statement
from app.storage.grid import page_statement
from app.storage.relation import Source
from app.storage.statements import composed
from tests.support.grid import INTEGER, STRING, make_table

ROWS = 10_000
ANALYZE = "ANALYZE"


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@pytest.mark.parametrize("key", [(), ("id",)])
async def test_a_page_reads_no_more_rows_than_it_shows(
    db: Database, services: Services, viewer: Viewer, key: tuple[str, ...]
) -> None:
    sent = [[at, f"note {at}"] for at in range(ROWS)]
    table = await make_table(services, viewer, {"id": INTEGER, "note": STRING}, sent, key=key)
    async with db.transaction() as tx:
        await tx.run(f"{ANALYZE} {table.source.schema}.{table.source.name}")
    statement = page_statement(table.source, None, ())
    async with db.connection(Lane.MAIN) as connection:
        arguments = statement.arguments({"page_limit": 100, "page_offset": 0})
        found = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *arguments)
    plan = orjson.loads(found)[0]["Plan"] if isinstance(found, str) else found[0]["Plan"]
    reads = [node for node in nodes(plan) if node.get("Relation Name") == table.source.name]
    assert [(node["Node Type"], node["Actual Rows"]) for node in reads] == [("Index Scan", 100)]


async def explained(db: Database, source: Source, statement: Statement, **given: object) -> list[dict[str, Any]]:
    """The nodes of a plan that was carried out, on a table whose size is known."""
    async with db.transaction() as tx:
        await tx.run(f"{ANALYZE} {source.schema}.{source.name}")
    async with db.connection(Lane.MAIN) as connection:
        found = await connection.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.arguments(given)
        )
    return list(nodes((orjson.loads(found) if isinstance(found, str) else found)[0]["Plan"]))


async def test_a_sorted_page_keeps_only_its_own_rows(db: Database, services: Services, viewer: Viewer) -> None:
    sent = [[at * 7 % ROWS, f"note {at}"] for at in range(ROWS)]
    source = (await make_table(services, viewer, {"id": INTEGER, "note": STRING}, sent)).source
    statement = page_statement(source, RowSort("id", SortDirection.DESC), ())
    plan = await explained(db, source, statement, page_limit=100, page_offset=0)
    assert [node["Actual Rows"] for node in plan if node.get("Relation Name") == source.name] == [ROWS]
    over_all = [node for node in plan if node["Node Type"] == "Sort" and node["Plans"][0]["Actual Rows"] == ROWS]
    assert [(node["Sort Method"], node["Actual Rows"]) for node in over_all] == [("top-N heapsort", 100)]


async def test_a_chart_reads_each_row_once_and_sorts_only_groups(
    db: Database, services: Services, viewer: Viewer
) -> None:
    sent = [[at, f"note {at % 20}"] for at in range(ROWS)]
    table = await make_table(services, viewer, {"id": INTEGER, "note": STRING}, sent)
    spec = accepted(parse_spec({"kind": "bar", "x": {"column": "note"}, "y": [{"column": "id", "agg": "sum"}]}))
    plan = accepted(make_plan(spec, table.column_list, ()))
    shape = ChartShape(mode=plan.mode, x="note", group=None, measures=plan.measures, filters=(), order=plan.order)
    statement = chart_statement(table.source, shape)
    found = await explained(db, table.source, statement, chart_fetch=plan.fetch)
    reads = [node for node in found if node.get("Relation Name") == table.source.name]
    assert [(node["Node Type"], node["Actual Rows"]) for node in reads] == [("Seq Scan", ROWS)]
    assert [node["Strategy"] for node in found if node["Node Type"] == "Aggregate"] == ["Hashed"]
    assert [node["Actual Rows"] for node in found if node["Node Type"] == "Sort"] == [20]


async def test_the_total_is_exact_after_every_kind_of_write(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, {"id": INTEGER}, [[1], [2]], key=("id",))
    await services.tables.import_rows(viewer, str(table.id), [[3]])
    count = composed(
        f"""
        SELECT (SELECT count(*) FROM {table.source.schema}.{table.source.name}) AS counted,
               (SELECT row_count FROM tables WHERE id = :id) AS kept
        """
    )
    row = await db.fetchrow(count, id=table.id)
    assert row is not None
    assert (row["counted"], row["kept"]) == (3, 3)
