"""Pause and resume: of a task tree and of a tenant, with and without drain."""

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import Conflict, Forbidden, NotFound
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskScope, TaskStatus
from app.services.registry import Services
from tests.services.test_leases import changes_nothing, claimed, queued, run_now, session, task_now
from tests.services.test_task_graph import a_task
from tests.support.log import event_types


async def family(services: Services, viewer: Viewer) -> tuple[str, str, str]:
    """A task, its child and its grandchild, each with a queued run."""
    ids = [await a_task(services, viewer)]
    for _ in range(2):
        made = await services.task_graph.create_child(viewer, ids[-1], TaskDraft(title="x", scope=TaskScope.GLOBAL))
        ids.append(made.task.id)
    for id in ids:
        await services.tasks.enqueue(viewer, id)
    top, middle, bottom = ids
    return top, middle, bottom


async def claimable(services: Services, viewer: Viewer) -> set[str]:
    """The tasks whose runs a claim gets now; they are given back."""
    await services.admission.idle()
    worker = await session(services, viewer, 50)
    given = await services.leases.claim(viewer, worker, limit=50)
    for moved in given.runs:
        await services.leases.release(viewer, worker, str(moved.run.id))
    await services.admission.idle()
    return {moved.run.task_id for moved in given.runs}


async def test_nothing_of_a_paused_tree_is_claimed(db: Database, services: Services, viewer: Viewer) -> None:
    top, middle, bottom = await family(services, viewer)
    (other,) = await queued(services, viewer)
    await services.pauses.pause_task(viewer, middle)
    assert await claimable(services, viewer) == {top, other.task_id}
    assert await services.admission.run_once() == 0
    states = [
        (task.paused_at is not None, task.pauses)
        for task in [await task_now(db, viewer, i) for i in (top, middle, bottom)]
    ]
    assert states == [(False, 0), (True, 1), (False, 1)]
    await services.pauses.resume_task(viewer, middle)
    assert await claimable(services, viewer) == {top, middle, bottom, other.task_id}


async def test_what_lies_under_two_pauses_waits_for_both(services: Services, viewer: Viewer) -> None:
    top, middle, bottom = await family(services, viewer)
    await services.pauses.pause_task(viewer, middle)
    await services.pauses.pause_task(viewer, top)
    await services.pauses.resume_task(viewer, top)
    assert await claimable(services, viewer) == {top}
    await services.pauses.resume_task(viewer, middle)
    assert await claimable(services, viewer) == {top, middle, bottom}


async def test_paused_twice_is_paused_once(db: Database, services: Services, viewer: Viewer) -> None:
    top, _, _ = await family(services, viewer)
    first = await services.pauses.pause_task(viewer, top)
    before = await event_types(db, viewer.tenant_id)
    again = await services.pauses.pause_task(viewer, top)
    assert (first.sequence is not None, again.sequence) == (True, None)
    await services.pauses.resume_task(viewer, top)
    idle = await services.pauses.resume_task(viewer, top)
    assert idle.sequence is None
    after = (await event_types(db, viewer.tenant_id))[len(before) :]
    assert [kind for kind in after if kind != "task.run_offered"] == ["task.resumed"]
    assert (await task_now(db, viewer, top)).pauses == 0


async def test_what_is_queued_or_made_under_a_pause_waits_too(services: Services, viewer: Viewer) -> None:
    top = await a_task(services, viewer)
    await services.pauses.pause_task(viewer, top)
    await services.tasks.enqueue(viewer, top)
    child = await services.task_graph.create_child(viewer, top, TaskDraft(title="x", scope=TaskScope.GLOBAL))
    await services.tasks.enqueue(viewer, child.task.id)
    assert await claimable(services, viewer) == set()
    await services.pauses.resume_task(viewer, top)
    assert await claimable(services, viewer) == {top, child.task.id}


async def test_with_drain_held_runs_go_on_to_their_end(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer)
    worker = await session(services, viewer)
    held = await claimed(services, viewer, worker)
    paused = await services.pauses.pause_task(viewer, run.task_id)
    assert paused.held == 1
    beat = await services.leases.heartbeat(viewer, worker, str(held.id), epoch=held.lease_epoch)
    assert not beat.lease_lost
    await services.leases.complete(viewer, worker, str(held.id))
    assert (await task_now(db, viewer, run.task_id)).status is TaskStatus.COMPLETED


async def test_a_run_given_back_under_a_pause_is_not_claimed(services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer)
    worker = await session(services, viewer)
    await claimed(services, viewer, worker)
    await services.pauses.pause_task(viewer, run.task_id)
    await services.leases.release(viewer, worker, str(run.id))
    assert await claimable(services, viewer) == set()
    await services.pauses.resume_task(viewer, run.task_id)
    assert await claimable(services, viewer) == {run.task_id}


async def test_without_drain_held_runs_are_taken_back(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer)
    worker = await session(services, viewer)
    held = await claimed(services, viewer, worker)
    paused = await services.pauses.pause_task(viewer, run.task_id, drain=False)
    assert paused.held == 0
    now = await run_now(db, viewer, run.id)
    assert (now.status, now.claimable, now.agent_session_id) == (RunStatus.QUEUED, False, None)
    beat = await services.leases.heartbeat(viewer, worker, str(held.id), epoch=held.lease_epoch)
    assert beat.lease_lost
    await queued(services, viewer)
    assert len((await services.leases.claim(viewer, worker)).runs) == 1


async def test_a_canceled_task_of_a_paused_tree_stays_canceled(
    db: Database, services: Services, viewer: Viewer
) -> None:
    top, middle, bottom = await family(services, viewer)
    await services.pauses.pause_task(viewer, top)
    await services.tasks.cancel(viewer, middle)
    await services.pauses.resume_task(viewer, top)
    assert await claimable(services, viewer) == {top}
    assert (await task_now(db, viewer, bottom)).status is TaskStatus.CANCELED


async def test_a_paused_tenant_claims_nothing(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer
) -> None:
    await queued(services, viewer, 2)
    await queued(services, outsider)
    worker = await session(services, viewer, 5)
    await claimed(services, viewer, worker)
    paused = await services.pauses.pause_dispatch(viewer)
    assert paused.held == 1
    given = await services.leases.claim(viewer, worker)
    assert (given.runs, given.busy) == ((), False)
    assert len((await services.leases.claim(outsider, await session(services, outsider))).runs) == 1
    state = await services.pauses.state(viewer)
    assert (state.paused_at is not None, state.held, state.claimable, state.waiting) == (True, 1, 1, 0)
    assert (await services.pauses.pause_dispatch(viewer)).sequence is None
    await services.pauses.resume_dispatch(viewer)
    assert len((await services.leases.claim(viewer, worker)).runs) == 1
    kinds = await event_types(db, viewer.tenant_id)
    assert [kind for kind in kinds if kind.startswith("dispatch")] == ["dispatch.paused", "dispatch.resumed"]


async def test_a_paused_tenant_without_drain_holds_nothing(db: Database, services: Services, viewer: Viewer) -> None:
    runs = await queued(services, viewer, 3)
    worker = await session(services, viewer, 5)
    await services.leases.claim(viewer, worker, limit=3)
    assert (await services.pauses.pause_dispatch(viewer, drain=False)).held == 0
    assert {(await run_now(db, viewer, run.id)).status for run in runs} == {RunStatus.QUEUED}


async def test_only_an_administrator_pauses_a_tenant(db: Database, services: Services, colleague: Viewer) -> None:
    await changes_nothing(db, services.pauses.pause_dispatch(colleague), Forbidden)
    await changes_nothing(db, services.pauses.resume_dispatch(colleague), Forbidden)


async def test_a_task_of_another_tenant_cannot_be_paused(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer
) -> None:
    task_id = await a_task(services, viewer)
    for work in (services.pauses.pause_task, services.pauses.resume_task):
        await changes_nothing(db, work(outsider, task_id), NotFound)


async def test_an_operator_cannot_take_a_paused_run(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer)
    await services.pauses.pause_task(viewer, run.task_id)
    await changes_nothing(db, services.run_operations.claim(viewer, str(run.id)), Conflict)


@pytest.mark.parametrize("drain", [True, False])
async def test_a_task_without_runs_can_be_paused(services: Services, viewer: Viewer, drain: bool) -> None:
    task_id = await a_task(services, viewer)
    assert (await services.pauses.pause_task(viewer, task_id, drain=drain)).held == 0
