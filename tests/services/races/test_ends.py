"""What ends a claim against what else ends it: complete, fail, release and heartbeat against expiry and cancel."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import Conflict, LeaseLost
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskScope, TaskStatus
from app.services.leases import Moved
from app.services.registry import Services
from app.storage import leases
from app.storage.rows.task import RunRow
from tests.services.races.aftermath import Aftermath
from tests.services.test_leases import claimed, queued, session
from tests.support.meeting import Meeting

End = Callable[[Services, Viewer, str, RunRow], Coroutine[Any, Any, Moved]]


async def complete(process: Services, viewer: Viewer, worker: str, run: RunRow) -> Moved:
    return await process.leases.complete(viewer, worker, str(run.id), epoch=run.lease_epoch, result=1)


async def fail(process: Services, viewer: Viewer, worker: str, run: RunRow) -> Moved:
    return await process.leases.fail(viewer, worker, str(run.id), epoch=run.lease_epoch, error="broken")


async def release(process: Services, viewer: Viewer, worker: str, run: RunRow) -> Moved:
    return await process.leases.release(viewer, worker, str(run.id), epoch=run.lease_epoch)


ENDS: dict[End, tuple[RunStatus, str]] = {
    complete: (RunStatus.COMPLETED, "task.run_completed"),
    fail: (RunStatus.FAILED, "task.run_failed"),
    release: (RunStatus.QUEUED, "task.run_released"),
}
each_end = pytest.mark.parametrize("end", ENDS, ids=[end.__name__ for end in ENDS])


async def sweep(process: Services, viewer: Viewer) -> list[RunRow]:
    """One sweep of the tenant."""
    return await leases.expire(process.db, viewer.tenant_id, most=10)


@pytest.fixture
async def worker(services: Services, viewer: Viewer) -> str:
    """An agent session."""
    return await session(services, viewer)


@pytest.fixture
async def held(services: Services, viewer: Viewer, worker: str, after: Aftermath) -> RunRow:
    """A run it holds; what happened so far is no matter of the race."""
    await queued(services, viewer)
    run = await claimed(services, viewer, worker)
    await after.begins()
    return run


@each_end
async def test_an_end_asked_for_in_time_holds_though_the_lease_ends_meanwhile(
    db: Database,
    services: Services,
    elsewhere: Services,
    viewer: Viewer,
    meeting: Meeting,
    after: Aftermath,
    worker: str,
    held: RunRow,
    end: End,
) -> None:
    status, event = ENDS[end]
    task = await meeting.at_task(viewer, held.task_id)
    ended = await meeting.comes(end(services, viewer, worker, held))
    await meeting.end_lease(viewer, held.id)
    assert await leases.tenants_with_late_leases(db) == [viewer.tenant_id]
    assert await sweep(elsewhere, viewer) == []
    await task.let_go()
    assert (await ended).run.status is status
    assert await sweep(elsewhere, viewer) == []
    left = await after.run(held.id)
    assert (left.status, left.attempt) == (status, 1)
    assert await after.events() == [event]


@each_end
async def test_an_end_behind_the_sweep_has_lost_the_lease(
    services: Services,
    elsewhere: Services,
    viewer: Viewer,
    meeting: Meeting,
    after: Aftermath,
    worker: str,
    held: RunRow,
    end: End,
) -> None:
    await meeting.end_lease(viewer, held.id)
    log = await meeting.at_log(viewer)
    swept, lost = await meeting.race(log, sweep(elsewhere, viewer), end(services, viewer, worker, held))
    assert [(run.id, run.status, run.attempt) for run in swept] == [(held.id, RunStatus.QUEUED, 2)]
    assert isinstance(lost, LeaseLost) and lost.facts["status"] == "queued"
    assert await after.events() == ["task.run_lease_expired"]


async def test_a_heartbeat_in_time_keeps_the_run_from_the_sweep(
    services: Services,
    elsewhere: Services,
    viewer: Viewer,
    meeting: Meeting,
    after: Aftermath,
    worker: str,
    held: RunRow,
) -> None:
    log, run = await meeting.at_log(viewer), await meeting.at_run(viewer, held.id)
    beat = await meeting.comes(services.leases.heartbeat(viewer, worker, str(held.id), epoch=1))
    await run.end_lease(viewer, held.id)
    await run.let_go()
    await log.reached()
    # The sweep sees a lease that ended, and waits for the heartbeat that pushed it.
    (swept,) = await meeting.race(log, sweep(elsewhere, viewer))
    assert swept == []
    assert not (await beat).lease_lost
    left = await after.run(held.id)
    assert left.lease_until is not None and left.heartbeat_at is not None
    assert (left.status, (left.lease_until - left.heartbeat_at).total_seconds()) == (RunStatus.CLAIMED, 300)
    assert await after.events() == ["task.run_lease_extended"]


async def test_a_heartbeat_behind_the_sweep_is_told_that_the_lease_is_lost(
    services: Services,
    elsewhere: Services,
    viewer: Viewer,
    meeting: Meeting,
    after: Aftermath,
    worker: str,
    held: RunRow,
) -> None:
    await meeting.end_lease(viewer, held.id)
    log = await meeting.at_log(viewer)
    beat = services.leases.heartbeat(viewer, worker, str(held.id), epoch=1)
    swept, told = await meeting.race(log, sweep(elsewhere, viewer), beat)
    assert [run.id for run in swept] == [held.id]
    assert (told.lease_lost, told.cancel_requested, told.sequence) == (True, False, None)
    assert await after.events() == ["task.run_lease_expired"]


async def test_of_two_sweeps_at_once_the_second_finds_nothing_and_waits_for_nobody(
    order: tuple[Services, Services], viewer: Viewer, meeting: Meeting, after: Aftermath, held: RunRow
) -> None:
    first, second = order
    await meeting.end_lease(viewer, held.id)
    log = await meeting.at_log(viewer)
    swept = await meeting.comes(sweep(first, viewer))
    assert await sweep(second, viewer) == []
    await log.let_go()
    assert [(run.id, run.attempt) for run in await swept] == [(held.id, 2)]
    assert await after.events() == ["task.run_lease_expired"]


async def test_of_two_ends_the_first_counts(
    order: tuple[Services, Services], viewer: Viewer, meeting: Meeting, after: Aftermath, worker: str, held: RunRow
) -> None:
    task = await meeting.at_task(viewer, held.task_id)
    first, second = order
    ended, lost = await meeting.race(task, complete(first, viewer, worker, held), fail(second, viewer, worker, held))
    assert ended.run.status is RunStatus.COMPLETED
    assert isinstance(lost, LeaseLost) and lost.facts["status"] == "completed"
    assert await after.events() == ["task.run_completed"]


@pytest.mark.parametrize("what", ["run", "tree"])
async def test_a_complete_before_a_cancel_stands(
    services: Services,
    elsewhere: Services,
    viewer: Viewer,
    meeting: Meeting,
    after: Aftermath,
    worker: str,
    held: RunRow,
    what: str,
) -> None:
    task = await meeting.at_task(viewer, held.task_id)
    tasks = elsewhere.tasks
    cancel = tasks.cancel_run(viewer, str(held.id)) if what == "run" else tasks.cancel(viewer, held.task_id)
    ended, refused = await meeting.race(task, complete(services, viewer, worker, held), cancel)
    assert ended.run.status is RunStatus.COMPLETED
    assert type(refused) is Conflict
    assert (await after.task(held.task_id)).status is TaskStatus.COMPLETED
    assert await after.events() == ["task.run_completed"]


@pytest.mark.parametrize("what", ["run", "tree"])
async def test_a_complete_behind_a_cancel_is_refused(
    services: Services,
    elsewhere: Services,
    viewer: Viewer,
    meeting: Meeting,
    after: Aftermath,
    worker: str,
    held: RunRow,
    what: str,
) -> None:
    task = await meeting.at_task(viewer, held.task_id)
    tasks = elsewhere.tasks
    cancel = tasks.cancel_run(viewer, str(held.id)) if what == "run" else tasks.cancel(viewer, held.task_id)
    canceled, lost = await meeting.race(task, cancel, complete(services, viewer, worker, held))
    assert canceled.sequence is not None
    assert isinstance(lost, LeaseLost) and lost.facts["status"] == "canceled"
    assert (await services.leases.heartbeat(viewer, worker, str(held.id))).cancel_requested
    assert await after.events() == ["task.run_canceled", "task.canceled"]


@pytest.mark.parametrize("first", ["complete", "cancel"])
async def test_a_childs_complete_against_the_cancel_of_its_tree(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath, worker: str, first: str
) -> None:
    for id, parent in (("root", None), ("twig", "root")):
        draft = TaskDraft(id=id, title=id, scope=TaskScope.GLOBAL)
        made = services.tasks.create(viewer, draft) if parent is None else None
        await (made or services.task_graph.create_child(viewer, "root", draft))
    await services.tasks.enqueue(viewer, "twig")
    run = await claimed(services, viewer, worker)
    await after.begins()
    twig = await meeting.at_task(viewer, "twig")
    works = [complete(services, viewer, worker, run), elsewhere.tasks.cancel(viewer, "root")]
    told = await meeting.race(twig, *(works if first == "complete" else reversed(works)))
    statuses = ((await after.task("root")).status, (await after.task("twig")).status)
    if first == "complete":
        assert told[0].run.status is RunStatus.COMPLETED and told[1].sequence is not None
        assert statuses == (TaskStatus.CANCELED, TaskStatus.COMPLETED)
        assert await after.events() == ["task.run_completed", "task.canceled"]
    else:
        assert isinstance(told[1], LeaseLost) and told[1].facts["status"] == "canceled"
        assert statuses == (TaskStatus.CANCELED, TaskStatus.CANCELED)
        assert await after.events() == ["task.canceled", "task.run_canceled", "task.canceled"]
