"""The activity of a workspace: every kind of thing that happens, newest first, as its readers may see it."""

from typing import Any
from uuid import UUID

import pytest

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.ids import uuid7
from app.domain.sharing.activity import ActivityKind
from app.loaders.reader import Reader
from app.loaders.sharing import activity_by_workspace
from app.services.registry import Services
from app.services.workspace_draft import Binding
from app.services.workspace_life import WorkspacePatch
from app.storage.rows.activity import ActivityRow
from app.storage.statements import composed
from tests.support.grid import PEOPLE_ROWS, make_empty, make_table, make_task, make_workspace
from tests.support.sharing import share_with

BAR = {"kind": "bar", "x": {"column": "name"}, "y": [{"column": "*", "agg": "count"}], "title": "Ages"}
AGENTS = composed("SELECT id FROM agent_specs WHERE tenant_id = :tenant_id")
AGENT = composed(
    """
    INSERT INTO agent_specs (tenant_id, id, slug, name, lifecycle_status)
    VALUES (:tenant_id, :id, 'helper', 'Helper', 'active')
    """
)
THREAD = composed(
    """
    INSERT INTO threads (tenant_id, id, workspace_id, user_id, agent_spec_id, title)
    VALUES (:tenant_id, :id, :workspace_id, :user_id, :agent_spec_id, CAST(:title AS text))
    """
)
TURN = composed(
    """
    INSERT INTO turns (tenant_id, id, thread_id, number, run_id, answer_id)
    VALUES (:tenant_id, :id, :thread_id, :number, :run_id, gen_random_uuid())
    """
)
EDIT = composed(
    """
    INSERT INTO cell_mutations (tenant_id, id, workspace_id, table_id, column_name, row_identity, old_value, new_value,
                                actor_type, actor_id)
    VALUES (:tenant_id, :id, :workspace_id, gen_random_uuid(), 'age', '{"name": "Ada"}', '36', '37', 'user', 'somebody')
    """
)


async def seen(db: Database, viewer: Viewer, *places: UUID, most: int = 50) -> list[list[ActivityRow]]:
    """What each workspace shows the viewer."""
    return await activity_by_workspace(Reader(db, viewer), [(place, most) for place in places])


def told(items: list[ActivityRow], kind: ActivityKind) -> list[tuple[str, str | None, Any]]:
    """Title, status and details of the items of a kind, newest first."""
    return [(item.title, item.status, item.detail) for item in items if item.kind is kind]


async def converse(db: Database, viewer: Viewer, place: UUID, title: str | None, run: UUID | None) -> UUID:
    """A conversation, with one turn if there is a run."""
    agent, thread = uuid7(utc_now()), uuid7(utc_now())
    about: dict[str, Any] = {"workspace_id": place, "title": title, "agent_spec_id": await an_agent(db, viewer, agent)}
    await db.fetch(THREAD, tenant_id=viewer.tenant_id, id=thread, user_id=viewer.user_id, **about)
    if run is not None:
        turn: dict[str, Any] = {"id": uuid7(utc_now()), "thread_id": thread, "number": 1, "run_id": run}
        await db.fetch(TURN, tenant_id=viewer.tenant_id, **turn)
    return thread


async def an_agent(db: Database, viewer: Viewer, id: UUID) -> UUID:
    """The one agent of the tenant."""
    found = await db.fetch(AGENTS, tenant_id=viewer.tenant_id)
    if found:
        return UUID(str(found[0]["id"]))
    await db.fetch(AGENT, tenant_id=viewer.tenant_id, id=id)
    return id


async def test_every_kind_of_thing_is_told(db: Database, services: Services, viewer: Viewer, colleague: Viewer) -> None:
    table = await make_table(services, viewer, rows=PEOPLE_ROWS, key=("name",))
    place = await make_workspace(services, viewer, table, title="Place")
    id = str(place.id)
    await services.workspace_life.update(viewer, id, WorkspacePatch(title="Renamed"))
    task = await make_task(services, viewer, "Count", workspace_id=place.id)
    await services.workspaces.attach(viewer, id, Binding(task_id=task, mutates=True))
    await services.workspaces.detach(viewer, id, task)
    run = (await services.tasks.enqueue(viewer, task)).run.id
    chart = (await services.charts.create(viewer, id, BAR)).chart
    await share_with(services, viewer, place.id, colleague)
    await db.fetch(EDIT, tenant_id=viewer.tenant_id, id=run, workspace_id=place.id)
    thread = await converse(db, viewer, place.id, "Why?", run)
    await services.tags.set_on_workspace(viewer, id, [], ["not told"])
    await services.workspace_life.archive(viewer, id)
    [items] = await seen(db, viewer, place.id)
    assert [item.kind.value for item in items] == [
        *("workspace", "session", "cell_mutation", "share", "chart", "run"),
        *("task_binding", "task_binding", "workspace", "workspace"),
    ]
    assert items == sorted(items, key=lambda item: (item.created_at, item.id), reverse=True)
    assert len({item.id for item in items}) == len(items)
    assert told(items, ActivityKind.WORKSPACE) == [
        ("Renamed", "archived", {"action": "archived"}),
        ("Renamed", "active", {"action": "updated"}),
        ("Place", "active", {"action": "created"}),
    ]
    assert told(items, ActivityKind.TASK_BINDING) == [
        ("Count", None, {"taskId": task, "action": "detached", "mutatesWorkspace": None}),
        ("Count", None, {"taskId": task, "action": "attached", "mutatesWorkspace": True}),
    ]
    details = {"runId": str(run), "taskId": task, "triggeredBy": "api", "outcome": None}
    assert told(items, ActivityKind.RUN) == [("Count", "pending", details)]
    assert told(items, ActivityKind.CHART) == [
        ("Ages", None, {"chartId": str(chart.id), "action": "created", "chartSpecVersion": 1})
    ]
    assert told(items, ActivityKind.SHARE) == [("Renamed", "shared", {"recipientCount": 1})]
    assert told(items, ActivityKind.SESSION) == [("Why?", "pending", {"threadId": str(thread)})]
    edit = {"mutationId": str(run), "column": "age", "rowIdentity": {"name": "Ada"}}
    assert told(items, ActivityKind.CELL_MUTATION) == [
        ("Cell of age", None, {**edit, "actorType": "user", "actorId": "somebody"})
    ]
    assert next(item.id for item in items if item.kind is ActivityKind.RUN) == f"run:{run}"


async def test_a_recipient_sees_neither_shares_nor_others_conversations_nor_hidden_tasks(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    place, elsewhere = await make_empty(services, viewer), await make_empty(services, viewer)
    common, hidden = [await make_task(services, viewer, t, w) for t, w in (("c", None), ("h", elsewhere.id))]
    for task in (common, hidden):
        await services.workspaces.attach(viewer, str(place.id), Binding(task_id=task, mutates=False))
    await share_with(services, viewer, place.id, colleague)
    await converse(db, viewer, place.id, "mine", None)
    theirs = await converse(db, colleague, place.id, None, None)
    [guest] = await seen(db, colleague, place.id)
    assert told(guest, ActivityKind.SESSION) == [("Conversation", None, {"threadId": str(theirs)})]
    assert [detail["taskId"] for _, _, detail in told(guest, ActivityKind.TASK_BINDING)] == [common]
    assert told(guest, ActivityKind.SHARE) == []
    [owner] = await seen(db, viewer, place.id)
    assert [detail["taskId"] for _, _, detail in told(owner, ActivityKind.TASK_BINDING)] == [hidden, common]
    assert len(told(owner, ActivityKind.SHARE)) == 1
    assert [title for title, _, _ in told(owner, ActivityKind.SESSION)] == ["mine"]


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("claimed", "running"),
        ("starting", "running"),
        ("running", "running"),
        ("completed", "completed"),
        ("failed", "failed"),
        ("canceled", "cancelled"),
    ],
)
async def test_a_run_is_one_item_whose_status_changes(
    db: Database, services: Services, viewer: Viewer, status: str, word: str
) -> None:
    place = await make_empty(services, viewer)
    task = await make_task(services, viewer, workspace_id=place.id)
    run = (await services.tasks.enqueue(viewer, task)).run.id
    thread = await converse(db, viewer, place.id, None, run)
    await db.fetch(composed("UPDATE runs SET status = :status WHERE id = :id"), status=status, id=run)
    [items] = await seen(db, viewer, place.id)
    assert [(item.id, item.status) for item in items if item.kind in (ActivityKind.RUN, ActivityKind.SESSION)] == [
        (f"session:{thread}", word),
        (f"run:{run}", word),
    ]


async def test_each_workspace_has_its_own_newest_items(db: Database, services: Services, viewer: Viewer) -> None:
    places = [await make_empty(services, viewer, f"place {at}") for at in range(3)]
    for at, place in enumerate(places):
        for again in range(at * 2):
            await services.workspace_life.update(viewer, str(place.id), WorkspacePatch(title=f"{at}.{again}"))
    before = db.statements
    found = await seen(db, viewer, *[place.id for place in places], most=3)
    assert db.statements - before == 1
    assert [[item.title for item in items] for items in found] == [
        ["place 0"],
        ["1.1", "1.0", "place 1"],
        ["2.3", "2.2", "2.1"],
    ]
    [most, one] = await activity_by_workspace(Reader(db, viewer), [(places[2].id, 4), (places[2].id, 1)])
    assert (len(most), [item.title for item in one]) == (4, ["2.3"])
