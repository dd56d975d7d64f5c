"""Coordination channels: bound when a run is queued, told when it is claimed, never changed."""

from uuid import UUID

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import WorkspaceArchived
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.status import TaskScope
from app.services.registry import Services
from app.storage import channels
from app.storage.rows.run import ChannelRow
from app.storage.rows.task import RunRow
from app.storage.statements import composed
from tests.services.test_leases import changes_nothing, queued, run_now
from tests.support.grid import make_empty

KEPT = composed(
    "SELECT c.name, c.purpose, c.created_by FROM coordination_channels c WHERE c.tenant_id = :tenant_id ORDER BY c.name"
)


async def in_workspace(services: Services, viewer: Viewer, workspace_id: UUID, **more: object) -> RunRow:
    """A queued run of a new task of the workspace."""
    draft = TaskDraft(title="x", scope=TaskScope.WORKSPACE, workspace_id=str(workspace_id))
    made = await services.tasks.create(viewer, draft)
    return (await services.tasks.enqueue(viewer, made.task.id, **more)).run  # type: ignore[arg-type]  # arguments of enqueue


async def channel(db: Database, viewer: Viewer, run: RunRow) -> ChannelRow | None:
    """The channel that the run is bound to."""
    found = await channels.by_run(db, viewer.tenant_id, [run.id])
    return found[0] if found else None


async def test_a_run_of_a_workspace_has_a_channel_of_its_own(db: Database, services: Services, viewer: Viewer) -> None:
    place = (await make_empty(services, viewer)).id
    run = await in_workspace(services, viewer, place, metadata={"workflow_id": "nightly"})
    found = await channel(db, viewer, run)
    assert found is not None
    assert run.coordination_channel_id == found.name == f"coord-{run.id}"
    assert len(found.name) <= 64
    assert (found.purpose, found.workspace_id, found.task_id) == ("task_run_coordination", place, run.task_id)
    assert (found.workflow_id, found.last_activity_at) == ("nightly", run.queued_at)
    assert await db.fetch(KEPT, tenant_id=viewer.tenant_id) == []


async def test_a_named_channel_is_made_once_and_shared(db: Database, services: Services, viewer: Viewer) -> None:
    place, elsewhere = (await make_empty(services, viewer)).id, (await make_empty(services, viewer, title="other")).id
    first = await in_workspace(services, viewer, place, network_channel="ops")
    second = await in_workspace(services, viewer, place, network_channel="ops")
    third = await in_workspace(services, viewer, elsewhere, network_channel="ops")
    one, two, other = [await channel(db, viewer, run) for run in (first, second, third)]
    assert one is not None and two is not None and other is not None
    assert one.name == two.name == other.name == "ops"
    assert (one.workspace_id, one.last_activity_at) == (two.workspace_id, two.last_activity_at)
    assert other.workspace_id == elsewhere
    kept = [tuple(row.values()) for row in await db.fetch(KEPT, tenant_id=viewer.tenant_id)]
    assert kept == [("ops", "task_run_coordination", "http:tasks.enqueue")] * 2


async def test_a_global_run_has_none(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer, network_channel="ops")
    assert (run.network_channel, run.coordination_channel_id, await channel(db, viewer, run)) == ("ops", None, None)


async def test_the_channel_stays_over_claim_and_release(db: Database, services: Services, viewer: Viewer) -> None:
    place = (await make_empty(services, viewer)).id
    run = await in_workspace(services, viewer, place)
    row, _ = await services.agent_sessions.register(
        viewer, agent_name="a", workspace_id=str(place), capabilities=(), max_concurrency=1
    )
    await services.leases.claim(viewer, str(row.id))
    await services.leases.release(viewer, str(row.id), str(run.id))
    assert (await run_now(db, viewer, run.id)).coordination_channel_id == run.coordination_channel_id


@pytest.mark.parametrize("action", ["enqueue", "start", "requeue", "below"])
async def test_a_run_for_an_archived_workspace_is_refused(
    db: Database, services: Services, viewer: Viewer, action: str
) -> None:
    place = (await make_empty(services, viewer)).id
    draft = TaskDraft(title="x", scope=TaskScope.WORKSPACE, workspace_id=str(place))
    made = (await services.tasks.create(viewer, draft)).task.id
    (other,) = await queued(services, viewer)
    await services.workspace_life.archive(viewer, str(place))
    match action:
        case "requeue":
            work = services.tasks.requeue(viewer, made, retry_of=other.id)
        case "below":
            work = services.tasks.enqueue(viewer, made, parent_run_id=str(other.id))
        case _:
            work = services.tasks.enqueue(viewer, made, action=action)
    await changes_nothing(db, work, WorkspaceArchived)
    await changes_nothing(db, services.tasks.create(viewer, draft), WorkspaceArchived)
