"""Pages of a live table: stable, filtered as people expect, refused where they make no sense."""

from collections.abc import Callable
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput
from app.services.registry import Services
from app.storage.rows.grid import TableRow
from tests.support.grid import (
    INTEGER,
    NUMBER,
    PEOPLE_ROWS,
    STRING,
    make_table,
    read_table,
    unchanged,
)


async def test_the_widest_table_works(db: Database, services: Services, viewer: Viewer) -> None:
    types = {f"column {at}": STRING for at in range(500)}
    table = await make_table(services, viewer, types, [["x"] * 500])
    assert (await read_table(db, viewer, table)).items == [dict.fromkeys(types, "x")]
    noise = ["".join(chr(0x4E00 + (at * 7919 + c * 31) % 20_000) for at in range(900)) for c in range(500)]
    async with unchanged(db):
        with pytest.raises(BadInput) as refusal:
            await services.tables.import_rows(viewer, str(table.id), [["x"] * 500, noise])
    assert (refusal.value.field, "larger than" in refusal.value.message) == ("rows", True)


async def ids_of(db: Database, viewer: Viewer, table: TableRow, size: int, **wanted: Any) -> list[object]:
    """The ids of all rows, page by page."""
    found: list[object] = []
    while True:
        page = await read_table(db, viewer, table, limit=size, offset=len(found), **wanted)
        found += [row["id"] for row in page.items]
        assert page.has_next == (len(found) < page.total)
        if not page.has_next:
            return found


@pytest.mark.parametrize("key", [(), ("id",), ("city", "id")])
async def test_pages_neither_repeat_nor_skip(
    db: Database, services: Services, viewer: Viewer, key: tuple[str, ...]
) -> None:
    cities = ["Rome", "Bern", None if not key or key == ("id",) else "Oslo"]
    sent: list[dict[str, Any]] = [
        {"id": (at * 37) % 101, "city": cities[at % 3], "heat": at % 4 or None} for at in range(101)
    ]
    table = await make_table(services, viewer, {"id": INTEGER, "city": STRING, "heat": NUMBER}, sent, key=key)
    natural: Callable[[Any], Any] = lambda row: tuple(row[name] for name in key)  # noqa: E731  # a key function
    ordered = sorted(sent, key=natural) if key else sent
    assert await ids_of(db, viewer, table, 7) == [row["id"] for row in ordered]
    for descending in (False, True):
        some = [row for row in ordered if row["heat"] is not None]
        some.sort(key=lambda row: row["heat"], reverse=descending)
        nulls = [row for row in ordered if row["heat"] is None]
        expected = [row["id"] for row in [*some, *nulls]]
        assert await ids_of(db, viewer, table, 10, sort="heat", descending=descending) == expected


async def test_a_page_past_the_end_is_empty_and_knows_the_total(
    db: Database, services: Services, viewer: Viewer
) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    page = await read_table(db, viewer, table, offset=99)
    assert (page.items, page.total, page.has_next) == ([], 4, False)
    page = await read_table(db, viewer, table, offset=99, filters=[{"column": "age", "op": "eq", "value": 41}])
    assert (page.items, page.total, page.has_next) == ([], 2, False)


FILTERS: list[tuple[list[dict[str, Any]], list[str]]] = [
    ([{"column": "age", "op": "eq", "value": 41}], ["Bob", "Dee"]),
    ([{"column": "age", "op": "ne", "value": 41}], ["Ada", "Cy"]),
    ([{"column": "age", "op": "in", "value": [36, 41]}], ["Ada", "Bob", "Dee"]),
    ([{"column": "age", "op": "not_in", "value": [41]}], ["Ada", "Cy"]),
    ([{"column": "age", "op": "gt", "value": 36}], ["Bob", "Dee"]),
    ([{"column": "age", "op": "lte", "value": 36}], ["Ada"]),
    ([{"column": "height", "op": "between", "value": [1.75, 1.8]}], ["Bob", "Cy"]),
    ([{"column": "height", "op": "is_null"}], ["Dee"]),
    ([{"column": "height", "op": "not_null"}, {"column": "age", "op": "is_null"}], ["Cy"]),
    ([{"column": "name", "op": "contains", "value": "D"}], ["Ada", "Dee"]),
    ([{"column": "name", "op": "not_contains", "value": "d"}], ["Bob", "Cy"]),
    ([{"column": "name", "op": "starts_with", "value": "b"}], ["Bob"]),
    ([{"column": "name", "op": "ends_with", "value": "%"}], []),
    ([{"column": "name", "op": "contains", "value": "_"}], []),
    ([{"column": "name", "op": "eq", "value": "' OR 1=1 --"}], []),
]


@pytest.mark.parametrize(("filters", "names"), FILTERS)
async def test_filters_mean_what_people_expect(
    db: Database, services: Services, viewer: Viewer, filters: list[dict[str, Any]], names: list[str]
) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    page = await read_table(db, viewer, table, filters=filters)
    assert ([row["name"] for row in page.items], page.total) == (names, len(names))


async def test_wildcards_and_backslashes_are_only_characters(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, {"text": STRING}, [["50%"], ["50x"], ["a\\b"], ["a_b"], ["axb"]])

    async def matching(op: str, value: str) -> list[object]:
        page = await read_table(db, viewer, table, filters=[{"column": "text", "op": op, "value": value}])
        return [row["text"] for row in page.items]

    assert await matching("ends_with", "0%") == ["50%"]
    assert await matching("contains", "\\") == ["a\\b"]
    assert await matching("starts_with", "A_") == ["a_b"]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 5_001}, "limit"),
        ({"offset": -1}, "offset"),
        ({"sort": "shoe"}, "sort.column"),
        ({"sort": '"; DROP TABLE tables'}, "sort.column"),
        ({"filters": [{"column": "shoe", "op": "eq", "value": 1}]}, "filter.0.column"),
        ({"filters": [{"column": "age", "op": "like", "value": 1}]}, "filter.0.op"),
        ({"filters": [{"column": "age", "op": "eq", "value": "x"}]}, "filter.0.value"),
    ],
)
async def test_a_page_that_makes_no_sense_is_refused(
    db: Database, services: Services, viewer: Viewer, wanted: dict[str, Any], field: str
) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    with pytest.raises(BadInput) as refusal:
        await read_table(db, viewer, table, **wanted)
    assert refusal.value.field == field
