"""Workspaces: every legal combination makes what was asked for, every other one leaves nothing behind."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, NotFound
from app.domain.grid.column import ColumnType
from app.domain.grid.row_identity import WarningCode
from app.domain.grid.table import TableScope
from app.domain.invalid import InvalidInput
from app.services.artifacts import ArtifactDraft
from app.services.registry import Services
from app.services.workspace_draft import Binding, WorkspaceDraft
from app.storage import catalog, events, workspace_list
from app.storage.events import Range
from app.storage.rows.grid import ArtifactKind, ArtifactRow
from app.storage.rows.workspace import WorkspaceMode, WorkspaceRow
from app.storage.statements import composed
from app.storage.workspace_list import OwnFilter
from tests.support.eventually import eventually
from tests.support.grid import (
    INTEGER,
    PEOPLE,
    PEOPLE_ROWS,
    STRING,
    columns_of,
    make_empty,
    make_table,
    make_task,
    make_workspace,
    read_workspace,
    somebody_waits,
    unchanged,
)

LIVE, COPY = WorkspaceMode.OPERATIONAL, WorkspaceMode.SNAPSHOT
NOWHERE = "01900000-0000-7000-8000-000000000000"


INDEXES = composed("SELECT indexdef FROM pg_indexes WHERE tablename = :name")


async def make_artifact(
    services: Services, viewer: Viewer, types: Mapping[str, ColumnType] = PEOPLE, rows: Any = PEOPLE_ROWS, **more: Any
) -> ArtifactRow:
    """A table kept as an artifact."""
    columns = [{"name": name, "dataType": kind.value} for name, kind in types.items()]
    content = {"columns": columns, "rows": rows}
    draft = ArtifactDraft(name="kept", kind=ArtifactKind.TABLE, content=content, **more)
    return (await services.artifacts.create(viewer, draft)).artifact


def snapshot(artifact: ArtifactRow | None = None, **more: Any) -> WorkspaceDraft:
    """A snapshot of an artifact."""
    return WorkspaceDraft(title="Copy", mode=COPY, artifact_id=str(artifact.id) if artifact else None, **more)


def live(name: str = "people", **more: Any) -> WorkspaceDraft:
    """A workspace on a live table."""
    return WorkspaceDraft(title="Live", mode=LIVE, table_name=name, **more)


async def log(db: Database, viewer: Viewer, place: WorkspaceRow) -> list[tuple[str, dict[str, Any]]]:
    """Type and payload of a workspace's events."""
    wanted = Range(workspace_id=place.id)
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, wanted, most=50)
    return [(event.type.value, event.payload) for event in found]


async def test_an_empty_snapshot_has_neither_columns_nor_rows(db: Database, services: Services, viewer: Viewer) -> None:
    made = await services.workspaces.create(viewer, WorkspaceDraft(title=" Notes ", mode=COPY, description=" "))
    place = made.workspace
    assert (place.title, place.description, place.mode, place.status) == ("Notes", None, COPY, "active")
    assert (place.table_id, place.row_id_column, made.warnings) == (None, None, ())
    page = await read_workspace(db, viewer, place)
    assert (page.items, page.total, page.columns, page.row_identity_columns) == ([], 0, (), ())
    assert (page.can_edit, page.read_only_reason) == (False, "no_data")
    assert await log(db, viewer, place) == [
        ("workspace.created", {"workspaceId": str(place.id), "title": "Notes", "mode": "snapshot"})
    ]


async def test_an_operational_workspace_shows_the_live_table(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS, key=("name",))
    place = (await services.workspaces.create(viewer, live())).workspace
    assert (place.table_id, place.row_id_column, place.seed_artifact_version_id) == (table.id, "name", None)
    await services.tables.import_rows(viewer, str(table.id), [["Eve", 1, 1.5]])
    page = await read_workspace(db, viewer, place)
    assert [row["name"] for row in page.items] == ["Ada", "Bob", "Cy", "Dee", "Eve"]
    assert (page.row_identity_columns, page.can_edit, page.read_only_reason) == (("name",), True, None)


async def test_a_table_without_a_key_can_be_opened_but_not_edited(
    db: Database, services: Services, viewer: Viewer
) -> None:
    await make_table(services, viewer, rows=PEOPLE_ROWS)
    place = (await services.workspaces.create(viewer, live())).workspace
    page = await read_workspace(db, viewer, place)
    assert (place.row_id_column, page.row_identity_columns) == (None, ())
    assert (page.can_edit, page.read_only_reason) == (False, "no_row_identity")
    assert page.items[0] == {"name": "Ada", "age": 36, "height": 1.65}


async def test_a_snapshot_is_an_exact_copy_that_nothing_else_changes(
    db: Database, services: Services, viewer: Viewer
) -> None:
    types = {kind.value: kind for kind in ColumnType}
    row: dict[str, Any] = {
        "string": "'x'\t\"y\" 🙂",
        "integer": str(2**63 - 1),
        "number": 0.1 + 0.2,
        "decimal": "-12345678901234567890.0010",
        "boolean": False,
        "date": "0001-01-01",
        "datetime": "9999-12-31T23:59:59.999999Z",
        "json": {"a": [1, "x", None]},
    }
    last = {**row, "datetime": "0001-01-01T00:00:00Z", "date": "9999-12-31"}
    rows = [row, {}, last, {**row, "datetime": "2024-01-01T00:00:00Z", "date": "2024-02-29"}]
    table = await make_table(services, viewer, types, rows)
    by_hand = await make_artifact(services, viewer, types, rows)
    draft = ArtifactDraft(name="kept", kind=ArtifactKind.TABLE, table_id=str(table.id))
    kept = (await services.artifacts.create(viewer, draft)).artifact
    await services.tables.import_rows(viewer, str(table.id), [{}, {}])
    for artifact in (by_hand, kept):
        place = (await services.workspaces.create(viewer, snapshot(artifact))).workspace
        page = await read_workspace(db, viewer, place)
        assert page.items == [{**dict.fromkeys(types), **one, "_ws_row_id": at} for at, one in enumerate(rows, 1)]
        for sent in rows[0], rows[2], rows[3]:
            wanted = [{"column": name, "op": "eq", "value": sent[name]} for name in ("date", "datetime")]
            assert (await read_workspace(db, viewer, place, filters=wanted)).total == 1
        assert [column.name for column in page.columns] == list(types)
        assert (page.total, page.row_identity_columns, page.can_edit) == (4, (), True)
        assert (place.row_id_column, place.seed_artifact_version_id is not None) == ("_ws_row_id", True)
    assert await catalog.page(db, viewer.tenant_id, viewer.user_id, catalog.Filter(), after=None, most=9) == [
        (await catalog.visible_by_id(db, viewer.tenant_id, viewer.user_id, [table.id]))[0]
    ]


async def test_a_wide_table_can_be_kept_and_copied(db: Database, services: Services, viewer: Viewer) -> None:
    types = {f"c{at}": INTEGER for at in range(120)}
    table = await make_table(services, viewer, types, [list(range(120))])
    draft = ArtifactDraft(name="wide", kind=ArtifactKind.TABLE, table_id=str(table.id))
    place = (
        await services.workspaces.create(viewer, snapshot((await services.artifacts.create(viewer, draft)).artifact))
    ).workspace
    assert (await read_workspace(db, viewer, place)).items == [{**{f"c{at}": at for at in range(120)}, "_ws_row_id": 1}]


ROW_IDS = [
    ("name", "name", None),
    ("age", "_ws_row_id", WarningCode.HAS_NULLS),
    ("shoe", "_ws_row_id", WarningCode.NOT_FOUND),
    ("size", "_ws_row_id", WarningCode.NOT_UNIQUE),
]


@pytest.mark.parametrize(("asked", "effective", "code"), ROW_IDS)
async def test_a_copys_rows_are_identified_as_asked_or_with_a_warning(
    db: Database, services: Services, viewer: Viewer, asked: str, effective: str, code: WarningCode | None
) -> None:
    types = {"name": STRING, "age": INTEGER, "size": INTEGER}
    artifact = await make_artifact(services, viewer, types, [["a", 1, 5], ["b", None, 5], ["c", 3, 6]])
    made = await services.workspaces.create(viewer, snapshot(artifact, row_id_column=asked))
    assert made.workspace.row_id_column == effective
    assert [(w.code, w.requested_row_id_column, w.effective_row_id_column) for w in made.warnings] == (
        [] if code is None else [(code, asked, effective)]
    )
    page = await read_workspace(db, viewer, made.workspace)
    assert page.row_identity_columns == (("name",) if effective == "name" else ())
    assert made.workspace.table_id is not None
    indexes = await db.fetch(INDEXES, name=f"t_{made.workspace.table_id.hex}")
    assert len(indexes) == (2 if effective == "name" else 1)


async def test_a_long_value_may_identify_a_row_without_an_index(
    db: Database, services: Services, viewer: Viewer
) -> None:
    artifact = await make_artifact(services, viewer, {"text": STRING}, [["x" * 100_000], ["y"]])
    made = await services.workspaces.create(viewer, snapshot(artifact, row_id_column="text"))
    assert (made.workspace.row_id_column, made.warnings) == ("text", ())


LIVE_ROW_IDS: list[tuple[tuple[str, ...], str, str | None, WarningCode | None]] = [
    (("name",), "name", "name", None),
    (("name",), "age", "name", WarningCode.HAS_NULLS),
    (("name",), "size", "name", WarningCode.NOT_UNIQUE),
    (("name",), "shoe", "name", WarningCode.NOT_FOUND),
    (("name", "size"), "name", None, WarningCode.NOT_UNIQUE),
    ((), "name", None, WarningCode.NOT_UNIQUE),
]


@pytest.mark.parametrize(("key", "asked", "effective", "code"), LIVE_ROW_IDS)
async def test_only_its_key_identifies_the_rows_of_a_live_table(
    services: Services,
    viewer: Viewer,
    key: tuple[str, ...],
    asked: str,
    effective: str | None,
    code: WarningCode | None,
) -> None:
    types = {"name": STRING, "age": INTEGER, "size": INTEGER}
    await make_table(services, viewer, types, [["a", 1, 5], ["b", None, 5]], key=key)
    made = await services.workspaces.create(viewer, live(row_id_column=asked))
    assert made.workspace.row_id_column == effective
    assert [(w.code, w.effective_row_id_column) for w in made.warnings] == ([(code, effective)] if code else [])


async def test_an_empty_snapshot_knows_no_column(services: Services, viewer: Viewer) -> None:
    made = await services.workspaces.create(viewer, snapshot(row_id_column="name"))
    assert (made.workspace.row_id_column, [w.code for w in made.warnings]) == (None, [WarningCode.NOT_FOUND])


async def test_a_version_is_the_one_asked_for_or_the_newest(services: Services, viewer: Viewer) -> None:
    artifact = await make_artifact(services, viewer)
    for version in (None, 1):
        made = await services.workspaces.create(viewer, snapshot(artifact, version=version))
        assert made.workspace.seed_artifact_version_id is not None


def combinations() -> list[tuple[WorkspaceDraft, list[str]]]:
    """What does not go together, and the fields at fault."""
    twice = (Binding(task_id="t", mutates=False), Binding(task_id="t", mutates=True))
    return [
        (WorkspaceDraft(title="x", mode=LIVE), ["backingTableName"]),
        (WorkspaceDraft(title="x", mode=LIVE, artifact_id=NOWHERE), ["backingTableName", "artifactId"]),
        (live(version=1), ["version"]),
        (live(artifact_id=NOWHERE, version=1), ["artifactId"]),
        (WorkspaceDraft(title="x", mode=COPY, table_name="people"), ["backingTableName"]),
        (WorkspaceDraft(title="x", mode=COPY, table_scope=TableScope.TENANT), ["backingTableScope"]),
        (snapshot(version=1), ["version"]),
        (WorkspaceDraft(title="x", mode=COPY, artifact_id=NOWHERE, version=0), ["version"]),
        (live(""), ["backingTableName"]),
        (live("a\0b", row_id_column="\ud800"), ["backingTableName", "rowIdColumn"]),
        (snapshot(row_id_column="x" * 256), ["rowIdColumn"]),
        (snapshot(bindings=twice), ["taskBindings.1.taskId"]),
        (snapshot(bindings=[Binding(task_id=str(n), mutates=False) for n in range(101)]), ["taskBindings"]),
    ]


@pytest.mark.parametrize(("wrong", "fields"), combinations())
async def test_what_does_not_go_together_is_refused_all_at_once(
    db: Database, services: Services, viewer: Viewer, wrong: WorkspaceDraft, fields: list[str]
) -> None:
    await make_table(services, viewer)
    async with unchanged(db):
        with pytest.raises(InvalidInput) as refusal:
            await services.workspaces.create(viewer, wrong)
    assert [".".join(map(str, problem.loc)) for problem in refusal.value.problems] == fields


@pytest.mark.parametrize(
    ("wrong", "kind", "field"),
    [
        (WorkspaceDraft(title=" ", mode=COPY), BadInput, "title"),
        (WorkspaceDraft(title="x" * 256, mode=COPY), BadInput, "title"),
        (WorkspaceDraft(title="a\0b", mode=COPY), BadInput, "title"),
        (WorkspaceDraft(title="x", mode=COPY, description="x" * 70_000), BadInput, "description"),
        (live("nobody"), NotFound, "backingTableName"),
        (live("'; DROP TABLE tables; --"), NotFound, "backingTableName"),
        (live(table_scope=TableScope.TASK), NotFound, "backingTableName"),
        (WorkspaceDraft(title="x", mode=COPY, artifact_id=NOWHERE), NotFound, "artifactId"),
        (WorkspaceDraft(title="x", mode=COPY, artifact_id="nonsense"), NotFound, None),
        (snapshot(bindings=[Binding(task_id=NOWHERE, mutates=False)]), NotFound, "taskBindings.0.taskId"),
    ],
)
async def test_what_is_not_there_is_refused(
    db: Database, services: Services, viewer: Viewer, wrong: WorkspaceDraft, kind: type[BadInput], field: str | None
) -> None:
    await make_table(services, viewer)
    async with unchanged(db):
        with pytest.raises(kind) as refusal:
            await services.workspaces.create(viewer, wrong)
    assert refusal.value.field == field


async def test_an_artifact_without_rows_cannot_be_copied(db: Database, services: Services, viewer: Viewer) -> None:
    text = ArtifactDraft(name="text", kind=ArtifactKind.MARKDOWN, content="# x")
    artifact = (await services.artifacts.create(viewer, text)).artifact
    table = await make_artifact(services, viewer)
    for wrong, field in ((snapshot(artifact), "artifactId"), (snapshot(table, version=2), "version")):
        async with unchanged(db):
            with pytest.raises(InvalidInput) as refusal:
                await services.workspaces.create(viewer, wrong)
        assert refusal.value.field == field


async def test_a_name_in_several_scopes_needs_the_scope(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    tenants = await make_table(services, viewer)
    own = await make_table(services, viewer, scope=TableScope.WORKSPACE, workspace_id=str(place.id))
    async with unchanged(db):
        with pytest.raises(InvalidInput) as refusal:
            await services.workspaces.create(viewer, live())
    assert refusal.value.field == "backingTableScope"
    for scope, table in ((TableScope.TENANT, tenants), (TableScope.WORKSPACE, own)):
        made = await services.workspaces.create(viewer, live(table_scope=scope))
        assert made.workspace.table_id == table.id


async def test_a_failed_copy_leaves_nothing(db: Database, services: Services, viewer: Viewer) -> None:
    artifact = await make_artifact(services, viewer)
    broken = composed(
        """
        UPDATE artifact_versions SET content = jsonb_set(content, '{rows,0,1}', '"no number"')
         WHERE artifact_id = :id
        """
    )
    await db.fetch(broken, id=artifact.id)
    async with unchanged(db):
        with pytest.raises(Exception, match="cannot store") as refusal:
            await services.workspaces.create(viewer, snapshot(artifact))
    assert getattr(refusal.value, "code", None) == "BAD_USER_INPUT"


async def test_a_table_deleted_meanwhile_is_not_opened(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer)
    task = await make_task(services, viewer)
    async with db.transaction() as tx:
        assert await catalog.lock(tx, viewer.tenant_id, table.id)
        opening = asyncio.create_task(
            services.workspaces.create(viewer, live(bindings=[Binding(task_id=task, mutates=False)]))
        )
        await eventually(lambda: somebody_waits(db))
        await catalog.delete(tx, viewer.tenant_id, table.id)
    with pytest.raises(NotFound):
        await opening
    assert await workspace_list.own(db, viewer.tenant_id, viewer.user_id, OwnFilter()) == []


async def test_several_workspaces_may_show_one_table(services: Services, viewer: Viewer, colleague: Viewer) -> None:
    table = await make_table(services, viewer)
    places = [await make_workspace(services, who, table) for who in (viewer, viewer, colleague)]
    assert {place.table_id for place in places} == {table.id}
    assert columns_of(PEOPLE) == list(table.column_list)
