"""Who reads and who writes a live table."""

from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.credentials import Scope
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.errors import Conflict, Forbidden, NotFound
from app.domain.grid.table import TableScope
from app.services.registry import Services
from app.services.tables import TableDraft
from app.storage import catalog, events
from app.storage.events import Range
from tests.support.grid import (
    PEOPLE,
    PEOPLE_ROWS,
    archive,
    columns_of,
    make_empty,
    make_table,
    make_task,
    read_table,
    share,
    unchanged,
)
from tests.support.log import event_types
from tests.support.people import make_viewer


def draft(name: str = "people", **more: Any) -> TableDraft:
    """A table of people."""
    return TableDraft(name=name, columns=columns_of(PEOPLE), **more)


async def test_another_tenants_table_answers_like_an_unknown_one(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer
) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    for id in (str(table.id), "01900000-0000-7000-8000-000000000000", "nonsense", "x" * 10_000):
        for attempt in (
            services.tables.import_rows(outsider, id, [{"name": "Mallory"}]),
            services.tables.delete(outsider, id),
            services.tables.table(outsider, id, Action.READ),
        ):
            async with unchanged(db):
                with pytest.raises(NotFound, match="There is no table"):
                    await attempt
    assert await catalog.visible_by_id(db, outsider.tenant_id, outsider.user_id, [table.id]) == []


async def test_a_tenants_table_is_read_by_all_and_written_by_creator_and_administrators(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    admins, theirs = await make_table(services, viewer), await make_table(services, colleague, name="theirs")
    assert (await services.tables.table(colleague, str(admins.id), Action.READ)).id == admins.id
    for attempt in (
        services.tables.import_rows(colleague, str(admins.id), [{"name": "x"}]),
        services.tables.delete(colleague, str(admins.id)),
    ):
        async with unchanged(db):
            with pytest.raises(Forbidden):
                await attempt
    assert (await services.tables.import_rows(colleague, str(theirs.id), [{"name": "x"}])).imported == 1
    assert (await services.tables.import_rows(viewer, str(theirs.id), [{"name": "x"}])).imported == 1
    assert (await read_table(db, colleague, admins)).read_only_reason == "viewer_access"


async def test_a_workspaces_table_follows_the_workspace(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    place = await make_empty(services, colleague)
    task = await make_task(services, colleague, workspace_id=place.id)
    own = await make_table(services, colleague, scope=TableScope.WORKSPACE, workspace_id=str(place.id))
    of_task = await make_table(services, colleague, scope=TableScope.TASK, task_id=task)
    tables = [str(own.id), str(of_task.id)]
    for id in tables:
        with pytest.raises(NotFound):  # an administrator has no sight of other people's workspaces
            await services.tables.table(viewer, id, Action.READ)
    assert "table.created" not in [
        e.type.value for e in (await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(), most=50))[0]
    ]
    await share(db, viewer, place.id, viewer)
    for id in tables:
        assert (await services.tables.table(viewer, id, Action.READ)).row_count == 0
        async with unchanged(db):
            with pytest.raises(Forbidden):
                await services.tables.import_rows(viewer, id, [{"name": "x"}])
        assert (await services.tables.import_rows(colleague, id, [{"name": "x"}])).imported == 1
    await archive(db, place.id)
    for id in tables:
        async with unchanged(db):
            with pytest.raises(Conflict, match="archived"):
                await services.tables.import_rows(colleague, id, [{"name": "x"}])
    for wrong in (
        draft("new", scope=TableScope.WORKSPACE, workspace_id=str(place.id)),
        draft("new", scope=TableScope.TASK, task_id=task),
        draft("new", scope=TableScope.WORKSPACE, workspace_id=str((await make_empty(services, viewer)).id)),
    ):
        async with unchanged(db):
            with pytest.raises((Conflict, NotFound)):
                await services.tables.create(colleague, wrong)


async def test_events_of_a_tasks_table_are_events_of_the_task(db: Database, services: Services, viewer: Viewer) -> None:
    task = await make_task(services, viewer)
    table = await make_table(services, viewer, rows=PEOPLE_ROWS, scope=TableScope.TASK, task_id=task)
    await services.tables.delete(viewer, str(table.id))
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(task_id=task), most=50)
    assert [e.type.value for e in found][1:] == ["table.created", "table.rows_imported", "table.deleted"]


async def test_a_key_without_the_scope_write_writes_nothing(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS, key=("name",))
    reader = await make_viewer(db, scopes=frozenset({Scope.READ}))
    for attempt in (
        services.tables.create(reader, draft("new")),
        services.tables.import_rows(reader, str(table.id), [{"name": "x"}]),
        services.tables.delete(reader, str(table.id)),
    ):
        async with unchanged(db):
            with pytest.raises(Forbidden, match="scope"):
                await attempt
    page = await read_table(db, reader, table)
    assert (page.can_edit, page.read_only_reason, len(page.items)) == (False, "viewer_access", 4)
    assert await event_types(db, viewer.tenant_id) == ["table.created", "table.rows_imported"]
