"""Who may do what to a workspace, and the tasks that are bound to it."""

import asyncio

import pytest

from app.db.engine import Database
from app.domain.access.credentials import Scope
from app.domain.access.viewer import Viewer
from app.domain.errors import Conflict, Forbidden, NotFound
from app.domain.grid.table import TableScope
from app.services.registry import Services
from app.services.workspace_draft import BINDINGS_MAX, Binding
from app.storage import bindings, events, workspaces
from app.storage.events import Range
from tests.services.test_workspaces import live, log, make_artifact, snapshot
from tests.support.grid import (
    PEOPLE_ROWS,
    archive,
    make_empty,
    make_table,
    make_task,
    read_workspace,
    share,
    unchanged,
    unshare,
)
from tests.support.people import make_viewer


async def test_tasks_are_bound_in_the_same_transaction(db: Database, services: Services, viewer: Viewer) -> None:
    await make_table(services, viewer, key=("name",))
    first, second = await make_task(services, viewer, "First"), await make_task(services, viewer, "Second")
    wanted = [Binding(task_id=second, mutates=True), Binding(task_id=first, mutates=False)]
    made = await services.workspaces.create(viewer, live(bindings=wanted))
    bound = await bindings.visible_by_workspace(db, viewer.tenant_id, viewer.user_id, [made.workspace.id])
    assert [(one.task.id, one.mutates_workspace) for one in bound] == [(second, True), (first, False)]
    facts = await log(db, viewer, made.workspace)
    assert [(type, payload.get("taskId"), payload.get("mutatesWorkspace")) for type, payload in facts] == [
        ("workspace.created", None, None),
        ("workspace.task_attached", second, True),
        ("workspace.task_attached", first, False),
    ]


async def test_nothing_may_write_where_no_row_has_a_name(db: Database, services: Services, viewer: Viewer) -> None:
    await make_table(services, viewer)
    task = await make_task(services, viewer)
    async with unchanged(db):
        with pytest.raises(Conflict) as refusal:
            await services.workspaces.create(viewer, live(bindings=[Binding(task_id=task, mutates=True)]))
    assert (refusal.value.field, refusal.value.facts["reason"]) == (
        "taskBindings.0.mutatesWorkspace",
        "workspace_read_only",
    )
    place = (await services.workspaces.create(viewer, live())).workspace
    async with unchanged(db):
        with pytest.raises(Conflict):
            await services.workspaces.attach(viewer, str(place.id), Binding(task_id=task, mutates=True))


async def test_a_task_is_bound_once_and_unbound_once(db: Database, services: Services, viewer: Viewer) -> None:
    place, task = await make_empty(services, viewer), await make_task(services, viewer)
    binding = Binding(task_id=task, mutates=False)
    done = await services.workspaces.attach(viewer, str(place.id), binding)
    assert done.workspace.updated_at > place.updated_at
    async with unchanged(db):
        with pytest.raises(Conflict) as refusal:
            await services.workspaces.attach(viewer, str(place.id), binding)
    assert (refusal.value.field, refusal.value.facts["reason"]) == ("taskId", "task_already_bound")
    await services.workspaces.detach(viewer, str(place.id), task)
    for id in (task, "a\0b", "\ud800", ""):
        async with unchanged(db):
            with pytest.raises(NotFound) as gone:
                await services.workspaces.detach(viewer, str(place.id), id)
        assert gone.value.facts["reason"] == "binding_not_found"
    assert [type for type, _ in await log(db, viewer, place)] == [
        "workspace.created",
        "workspace.task_attached",
        "workspace.task_detached",
    ]
    bound, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(task_id=task), most=9)
    assert [event.type.value for event in bound] == ["task.created", "workspace.task_attached"]


async def test_two_at_once_bind_a_task_once(db: Database, services: Services, viewer: Viewer) -> None:
    place, task = await make_empty(services, viewer), await make_task(services, viewer)
    binding = Binding(task_id=task, mutates=False)
    done = await asyncio.gather(
        *[services.workspaces.attach(viewer, str(place.id), binding) for _ in range(5)], return_exceptions=True
    )
    assert sum(isinstance(one, Conflict) for one in done) == 4
    bound = await bindings.visible_by_workspace(db, viewer.tenant_id, viewer.user_id, [place.id])
    assert len(bound) == 1


async def test_a_workspace_has_only_so_many_tasks(db: Database, services: Services, viewer: Viewer) -> None:
    tasks = [await make_task(services, viewer, f"Task {at}") for at in range(BINDINGS_MAX + 1)]
    wanted = [Binding(task_id=task, mutates=False) for task in tasks[:-1]]
    place = (await services.workspaces.create(viewer, snapshot(bindings=wanted))).workspace
    async with unchanged(db):
        with pytest.raises(Conflict, match=str(BINDINGS_MAX)):
            await services.workspaces.attach(viewer, str(place.id), Binding(task_id=tasks[-1], mutates=False))


async def test_an_archived_workspace_is_frozen(db: Database, services: Services, viewer: Viewer) -> None:
    await make_table(services, viewer, rows=PEOPLE_ROWS, key=("name",))
    place, task = (await services.workspaces.create(viewer, live())).workspace, await make_task(services, viewer)
    await services.workspaces.attach(viewer, str(place.id), Binding(task_id=task, mutates=False))
    await archive(db, place.id)
    spec = {"kind": "bar", "x": {"column": "name"}, "y": [{"column": "*", "agg": "count"}]}
    for attempt in (
        services.workspaces.attach(viewer, str(place.id), Binding(task_id=task, mutates=False)),
        services.workspaces.detach(viewer, str(place.id), task),
        services.charts.create(viewer, str(place.id), spec),
        make_artifact(services, viewer, workspace_id=str(place.id)),
    ):
        async with unchanged(db):
            with pytest.raises(Conflict, match="archived"):
                await attempt
    frozen = (await workspaces.facts(db, viewer.tenant_id, viewer.user_id, [place.id]))[0][0]
    page = await read_workspace(db, viewer, frozen)
    assert (len(page.items), page.can_edit, page.read_only_reason) == (4, False, "workspace_archived")


async def test_recipients_read_and_others_see_nothing(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    await make_table(services, viewer, rows=PEOPLE_ROWS, key=("name",))
    place, task = (await services.workspaces.create(viewer, live())).workspace, await make_task(services, viewer)
    binding = Binding(task_id=task, mutates=False)
    for stranger in (colleague, outsider):
        for attempt in (
            services.workspaces.attach(stranger, str(place.id), binding),
            services.workspaces.detach(stranger, str(place.id), task),
            services.charts.create(stranger, str(place.id), {}),
        ):
            async with unchanged(db):
                with pytest.raises(NotFound, match="There is no workspace"):
                    await attempt
    await share(db, viewer, place.id, colleague)
    page = await read_workspace(db, colleague, place)
    assert (len(page.items), page.can_edit, page.read_only_reason) == (4, False, "viewer_access")
    async with unchanged(db):
        with pytest.raises(Forbidden):
            await services.workspaces.attach(colleague, str(place.id), binding)


async def test_a_table_lent_to_a_workspaces_owner_is_shown_only_while_it_is_lent(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    lender = await make_empty(services, colleague)
    await make_table(
        services, colleague, rows=PEOPLE_ROWS, scope=TableScope.WORKSPACE, workspace_id=str(lender.id), name="lent"
    )
    await share(db, viewer, lender.id, viewer)
    place = (await services.workspaces.create(viewer, live("lent"))).workspace
    assert (await read_workspace(db, viewer, place)).total == 4
    await unshare(db, lender.id)
    page = await read_workspace(db, viewer, place)
    assert (page.total, page.columns, page.read_only_reason) == (0, (), "no_data")


async def test_another_tenants_things_cannot_be_opened(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer
) -> None:
    await make_table(services, viewer)
    artifact, task = await make_artifact(services, viewer), await make_task(services, viewer)
    for wrong in (live(), snapshot(artifact), snapshot(bindings=[Binding(task_id=task, mutates=False)])):
        async with unchanged(db):
            with pytest.raises(NotFound):
                await services.workspaces.create(outsider, wrong)


async def test_a_key_without_the_scope_write_opens_nothing(db: Database, services: Services, viewer: Viewer) -> None:
    await make_table(services, viewer)
    reader = await make_viewer(db, scopes=frozenset({Scope.READ, Scope.WORK}))
    async with unchanged(db):
        with pytest.raises(Forbidden, match="scope"):
            await services.workspaces.create(reader, live())
