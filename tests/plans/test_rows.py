"""How the server reads rows: a page walks an index, and its total is read, not counted."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from app.db.engine import Database, Lane
from app.domain.access.viewer import Viewer
from app.services.registry import Services
from app.storage.grid import page_statement
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
