"""A workspace is changed, frozen, used again and ended, each with its event and with nothing left behind."""

import asyncio
from typing import Any

import orjson
import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, NotFound, TooLarge, WorkspaceArchived
from app.domain.grid.table import TableScope
from app.services.registry import Services
from app.services.shares import ShareDraft
from app.services.tables import TableDraft
from app.services.workspace_draft import Binding
from app.services.workspace_life import CONFIG_BYTES_MAX, WorkspacePatch
from app.storage import events, workspace_life, workspaces
from app.storage.events import Range
from app.storage.statements import composed
from tests.services.test_charts import SPEC
from tests.services.test_workspaces import log, make_artifact, snapshot
from tests.support.eventually import eventually
from tests.support.grid import (
    PEOPLE,
    PEOPLE_ROWS,
    columns_of,
    make_empty,
    make_table,
    make_task,
    make_workspace,
    read_table,
    somebody_waits,
    unchanged,
)

BAR = {"kind": "bar", "x": {"column": "name"}, "y": [{"column": "*", "agg": "count"}]}
LEFT = composed(
    """
    SELECT (SELECT count(*) FROM workspaces) AS workspaces, (SELECT count(*) FROM charts) AS charts,
           (SELECT count(*) FROM task_bindings) AS bindings, (SELECT count(*) FROM workspace_shares) AS shares,
           (SELECT count(*) FROM workspace_recipients) AS recipients, (SELECT count(*) FROM workspace_tags) AS links,
           (SELECT count(*) FROM tables) AS tables, (SELECT count(*) FROM tasks) AS tasks,
           (SELECT count(*) FROM runs) AS runs,
           (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname LIKE 'data\\_%' AND c.relkind = 'r') AS relations
    """
)


WAITING = composed(
    "SELECT count(*) AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def all_wait(db: Database, count: int) -> bool:
    """Whether so many statements wait for a lock."""
    return bool((await db.fetch(WAITING))[0]["waiting"] == count)


async def now(db: Database, viewer: Viewer, id: Any) -> Any:
    """The workspace as it is stored."""
    return (await workspaces.facts(db, viewer.tenant_id, viewer.user_id, [id]))[0][0]


async def test_only_what_was_given_changes(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer, "Before")
    id = str(place.id)
    patch = WorkspacePatch(
        title=" After ", sets_description=True, description="why", sets_config=True, config={"widths": {"a": 1.5}}
    )
    done = await services.workspace_life.update(viewer, id, patch)
    assert (done.workspace.title, done.workspace.description) == ("After", "why")
    assert done.workspace.renderer_config == {"widths": {"a": 1.5}}
    assert done.workspace.updated_at > place.updated_at
    done = await services.workspace_life.update(viewer, id, WorkspacePatch(sets_description=True, description=None))
    assert (done.workspace.title, done.workspace.description) == ("After", None)
    assert done.workspace.renderer_config == {"widths": {"a": 1.5}}
    done = await services.workspace_life.update(viewer, id, WorkspacePatch(sets_config=True, config=None))
    assert done.workspace == await now(db, viewer, place.id)
    assert done.workspace.renderer_config == {}
    facts = await log(db, viewer, place)
    assert [(type, payload.get("changedFields")) for type, payload in facts] == [
        ("workspace.created", None),
        ("workspace.updated", ["title", "description", "rendererConfig"]),
        ("workspace.updated", ["description"]),
        ("workspace.updated", ["rendererConfig"]),
    ]


async def test_what_is_there_already_changes_nothing(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer, "Same")
    same = WorkspacePatch(title="Same", sets_description=True, sets_config=True, config={})
    for patch in (WorkspacePatch(), same):
        async with unchanged(db):
            done = await services.workspace_life.update(viewer, str(place.id), patch)
        assert (done.workspace, done.sequence) == (place, None)


@pytest.mark.parametrize(
    ("patch", "field", "kind"),
    [
        (WorkspacePatch(title="  "), "title", BadInput),
        (WorkspacePatch(title="x" * 256), "title", BadInput),
        (WorkspacePatch(title="a\0b"), "title", BadInput),
        (WorkspacePatch(sets_description=True, description="\ud800"), "description", BadInput),
        (WorkspacePatch(sets_config=True, config=["list"]), "rendererConfig", BadInput),
        (WorkspacePatch(sets_config=True, config={"a": "x" * CONFIG_BYTES_MAX}), "rendererConfig", TooLarge),
    ],
)
async def test_what_breaks_a_rule_changes_nothing(
    db: Database, services: Services, viewer: Viewer, patch: WorkspacePatch, field: str, kind: type[BadInput]
) -> None:
    place = await make_empty(services, viewer)
    async with unchanged(db):
        with pytest.raises(kind) as refusal:
            await services.workspace_life.update(viewer, str(place.id), patch)
    assert refusal.value.field == field


async def test_a_configuration_of_just_64_kib_is_kept(services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    most = {"a": "x" * (CONFIG_BYTES_MAX - len(orjson.dumps({"a": ""})))}
    done = await services.workspace_life.update(viewer, str(place.id), WorkspacePatch(sets_config=True, config=most))
    assert done.workspace.renderer_config == most


async def test_archived_and_restored_once_however_often(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    first = await services.workspace_life.archive(viewer, str(place.id))
    assert (first.workspace.status, first.workspace.archived_at is not None) == ("archived", True)
    async with unchanged(db):
        again = await services.workspace_life.archive(viewer, str(place.id))
    assert (again.workspace, again.sequence) == (first.workspace, None)
    back = await services.workspace_life.restore(viewer, str(place.id))
    assert (back.workspace.status, back.workspace.archived_at) == ("active", None)
    async with unchanged(db):
        again = await services.workspace_life.restore(viewer, str(place.id))
    assert (again.workspace, again.sequence) == (back.workspace, None)
    types = [type for type, _ in await log(db, viewer, place)]
    assert types == ["workspace.created", "workspace.archived", "workspace.restored"]


async def test_ten_at_once_archive_once(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    done = await asyncio.gather(*[services.workspace_life.archive(viewer, str(place.id)) for _ in range(10)])
    assert sum(one.sequence is not None for one in done) == 1
    assert [type for type, _ in await log(db, viewer, place)] == ["workspace.created", "workspace.archived"]


async def frozen(services: Services, viewer: Viewer) -> tuple[str, dict[str, Any]]:
    """An archived workspace with everything on it, and every write that it refuses."""
    place = await make_empty(services, viewer)
    id, task = str(place.id), await make_task(services, viewer)
    owned = await make_table(
        services, viewer, scope=TableScope.WORKSPACE, workspace_id=id, name="own", rows=PEOPLE_ROWS
    )
    await services.workspaces.attach(viewer, id, Binding(task_id=task, mutates=False))
    await services.workspace_life.archive(viewer, id)
    draft = TableDraft(name="t", columns=columns_of(PEOPLE), scope=TableScope.WORKSPACE, workspace_id=id)
    return id, {
        "update": lambda: services.workspace_life.update(viewer, id, WorkspacePatch(title="x")),
        "update nothing": lambda: services.workspace_life.update(viewer, id, WorkspacePatch()),
        "attach": lambda: services.workspaces.attach(viewer, id, Binding(task_id=task, mutates=False)),
        "detach": lambda: services.workspaces.detach(viewer, id, task),
        "chart": lambda: services.charts.create(viewer, id, SPEC),
        "artifact": lambda: make_artifact(services, viewer, workspace_id=id),
        "table": lambda: services.tables.create(viewer, draft),
        "rows": lambda: services.tables.import_rows(viewer, str(owned.id), PEOPLE_ROWS),
        "drop": lambda: services.tables.delete(viewer, str(owned.id)),
        "share": lambda: services.shares.put(viewer, id, ShareDraft()),
    }


async def test_an_archived_workspace_refuses_every_write(db: Database, services: Services, viewer: Viewer) -> None:
    _, writes = await frozen(services, viewer)
    for name, attempt in writes.items():
        async with unchanged(db):
            with pytest.raises(WorkspaceArchived) as refusal:
                await attempt()
        assert (name, refusal.value.code) == (name, "WORKSPACE_ARCHIVED")
        assert refusal.value.facts["reason"] == "workspace_archived"


async def test_an_archived_workspace_is_tagged_unshared_and_deleted(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    place = await make_empty(services, viewer)
    id = str(place.id)
    await services.shares.put(viewer, id, ShareDraft(recipient_user_ids=[str(colleague.user_id)]))
    await services.workspace_life.archive(viewer, id)
    assert (await services.tags.set_on_workspace(viewer, id, [], ["kept"])).sequence is not None
    assert (await services.shares.revoke(viewer, id)).sequence is not None
    assert (await services.shares.clear(viewer, id)).sequence is not None
    assert (await services.workspace_life.delete(viewer, id)).sequence is not None


async def test_a_deleted_workspace_leaves_its_record_and_nothing_else(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    before = dict((await db.fetch(LEFT))[0])
    place = (await services.workspaces.create(viewer, snapshot(await make_artifact(services, viewer)))).workspace
    id = str(place.id)
    await make_table(services, viewer, scope=TableScope.WORKSPACE, workspace_id=id, name="own", rows=PEOPLE_ROWS)
    await services.charts.create(viewer, id, BAR)
    task = await make_task(services, viewer, workspace_id=place.id)
    await services.tasks.enqueue(viewer, task)
    await services.workspaces.attach(viewer, id, Binding(task_id=task, mutates=False))
    await services.shares.put(viewer, id, ShareDraft(recipient_user_ids=[str(colleague.user_id)]))
    await services.tags.set_on_workspace(viewer, id, [], ["one", "two"])
    full = dict((await db.fetch(LEFT))[0])
    assert (full["relations"], full["tables"]) == (before["relations"] + 2, before["tables"] + 2)
    gone = await services.workspace_life.delete(viewer, id)
    assert dict((await db.fetch(LEFT))[0]) == before | {"tasks": 1, "runs": 1}
    facts = await log(db, viewer, place)
    assert [type for type, _ in facts][-2:] == ["table.deleted", "workspace.deleted"]
    assert facts[-1][1]["workspaceId"] == id
    seen, end = await events.read_after(
        db, viewer.tenant_id, colleague.user_id, 0, Range(workspace_id=place.id), most=99
    )
    assert (seen, end) == ([], gone.sequence)
    async with unchanged(db):
        with pytest.raises(NotFound) as refusal:
            await services.workspace_life.delete(viewer, id)
    assert refusal.value.facts["reason"] == "workspace_not_found"


async def test_a_live_table_outlives_the_workspaces_that_show_it(
    db: Database, services: Services, viewer: Viewer
) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    place = await make_workspace(services, viewer, table)
    await services.workspace_life.delete(viewer, str(place.id))
    assert (await read_table(db, viewer, table)).total == 4
    assert (await services.tables.delete(viewer, str(table.id))).sequence is not None


async def test_two_at_once_delete_once(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    done = await asyncio.gather(
        *[services.workspace_life.delete(viewer, str(place.id)) for _ in range(5)], return_exceptions=True
    )
    assert sum(isinstance(one, NotFound) for one in done) == 4
    assert [type for type, _ in await log(db, viewer, place)] == ["workspace.created", "workspace.deleted"]


@pytest.mark.parametrize("end", ["archive", "delete"])
async def test_a_write_that_meets_the_end_waits_for_it(
    db: Database, services: Services, viewer: Viewer, end: str
) -> None:
    place = await make_empty(services, viewer)
    id = str(place.id)
    table = await make_table(services, viewer, scope=TableScope.WORKSPACE, workspace_id=id, name="own")
    async with db.transaction() as tx:
        # What holds the workspace makes its end wait, and what comes after the end is refused.
        assert await workspaces.hold(tx, viewer.tenant_id, place.id)
        ending = asyncio.create_task(getattr(services.workspace_life, end)(viewer, id))
        await eventually(lambda: somebody_waits(db))
        writing = asyncio.create_task(services.tables.import_rows(viewer, str(table.id), PEOPLE_ROWS))
    await ending
    done = await asyncio.gather(writing, return_exceptions=True)
    assert not isinstance(done[0], Exception) or isinstance(done[0], Conflict | NotFound)
    types = [type for type, _ in await log(db, viewer, place)]
    imported = types.count("table.rows_imported")
    assert imported == (0 if isinstance(done[0], Exception) else 1)
    assert types.index(f"workspace.{end}d") > (types.index("table.rows_imported") if imported else 0)


@pytest.mark.parametrize("end", ["archived", "deleted"])
async def test_no_write_slips_in_behind_the_end(db: Database, services: Services, viewer: Viewer, end: str) -> None:
    place = await make_empty(services, viewer)
    id, task = str(place.id), await make_task(services, viewer)
    owned = await make_table(services, viewer, scope=TableScope.WORKSPACE, workspace_id=id, name="own")
    draft = TableDraft(name="t", columns=columns_of(PEOPLE), scope=TableScope.WORKSPACE, workspace_id=id)
    async with db.transaction() as tx:
        # All of these were allowed when they began, and meet the end on their way.
        assert await workspace_life.seize(tx, viewer.tenant_id, place.id)
        writes = [
            services.tables.import_rows(viewer, str(owned.id), PEOPLE_ROWS),
            services.tables.delete(viewer, str(owned.id)),
            services.tables.create(viewer, draft),
            make_artifact(services, viewer, workspace_id=id),
            services.workspaces.attach(viewer, id, Binding(task_id=task, mutates=False)),
            services.workspace_life.update(viewer, id, WorkspacePatch(title="x")),
            services.shares.put(viewer, id, ShareDraft()),
        ]
        under_way = [asyncio.create_task(one) for one in writes]
        await eventually(lambda: all_wait(db, len(under_way)))
        if end == "archived":
            await workspace_life.set_status(tx, viewer.tenant_id, place.id, "archived")
        else:
            await workspace_life.delete(tx, viewer.tenant_id, place.id)
    done = await asyncio.gather(*under_way, return_exceptions=True)
    kind = WorkspaceArchived if end == "archived" else NotFound
    assert [type(one) for one in done] == [kind] * len(under_way)
    assert [type for type, _ in await log(db, viewer, place)][-1] == "table.created"
