"""Live tables: made, filled exactly, deleted; and every refusal leaves nothing behind."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.table import IMPORT_ROWS_MAX, TableScope
from app.domain.invalid import InvalidInput
from app.services.registry import Services
from app.services.tables import TableDraft
from app.storage import catalog, events
from app.storage.events import Range
from app.storage.statements import composed
from tests.domain.strategies import wire_cells
from tests.support.eventually import eventually
from tests.support.grid import (
    INTEGER,
    PEOPLE,
    PEOPLE_ROWS,
    STRING,
    columns_of,
    make_empty,
    make_table,
    make_workspace,
    read_table,
    somebody_waits,
    unchanged,
)


def draft(name: str = "people", **more: Any) -> TableDraft:
    """A table of people."""
    return TableDraft(name=name, columns=columns_of(PEOPLE), **more)


async def test_a_table_is_what_its_creator_asked_for(db: Database, services: Services, viewer: Viewer) -> None:
    columns = [
        Column(name="id", display_name="Number", data_type=INTEGER),
        Column(name="at", data_type=ColumnType.DATETIME),
    ]
    made = await services.tables.create(viewer, TableDraft(name=" visits ", columns=columns, key=("id",)))
    table = made.table
    assert (table.name, table.logical_name, table.scope, table.row_count) == ("visits", "visits", TableScope.TENANT, 0)
    assert (table.column_list, table.primary_key, table.created_by) == (tuple(columns), ("id",), viewer.user_id)
    assert (table.last_write_at, table.workspace_id) == (None, None)
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(), most=10)
    assert [(e.type.value, e.sequence) for e in found] == [("table.created", made.sequence)]
    assert found[0].payload == {"tableId": str(table.id), "name": "visits", "scope": "tenant"}


async def test_rows_come_back_exactly_as_they_were_sent(db: Database, services: Services, viewer: Viewer) -> None:
    types = {kind.value: kind for kind in ColumnType}
    sent: list[dict[str, Any]] = [
        {
            "string": 'Zürich 🙂 "quoted"\n',
            "integer": str(2**63 - 1),
            "number": 0.1 + 0.2,
            "decimal": "123456789012345678901234567890.0000000010",
            "boolean": True,
            "date": "0001-01-01",
            "datetime": "9999-12-31T23:59:59.999999Z",
            "json": {"b": [1, 2.5, None, {"a": "x"}], "a": 1e300},
        },
        dict.fromkeys(types),
        {
            "string": "",
            "integer": -(2**53),
            "number": 5e-324,
            "decimal": "-0.10",
            "boolean": False,
            "date": "2024-02-29",
            "datetime": "1969-12-31T23:59:59Z",
            "json": [],
        },
    ]
    table = await make_table(services, viewer, types, sent)
    page = await read_table(db, viewer, table)
    assert page.items == sent
    assert list(page.items[0]["json"]) == ["b", "a"]  # type: ignore[call-overload]  # a document keeps its order
    assert (page.total, page.has_next, table.row_count) == (3, False, 3)


def canonical(cell: object) -> object:
    """No decimal of PostgreSQL is a negative zero."""
    return cell.removeprefix("-") if isinstance(cell, str) and cell.strip("-0.") == "" and cell else cell


rows = st.fixed_dictionaries({kind.value: st.none() | wire_cells(kind) for kind in ColumnType})


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(rows, min_size=1, max_size=8))
async def test_any_row_comes_back_exactly(
    db: Database, services: Services, viewer: Viewer, sent: list[dict[str, Any]]
) -> None:
    table = await make_table(services, viewer, {kind.value: kind for kind in ColumnType}, sent, name=str(uuid4()))
    page = await read_table(db, viewer, table)
    assert page.items == [{**row, "decimal": canonical(row["decimal"])} for row in sent]


async def test_an_import_counts_its_own_rows_and_the_table_counts_all(
    db: Database, services: Services, viewer: Viewer
) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    done = await services.tables.import_rows(viewer, str(table.id), [{"name": "Eve"}])
    assert (done.imported, done.table.row_count) == (1, 5)
    assert done.table.last_write_at is not None
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(), most=10)
    assert [e.type.value for e in found] == ["table.created", "table.rows_imported", "table.rows_imported"]
    assert (found[-1].sequence, found[-1].payload["rowCount"]) == (done.sequence, 1)
    counted = await db.fetchrow(composed(f"SELECT count(*) AS n FROM {table.source.schema}.{table.source.name}"))
    assert counted is not None
    assert counted["n"] == 5


async def test_no_rows_change_nothing(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer)
    async with unchanged(db):
        done = await services.tables.import_rows(viewer, str(table.id), [])
    assert (done.imported, done.sequence) == (0, None)


async def test_concurrent_imports_are_all_counted(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer)
    batches = [[{"name": f"{batch}-{at}"} for at in range(20)] for batch in range(10)]
    await asyncio.gather(*[services.tables.import_rows(viewer, str(table.id), batch) for batch in batches])
    page = await read_table(db, viewer, table, limit=1000)
    assert (page.total, len({row["name"] for row in page.items})) == (200, 200)


REFUSED_TABLES: list[tuple[TableDraft, type[Exception], str]] = [
    (draft(" "), BadInput, "name"),
    (draft("a\nb"), BadInput, "name"),
    (draft("x" * 256), BadInput, "name"),
    (draft(logical_name=""), BadInput, "logicalName"),
    (TableDraft(name="t", columns=[]), InvalidInput, "columns"),
    (TableDraft(name="t", columns=columns_of({"_ws_row_id": STRING})), InvalidInput, "columns.0.name"),
    (TableDraft(name="t", columns=columns_of({"a": STRING, "A": STRING})), InvalidInput, "columns.1.name"),
    (draft(key=("nobody",)), InvalidInput, "primaryKey.0"),
    (draft(key=("name", "name")), InvalidInput, "primaryKey.1"),
    (TableDraft(name="t", columns=columns_of({"j": ColumnType.JSON}), key=("j",)), InvalidInput, "primaryKey.0"),
    (draft(scope=TableScope.WORKSPACE), BadInput, "workspaceId"),
    (draft(workspace_id="w"), BadInput, "workspaceId"),
    (draft(scope=TableScope.TASK), BadInput, "taskId"),
    (draft(task_id="t"), BadInput, "taskId"),
    (draft(scope=TableScope.WORKSPACE, workspace_id="nonsense"), NotFound, ""),
    (draft(scope=TableScope.TASK, task_id="nonsense"), NotFound, ""),
]


@pytest.mark.parametrize(("wrong", "kind", "field"), REFUSED_TABLES)
async def test_a_table_that_breaks_a_rule_is_refused(
    db: Database, services: Services, viewer: Viewer, wrong: TableDraft, kind: type[Exception], field: str
) -> None:
    async with unchanged(db):
        with pytest.raises(kind) as refusal:
            await services.tables.create(viewer, wrong)
    assert getattr(refusal.value, "field", None) == (field or None)


async def test_a_name_is_taken_once_in_a_scope(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    await make_table(services, viewer)
    own = await make_table(services, viewer, scope=TableScope.WORKSPACE, workspace_id=str(place.id))
    assert (own.owner_workspace_id, own.workspace_id) == (place.id, place.id)
    for wrong in (draft(), draft(scope=TableScope.WORKSPACE, workspace_id=str(place.id))):
        async with unchanged(db):
            with pytest.raises(Conflict) as refusal:
                await services.tables.create(viewer, wrong)
        assert (refusal.value.field, refusal.value.facts["reason"]) == ("name", "name_taken")


REFUSED_ROWS: list[tuple[list[object], str, str]] = [
    ([["Ada", 36]], "rows.0", "3 columns"),
    (["Ada"], "rows.0", "object"),
    ([{"name": "Ada", "shoe": 1}], "rows.0.shoe", "no column"),
    ([["Ada", 36, 1.6], ["Bob", "old", 1.8]], "rows.1.age", "integer"),
    ([["Ada", 2**63, 1.6]], "rows.0.age", "64 bits"),
    ([["Ada", 1, "high"]], "rows.0.height", "number"),
    ([["A\0a", 1, 1.0]], "rows.0.name", "NUL"),
    ([["\ud800", 1, 1.0]], "rows.0.name", "surrogate"),
    ([[None, 1, 1.0]], "rows.0.name", "key"),
    ([{"age": 1}], "rows.0.name", "key"),
]


@pytest.mark.parametrize(("wrong", "field", "words"), REFUSED_ROWS)
async def test_rows_that_do_not_fit_are_refused_with_their_place(
    db: Database, services: Services, viewer: Viewer, wrong: list[object], field: str, words: str
) -> None:
    table = await make_table(services, viewer, key=("name",))
    async with unchanged(db):
        with pytest.raises(InvalidInput) as refusal:
            await services.tables.import_rows(viewer, str(table.id), wrong)
    assert refusal.value.field == field
    assert words in refusal.value.problems[0].message


async def test_all_that_is_wrong_with_rows_is_told_at_once(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer)
    wrong = [{"age": "x"}, {"name": "fine"}, {"name": 1, "height": True}]
    async with unchanged(db):
        with pytest.raises(InvalidInput) as refusal:
            await services.tables.import_rows(viewer, str(table.id), wrong)
    assert [p.loc for p in refusal.value.problems] == [("rows", 0, "age"), ("rows", 2, "name"), ("rows", 2, "height")]


async def test_a_repeated_key_names_the_first_row_that_repeats(
    db: Database, services: Services, viewer: Viewer
) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS, key=("name",))
    fresh = [[f"p{at}", at, None] for at in range(2_500)]
    for wrong, at in (([*fresh, ["Bob", 1, 1.0], ["Ada", 1, 1.0]], 2_500), ([*fresh, fresh[3], fresh[4]], 2_500)):
        async with unchanged(db):
            with pytest.raises(Conflict) as refusal:
                await services.tables.import_rows(viewer, str(table.id), wrong)
        assert (refusal.value.field, refusal.value.facts["reason"]) == (f"rows.{at}", "duplicate_key")


async def test_a_key_too_long_to_index_is_refused(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, key=("name",))
    for length in (1_000, 3_000):
        noise = "".join(chr(0x4E00 + (at * 7919) % 20_000) for at in range(length))
        async with unchanged(db):
            with pytest.raises(BadInput) as refusal:
                await services.tables.import_rows(viewer, str(table.id), [["a", 1, 1.0], [noise, 1, 1.0], ["b", 1, 1]])
        assert refusal.value.field == "rows.1"


async def test_too_many_rows_are_refused(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer)
    async with unchanged(db):
        with pytest.raises(BadInput, match=str(IMPORT_ROWS_MAX)):
            await services.tables.import_rows(viewer, str(table.id), [{}] * (IMPORT_ROWS_MAX + 1))


async def test_a_deleted_table_is_gone_with_its_rows(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    done = await services.tables.delete(viewer, str(table.id))
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(), most=10)
    assert [(e.type.value, e.sequence) for e in found[-1:]] == [("table.deleted", done.sequence)]
    with pytest.raises(NotFound):
        await read_table(db, viewer, table)
    for wrong in (
        services.tables.delete(viewer, str(table.id)),
        services.tables.import_rows(viewer, str(table.id), []),
    ):
        with pytest.raises(NotFound):
            await wrong
    await make_table(services, viewer, rows=PEOPLE_ROWS)


async def test_a_table_that_a_workspace_shows_is_kept(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    await make_workspace(services, viewer, table)
    async with unchanged(db):
        with pytest.raises(Conflict) as refusal:
            await services.tables.delete(viewer, str(table.id))
    assert refusal.value.facts["reason"] == "table_in_use"


async def test_a_deletion_waits_for_an_import_and_takes_its_rows(
    db: Database, services: Services, viewer: Viewer
) -> None:
    table = await make_table(services, viewer)
    async with db.transaction() as tx:
        assert await catalog.hold(tx, viewer.tenant_id, table.id)
        deletion = asyncio.create_task(services.tables.delete(viewer, str(table.id)))
        await eventually(lambda: somebody_waits(db))
        assert not deletion.done()
    assert (await deletion).table.id == table.id
