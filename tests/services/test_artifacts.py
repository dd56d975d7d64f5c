"""Artifacts: kept exactly, seen by whom they are meant for, refused without a trace."""

from dataclasses import replace
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, NotFound, TooLarge
from app.domain.grid.table import TableScope
from app.domain.invalid import InvalidInput
from app.loaders.reader import Reader
from app.loaders.runs import artifacts_by_run
from app.services import artifacts as service
from app.services.artifacts import ArtifactDraft
from app.services.registry import Services
from app.storage import artifacts, events
from app.storage.events import Range
from app.storage.rows.grid import ArtifactKind, ArtifactRow
from app.storage.statements import composed
from tests.services.test_leases import changes_nothing
from tests.support.grid import PEOPLE_ROWS, make_empty, make_table, make_task, share, unchanged

PRETEND = composed("UPDATE tables SET row_count = :rows WHERE id = :id")
NOWHERE = "01900000-0000-7000-8000-000000000000"


def draft(kind: ArtifactKind = ArtifactKind.JSON, content: object = 1, **more: Any) -> ArtifactDraft:
    """An artifact with a content."""
    return ArtifactDraft(name=more.pop("name", "kept"), kind=kind, content=content, **more)


async def content_of(db: Database, viewer: Viewer, artifact: ArtifactRow) -> Any:
    """What its only version holds."""
    versions = await artifacts.versions(db, viewer.tenant_id, [artifact.id])
    assert [version.version for version in versions] == [1]
    return (await artifacts.contents(db, viewer.tenant_id, [versions[0].id]))[0][1]


TABLE = {
    "columns": [{"name": "n", "dataType": "INTEGER"}, {"name": "at", "displayName": "When", "dataType": "datetime"}],
    "rows": [[1, "2024-01-01"], {"n": "9223372036854775807"}],
}
KEPT_TABLE = {
    "columns": [
        {"name": "n", "displayName": None, "dataType": "integer"},
        {"name": "at", "displayName": "When", "dataType": "datetime"},
    ],
    "rows": [[1, "2024-01-01T00:00:00Z"], ["9223372036854775807", None]],
}
SPEC = {"kind": "bar", "x": {"column": "n"}, "y": [{"column": "*", "agg": "count"}]}


@pytest.mark.parametrize(
    ("kind", "content", "kept"),
    [
        (ArtifactKind.JSON, {"a": [1, None, "x"]}, {"a": [1, None, "x"]}),
        (ArtifactKind.MARKDOWN, "# Title", "# Title"),
        (ArtifactKind.FILE, {"url": "s3://bucket/key"}, {"url": "s3://bucket/key"}),
        (ArtifactKind.TABLE, TABLE, KEPT_TABLE),
    ],
)
async def test_a_content_is_kept(
    db: Database, services: Services, viewer: Viewer, kind: ArtifactKind, content: object, kept: object
) -> None:
    made = await services.artifacts.create(viewer, draft(kind, content))
    assert (made.artifact.name, made.artifact.kind, made.artifact.created_by) == ("kept", kind, viewer.user_id)
    assert await content_of(db, viewer, made.artifact) == kept
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(), most=5)
    payload = {"artifactId": str(made.artifact.id), "name": "kept", "kind": kind.value, "version": 1}
    assert [(e.type.value, e.sequence, e.payload) for e in found] == [("artifact.created", made.sequence, payload)]


async def test_a_chart_is_kept_with_its_defaults(db: Database, services: Services, viewer: Viewer) -> None:
    made = await services.artifacts.create(viewer, draft(ArtifactKind.CHART, SPEC))
    assert (await content_of(db, viewer, made.artifact))["limit"] == 1_000


async def test_a_tables_rows_are_kept_as_they_are_now(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    kept = ArtifactDraft(name="kept", kind=ArtifactKind.TABLE, table_id=str(table.id))
    made = await services.artifacts.create(viewer, kept)
    await services.tables.delete(viewer, str(table.id))
    content = await content_of(db, viewer, made.artifact)
    assert (content["rows"], [column["name"] for column in content["columns"]]) == (
        PEOPLE_ROWS,
        ["name", "age", "height"],
    )
    versions = await artifacts.versions(db, viewer.tenant_id, [made.artifact.id])
    assert (versions[0].row_count, versions[0].metadata) == (4, {})
    empty = await make_table(services, viewer, name="empty")
    none = ArtifactDraft(name="none", kind=ArtifactKind.TABLE, table_id=str(empty.id))
    assert (await content_of(db, viewer, (await services.artifacts.create(viewer, none)).artifact))["rows"] == []


def columns(*given: object) -> dict[str, object]:
    """A table's content with these columns and no rows."""
    return {"columns": list(given), "rows": []}


REFUSED: list[tuple[ArtifactDraft, type[Exception], str | None]] = [
    (draft(name=" "), BadInput, "name"),
    (draft(content=None), BadInput, "content"),
    (draft(table_id=NOWHERE), BadInput, "content"),
    (draft(content="a\0b"), BadInput, "content"),
    (draft(content="x" * (service.CONTENT_BYTES_MAX + 1)), TooLarge, "content"),
    (draft(ArtifactKind.MARKDOWN, {"a": 1}), BadInput, "content"),
    (draft(ArtifactKind.CHART, {"kind": "bar"}), InvalidInput, "content.x"),
    (draft(ArtifactKind.TABLE, [1]), BadInput, "content"),
    (draft(ArtifactKind.TABLE, {"columns": [], "more": 1}), BadInput, "content"),
    (draft(ArtifactKind.TABLE, {"rows": []}), BadInput, "content.columns"),
    (draft(ArtifactKind.TABLE, columns()), InvalidInput, "content.columns"),
    (draft(ArtifactKind.TABLE, columns(1)), InvalidInput, "content.columns.0"),
    (draft(ArtifactKind.TABLE, columns({"name": "a", "dataType": "blob"})), InvalidInput, "content.columns.0"),
    (draft(ArtifactKind.TABLE, columns({"name": "_ws_a", "dataType": "json"})), InvalidInput, "content.columns.0.name"),
    (draft(ArtifactKind.TABLE, {**TABLE, "rows": {}}), BadInput, "content.rows"),
    (draft(ArtifactKind.TABLE, {**TABLE, "rows": [[]] * 10_001}), TooLarge, "content.rows"),
    (draft(ArtifactKind.TABLE, {**TABLE, "rows": [["x", None]]}), InvalidInput, "content.rows.0.n"),
    (draft(workspace_id=NOWHERE), NotFound, None),
    (ArtifactDraft(name="x", kind=ArtifactKind.TABLE, table_id=NOWHERE), NotFound, None),
    (ArtifactDraft(name="x", kind=ArtifactKind.JSON, table_id=NOWHERE), BadInput, "kind"),
]


@pytest.mark.parametrize(("wrong", "kind", "field"), REFUSED)
async def test_what_breaks_a_rule_is_refused(
    db: Database, services: Services, viewer: Viewer, wrong: ArtifactDraft, kind: type[Exception], field: str | None
) -> None:
    async with unchanged(db):
        with pytest.raises(kind) as refusal:
            await services.artifacts.create(viewer, wrong)
    assert getattr(refusal.value, "field", None) == field


async def test_a_table_too_large_to_keep_is_refused(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    await db.fetch(PRETEND, id=table.id, rows=service.TABLE_ROWS_MAX + 1)
    async with unchanged(db):
        with pytest.raises(TooLarge, match=str(service.TABLE_ROWS_MAX)):
            await services.artifacts.create(
                viewer, ArtifactDraft(name="x", kind=ArtifactKind.TABLE, table_id=str(table.id))
            )


async def test_rows_that_only_some_may_see_do_not_become_everybodys(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    place = await make_empty(services, viewer)
    table = await make_table(services, viewer, rows=PEOPLE_ROWS, scope=TableScope.WORKSPACE, workspace_id=str(place.id))
    async with unchanged(db):
        with pytest.raises(BadInput) as refusal:
            await services.artifacts.create(
                viewer, ArtifactDraft(name="x", kind=ArtifactKind.TABLE, table_id=str(table.id))
            )
    assert refusal.value.field == "workspaceId"
    kept = ArtifactDraft(name="x", kind=ArtifactKind.TABLE, table_id=str(table.id), workspace_id=str(place.id))
    made = (await services.artifacts.create(viewer, kept)).artifact

    async def seen_by(who: Viewer) -> bool:
        return bool(await artifacts.visible_by_id(db, who.tenant_id, who.user_id, [made.id]))

    assert (await seen_by(viewer), await seen_by(colleague)) == (True, False)
    await share(db, viewer, place.id, colleague)
    assert await seen_by(colleague)


async def test_an_artifact_of_no_workspace_is_seen_by_all_of_the_tenant_only(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    made = (await services.artifacts.create(viewer, draft())).artifact
    for who, seen in ((colleague, 1), (outsider, 0)):
        assert len(await artifacts.visible_by_id(db, who.tenant_id, who.user_id, [made.id])) == seen


async def test_what_a_run_made_is_found_by_it(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    place = await make_empty(services, viewer)
    task = await make_task(services, viewer, workspace_id=place.id)
    run = (await services.tasks.enqueue(viewer, task)).run
    draft = ArtifactDraft(name="notes", kind=ArtifactKind.MARKDOWN, content="done", run_id=str(run.id))
    made = (await services.artifacts.create(viewer, draft)).artifact
    assert (made.run_id, made.workspace_id) == (run.id, place.id)
    ((found,),) = await artifacts_by_run(Reader(db, viewer), [run.id])
    assert found.id == made.id
    for stranger in (colleague, outsider):
        await changes_nothing(db, services.artifacts.create(stranger, draft), NotFound)
    await changes_nothing(db, services.artifacts.create(viewer, replace(draft, run_id="nothing")), NotFound)
    elsewhere = replace(draft, workspace_id=str((await make_empty(services, viewer, title="other")).id))
    await changes_nothing(db, services.artifacts.create(viewer, elsewhere), BadInput)
