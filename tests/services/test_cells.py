"""Cells: edited exactly by the rules, refused without a trace, recorded, taken back."""

from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.credentials import Scope
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, Forbidden, NotFound, TaskloomError
from app.domain.grid.cell_edit import CellConflict, CellEdit, Sent
from app.domain.grid.column import ColumnType
from app.domain.invalid import InvalidInput
from app.services.registry import Services
from app.storage import cells, workspaces
from app.storage.rows.cells import EditorType
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import WorkspaceRow
from app.storage.statements import composed
from tests.support.grid import (
    INTEGER,
    NUMBER,
    STRING,
    archive,
    make_empty,
    make_snapshot,
    make_table,
    make_workspace,
    read_workspace,
    share,
    unchanged,
)
from tests.support.log import event_types

EVERY_TYPE = {"id": INTEGER, **{kind.value: kind for kind in ColumnType}}
LAST_EVENT = composed(
    "SELECT e.sequence, e.payload, e.workspace_id FROM events e WHERE e.tenant_id = :tenant_id"
    " ORDER BY e.sequence DESC LIMIT 1"
)
MEMBERS = {"name": STRING, "age": INTEGER, "height": NUMBER}
ROWS: list[list[Any]] = [["Ada", 36, 1.65], ["Bob", 41, 1.8], ["Cy", None, 1.75]]
PEOPLE_ON_THE_WIRE = [{"name": row[0], "age": row[1], "height": row[2]} for row in ROWS]


def an_edit(column: str, new: object, *expected: object, **row: Any) -> CellEdit:
    """An edit; a third value is what the cell is expected to hold."""
    return CellEdit(column=column, new=Sent(new), expected=Sent(expected[0]) if expected else None, **row)


async def live(services: Services, viewer: Viewer, **more: Any) -> tuple[TableRow, WorkspaceRow]:
    """A live table with a key and a workspace on it."""
    table = await make_table(services, viewer, MEMBERS, ROWS, key=("name",), **more)
    return table, await make_workspace(services, viewer, table)


async def test_a_cell_of_a_live_table_is_written_recorded_and_told(
    db: Database, services: Services, viewer: Viewer
) -> None:
    table, place = await live(services, viewer)
    edit = an_edit("age", 37, 36, row_identity={"name": "Ada"})
    done = await services.cells.update(viewer, str(place.id), edit)
    assert done.row == {"name": "Ada", "age": 37, "height": 1.65}
    made = done.mutation
    assert (made.workspace_id, made.table_id, made.column_name) == (place.id, table.id, "age")
    assert (made.row_identity, made.ws_row_id, made.old_value, made.new_value) == ({"name": "Ada"}, None, 36, 37)
    assert (made.actor_type, made.actor_id) == (EditorType.USER, str(viewer.user_id))
    assert (made.undo_of, made.undone_by, made.run_id) == (None, None, None)
    page = await read_workspace(db, viewer, place)
    assert page.items == [done.row, *PEOPLE_ON_THE_WIRE[1:]]
    [event] = await db.fetch(LAST_EVENT, tenant_id=viewer.tenant_id)
    assert (event["sequence"], event["workspace_id"]) == (done.sequence, place.id)
    assert event["payload"] == {
        "mutationId": str(made.id),
        "tableId": str(table.id),
        "column": "age",
        "rowIdentity": {"name": "Ada"},
        "wsRowId": None,
        "oldValue": 36,
        "newValue": 37,
        "valuesOmitted": False,
        "undoOf": None,
    }
    after = await services.tables.table(viewer, str(table.id), "read")  # type: ignore[arg-type]  # the word of the action
    assert after.last_write_at is not None and table.last_write_at is not None
    assert (after.last_write_at > table.last_write_at, after.row_count) == (True, 3)
    [(touched, _)] = await workspaces.facts(db, viewer.tenant_id, viewer.user_id, [place.id])
    assert touched.updated_at > place.updated_at


async def test_a_cell_of_a_copy_is_written_by_number_and_the_artifact_stays(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place = await make_snapshot(services, viewer, MEMBERS, ROWS)
    other = await make_snapshot(services, viewer, MEMBERS, ROWS)
    done = await services.cells.update(viewer, str(place.id), an_edit("name", "Adele", "Ada", ws_row_id="1"))
    assert done.row == {"name": "Adele", "age": 36, "height": 1.65, "_ws_row_id": 1}
    assert (done.mutation.row_identity, done.mutation.ws_row_id) == ({"_ws_row_id": 1}, 1)
    assert (await read_workspace(db, viewer, place)).items[0] == done.row
    assert (await read_workspace(db, viewer, other)).items[0]["name"] == "Ada"


async def test_a_named_row_of_a_copy_goes_by_its_column_and_by_its_number(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place = await make_snapshot(services, viewer, MEMBERS, ROWS, row_id_column="name")
    by_name = await services.cells.update(viewer, str(place.id), an_edit("age", 1, row_identity={"name": "Bob"}))
    by_number = await services.cells.update(viewer, str(place.id), an_edit("age", 2, 1, ws_row_id="2"))
    assert (by_name.mutation.row_identity, by_name.mutation.ws_row_id) == ({"name": "Bob"}, 2)
    assert by_number.mutation.row_identity == {"name": "Bob"}
    assert [row["age"] for row in (await read_workspace(db, viewer, place)).items] == [36, 2, None]


VALUES: list[tuple[str, object, object]] = [
    ("string", "", ""),
    ("string", "ünï\n\t\"'", "ünï\n\t\"'"),
    ("integer", 2**53, 2**53),
    ("integer", str(2**63 - 1), str(2**63 - 1)),
    ("integer", -(2**63), str(-(2**63))),
    ("integer", 12.0, 12),
    ("number", 5e-324, 5e-324),
    ("number", 1e300, 1e300),
    ("number", "1.5", 1.5),
    ("decimal", "0.1000", "0.1000"),
    ("decimal", "-0", "0"),
    ("decimal", "1" * 900 + ".5", "1" * 900 + ".5"),
    ("decimal", 0.1, "0.1"),
    ("boolean", False, False),
    ("date", "0001-01-01", "0001-01-01"),
    ("datetime", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ("datetime", "2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00Z"),
    ("json", {"b": [1, None, {"c": "x"}], "a": 1.5}, {"b": [1, None, {"c": "x"}], "a": 1.5}),
    ("json", "text", "text"),
    ("json", False, False),
]


@pytest.mark.parametrize(("column", "sent", "shown"), VALUES)
async def test_every_type_comes_back_exactly_is_expected_and_is_taken_back(
    db: Database, services: Services, viewer: Viewer, column: str, sent: object, shown: object
) -> None:
    table = await make_table(services, viewer, EVERY_TYPE, [{"id": 1}], key=("id",))
    place = str((await make_workspace(services, viewer, table)).id)
    row = {"row_identity": {"id": 1}}
    done = await services.cells.update(viewer, place, an_edit(column, sent, None, **row))
    assert (done.row[column], done.mutation.new_value) == (shown, shown)
    again = await services.cells.update(viewer, place, an_edit(column, None, sent, **row))
    assert (again.row[column], again.mutation.old_value) == (None, shown)
    back = await services.cells.undo(viewer, str(again.mutation.id))
    assert back.row[column] == shown
    await services.cells.update(viewer, place, an_edit(column, None, shown, **row))


async def test_documents_are_compared_by_what_they_say(services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, EVERY_TYPE, [{"id": 1, "json": {"a": [1, True], "b": 2}}], key=("id",))
    place = str((await make_workspace(services, viewer, table)).id)
    row = {"row_identity": {"id": 1}}
    others: list[object] = [
        {"a": [1, 1], "b": 2},
        {"a": [True, True], "b": 2},
        {"a": [1, True]},
        {"a": [1], "b": 2},
        [],
        None,
    ]
    for other in others:
        with pytest.raises(CellConflict):
            await services.cells.update(viewer, place, an_edit("json", 1, other, **row))
    await services.cells.update(viewer, place, an_edit("json", 1, {"b": 2.0, "a": [1.0, True]}, **row))


async def test_decimals_and_numbers_are_compared_by_value(services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, EVERY_TYPE, [{"id": 1, "decimal": "1.50", "number": 2}], key=("id",))
    place = str((await make_workspace(services, viewer, table)).id)
    done = await services.cells.update(viewer, place, an_edit("decimal", "1.5", "1.5", row_identity={"id": 1}))
    assert (done.row["decimal"], done.mutation.old_value) == ("1.5", "1.50")
    await services.cells.update(viewer, place, an_edit("number", 3, "2.0", row_identity={"id": "1"}))


async def test_not_sent_and_null_are_two_things(db: Database, services: Services, viewer: Viewer) -> None:
    _, place = await live(services, viewer)
    ada = {"row_identity": {"name": "Ada"}}
    async with unchanged(db):
        with pytest.raises(CellConflict) as refusal:
            await services.cells.update(viewer, str(place.id), an_edit("age", 1, None, **ada))
    facts = refusal.value.facts
    assert (refusal.value.code, refusal.value.field, facts["reason"]) == (
        "CONFLICT",
        "expectedOldValue",
        "cell_conflict",
    )
    assert (facts["currentValue"], facts["row"]) == (36, {"name": "Ada", "age": 36, "height": 1.65})
    assert (await services.cells.update(viewer, str(place.id), an_edit("age", 1, **ada))).row["age"] == 1
    cy = {"row_identity": {"name": "Cy"}}
    assert (await services.cells.update(viewer, str(place.id), an_edit("age", 5, None, **cy))).row["age"] == 5


async def test_an_equal_value_is_recorded_all_the_same(db: Database, services: Services, viewer: Viewer) -> None:
    _, place = await live(services, viewer)
    first = await services.cells.update(viewer, str(place.id), an_edit("age", 36, row_identity={"name": "Ada"}))
    second = await services.cells.update(viewer, str(place.id), an_edit("age", 36, row_identity={"name": "Ada"}))
    assert second.mutation.id != first.mutation.id
    assert await cells.count(db, viewer.tenant_id, place.id) == 2


LONE = "\ud800"
HOSTILE: list[tuple[dict[str, Any], list[tuple[str | None, str]]]] = [
    ({"column": "no such"}, [("column", "unknown_column")]),
    ({"column": ""}, [("column", "unknown_column")]),
    ({"column": "x" * 100_000}, [("column", "unknown_column")]),
    ({"column": LONE}, [("column", "unknown_column")]),
    ({"column": "a\0"}, [("column", "unknown_column")]),
    ({"column": '"; DROP TABLE tables; --'}, [("column", "unknown_column")]),
    ({"column": "_ws_row_id"}, [("column", "unknown_column")]),
    ({"column": "xmin"}, [("column", "unknown_column")]),
    ({"column": "name", "new": Sent("Eve")}, [("column", "identity_column")]),
    ({"new": None}, [("newValue", "missing")]),
    ({"new": Sent("")}, [("newValue", "int_type")]),
    ({"new": Sent("37 ")}, [("newValue", "int_type")]),
    ({"new": Sent(True)}, [("newValue", "int_type")]),
    ({"new": Sent(1.5)}, [("newValue", "int_type")]),
    ({"new": Sent([1])}, [("newValue", "int_type")]),
    ({"new": Sent(2**63)}, [("newValue", "out_of_range")]),
    ({"new": Sent(10**5000)}, [("newValue", "out_of_range")]),
    ({"column": "height", "new": Sent(float("nan"))}, [("newValue", "out_of_range")]),
    ({"column": "note", "new": Sent("a\0b")}, [("newValue", "unstorable_text")]),
    ({"column": "note", "new": Sent(LONE)}, [("newValue", "unstorable_text")]),
    ({"column": "note", "new": Sent("x" * (2**20 + 1))}, [("newValue", "string_too_long")]),
    ({"column": "note", "new": Sent(1)}, [("newValue", "string_type")]),
    ({"column": "doc", "new": Sent({"a\0": 1})}, [("newValue", "json_type")]),
    ({"column": "doc", "new": Sent({"a": LONE})}, [("newValue", "json_type")]),
    ({"expected": Sent("x")}, [("expectedOldValue", "int_type")]),
    ({"row_identity": None}, [(None, "value_error")]),
    ({"ws_row_id": "1"}, [(None, "value_error")]),
    ({"row_identity": None, "ws_row_id": "1"}, [("wsRowId", "value_error")]),
    ({"row_identity": "Ada"}, [("rowIdentity", "dict_type")]),
    ({"row_identity": ["Ada"]}, [("rowIdentity", "dict_type")]),
    ({"row_identity": {}}, [("rowIdentity.name", "missing")]),
    ({"row_identity": {"name": None}}, [("rowIdentity.name", "missing")]),
    ({"row_identity": {"name": 1}}, [("rowIdentity.name", "string_type")]),
    ({"row_identity": {"name": "A\0"}}, [("rowIdentity.name", "unstorable_text")]),
    ({"row_identity": {"name": "Ada", "age": 36}}, [("rowIdentity.age", "unknown_column")]),
    ({"row_identity": {"name": "Ada", LONE: 1}}, [("rowIdentity.'\\ud800'", "unknown_column")]),
    (
        {"column": "nope", "new": None, "row_identity": {"nom": 1}},
        [
            ("newValue", "missing"),
            ("column", "unknown_column"),
            ("rowIdentity.nom", "unknown_column"),
            ("rowIdentity.name", "missing"),
        ],
    ),
]


@pytest.mark.parametrize(("wrong", "told"), HOSTILE)
async def test_what_is_wrong_is_told_at_its_place_and_changes_nothing(
    db: Database, services: Services, viewer: Viewer, wrong: dict[str, Any], told: list[tuple[str | None, str]]
) -> None:
    types = {**MEMBERS, "note": STRING, "doc": ColumnType.JSON}
    table = await make_table(services, viewer, types, [{"name": "Ada", "age": 36}], key=("name",))
    place = await make_workspace(services, viewer, table)
    right = {"column": "age", "new": Sent(37), "row_identity": {"name": "Ada"}}
    async with unchanged(db):
        with pytest.raises(InvalidInput) as refusal:
            await services.cells.update(viewer, str(place.id), CellEdit(**{**right, **wrong}))
    found = refusal.value.facts["problems"]
    assert isinstance(found, list)
    assert [(one["field"], one["code"]) for one in found] == told


@pytest.mark.parametrize("number", ["0", "-1", "99", "1.0", "+1", " 1", "x", "", "9" * 30, "1\0"])
async def test_a_number_that_no_row_has_is_no_row(
    db: Database, services: Services, viewer: Viewer, number: str
) -> None:
    place = await make_snapshot(services, viewer, MEMBERS, ROWS)
    async with unchanged(db):
        with pytest.raises(NotFound) as refusal:
            await services.cells.update(viewer, str(place.id), an_edit("age", 1, ws_row_id=number))
    assert refusal.value.facts["reason"] == "row_not_found"


async def test_an_unknown_row_is_not_found(db: Database, services: Services, viewer: Viewer) -> None:
    _, place = await live(services, viewer)
    async with unchanged(db):
        with pytest.raises(NotFound) as refusal:
            await services.cells.update(viewer, str(place.id), an_edit("age", 1, row_identity={"name": "Zoe"}))
    assert refusal.value.facts["reason"] == "row_not_found"


async def refused(services: Services, viewer: Viewer, place: WorkspaceRow, **row: Any) -> TaskloomError:
    """The refusal of an edit that is right in itself."""
    with pytest.raises(TaskloomError) as refusal:
        await services.cells.update(
            viewer, str(place.id), an_edit("age", 1, **(row or {"row_identity": {"name": "Ada"}}))
        )
    return refusal.value


async def test_who_may_not_edit_is_told_the_first_reason(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    table, place = await live(services, viewer)
    await share(db, viewer, place.id, colleague)
    theirs = await make_workspace(services, colleague, table)
    bare = await make_table(services, viewer, MEMBERS, ROWS, name="bare")
    keyless, empty = await make_workspace(services, viewer, bare), await make_empty(services, viewer)
    reader = Viewer(
        tenant_id=viewer.tenant_id,
        user_id=viewer.user_id,
        role=viewer.role,
        scopes=frozenset({Scope.READ}),
        api_key_id=viewer.api_key_id,
        email=viewer.email,
    )
    async with unchanged(db):
        for who, where in ((colleague, place), (colleague, theirs), (reader, place)):
            problem = await refused(services, who, where)
            assert (type(problem), problem.facts["reason"]) == (Forbidden, "viewer_access")
        for where, reason in ((keyless, "no_row_identity"), (empty, "no_data")):
            problem = await refused(services, viewer, where)
            told = (problem.facts["reason"], problem.facts["readOnlyReason"])
            assert (isinstance(problem, Conflict), told) == (True, ("workspace_read_only", reason))
        assert isinstance(await refused(services, outsider, place), NotFound)
        with pytest.raises(NotFound):
            await services.cells.update(viewer, "nothing", an_edit("age", 1, ws_row_id="1"))
    await archive(db, place.id)
    await archive(db, theirs.id)
    async with unchanged(db):
        assert (await refused(services, colleague, theirs)).facts["reason"] == "viewer_access"
        assert (await refused(services, viewer, place)).facts["reason"] == "workspace_archived"
        assert (await refused(services, colleague, place)).facts["reason"] == "viewer_access"


async def test_many_edits_are_all_or_none(db: Database, services: Services, viewer: Viewer) -> None:
    _, place = await live(services, viewer)
    ada, bob = {"row_identity": {"name": "Ada"}}, {"row_identity": {"name": "Bob"}}
    edits = [an_edit("age", 1, 41, **bob), an_edit("height", 2, **ada), an_edit("age", 3, 1, **bob)]
    done = await services.cells.update_many(viewer, str(place.id), edits)
    bobs = {"name": "Bob", "age": 3, "height": 1.8}
    assert [one.row for one in done] == [bobs, {"name": "Ada", "age": 36, "height": 2.0}, bobs]
    assert [(one.mutation.old_value, one.mutation.new_value) for one in done] == [(41, 1), (1.65, 2.0), (1, 3)]
    assert [one.sequence for one in done] == [done[0].sequence + at for at in range(3)]
    assert (await event_types(db, viewer.tenant_id))[-3:] == ["workspace.cell_updated"] * 3
    async with unchanged(db):
        with pytest.raises(CellConflict) as stale:
            await services.cells.update_many(
                viewer, str(place.id), [an_edit("age", 9, **ada), an_edit("age", 9, 1, **bob)]
            )
        assert (stale.value.field, stale.value.facts["currentValue"]) == ("edits.1.expectedOldValue", 3)
        with pytest.raises(NotFound) as gone:
            await services.cells.update_many(
                viewer, str(place.id), [an_edit("age", 9, **ada), an_edit("age", 9, row_identity={"name": "Zoe"})]
            )
        assert (gone.value.field, gone.value.facts["reason"]) == ("edits.1", "row_not_found")
        with pytest.raises(InvalidInput) as wrong:
            await services.cells.update_many(
                viewer,
                str(place.id),
                [an_edit("age", "x", **ada), an_edit("name", "y", **bob), an_edit("age", 1, **ada)],
            )
        assert [one.loc for one in wrong.value.problems] == [("edits", 0, "newValue"), ("edits", 1, "column")]
        for count in (0, 501):
            with pytest.raises(BadInput) as many:
                await services.cells.update_many(viewer, str(place.id), [an_edit("age", 1, **ada)] * count)
            assert many.value.field == "edits"


async def test_very_long_values_stay_out_of_the_event_and_in_the_record(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place = await make_snapshot(services, viewer, MEMBERS, ROWS)
    long = "x" * (1 << 20)
    done = await services.cells.update(viewer, str(place.id), an_edit("name", long, ws_row_id="1"))
    assert (done.mutation.new_value, done.row["name"]) == (long, long)
    [event] = await db.fetch(LAST_EVENT, tenant_id=viewer.tenant_id)
    assert {"oldValue", "newValue"} & set(event["payload"]) == set()
    assert event["payload"]["valuesOmitted"] is True
