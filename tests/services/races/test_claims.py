"""Claims against claims, against cancel, delete and a new dependency."""

import pytest

from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskScope, TaskStatus
from app.services.leases import Claimed
from app.services.registry import Services
from app.services.task_graph import Linked
from app.services.tasks import Canceled, Queued
from app.storage.rows.task import RunRow
from tests.services.races.aftermath import Aftermath
from tests.services.test_leases import queued, session
from tests.services.test_task_graph import a_task
from tests.support.meeting import Meeting

Order = tuple[Services, Services]
NOTHING = Claimed(runs=(), busy=False)


async def cancel(process: Services, viewer: Viewer, run: RunRow, what: str) -> Queued | Canceled:
    """Cancel the run alone, or its task with all below it."""
    if what == "run":
        return await process.tasks.cancel_run(viewer, str(run.id))
    return await process.tasks.cancel(viewer, run.task_id)


async def test_of_two_claims_of_one_run_the_second_finds_nothing_and_waits_for_nobody(
    services: Services, viewer: Viewer, order: Order, meeting: Meeting, after: Aftermath
) -> None:
    (run,) = await queued(services, viewer)
    one, another = await session(services, viewer), await session(services, viewer)
    first, second = order
    await after.begins()
    log = await meeting.at_log(viewer)
    winner = await meeting.comes(first.leases.claim(viewer, one))
    assert await second.leases.claim(viewer, another) == NOTHING
    assert await after.events() == []
    await log.let_go()
    (moved,) = (await winner).runs
    assert (moved.run.id, str(moved.run.agent_session_id), moved.run.lease_epoch) == (run.id, one, 1)
    assert await after.events() == ["task.run_claimed"]


async def test_two_claims_of_a_session_at_its_limit_give_one_run(
    services: Services, viewer: Viewer, order: Order, meeting: Meeting, after: Aftermath
) -> None:
    older, _ = await queued(services, viewer, 2)
    worker = await session(services, viewer)
    first, second = order
    await after.begins()
    log = await meeting.at_log(viewer)
    given, refused = await meeting.race(log, first.leases.claim(viewer, worker), second.leases.claim(viewer, worker))
    assert [moved.run.id for moved in given.runs] == [older.id]
    assert refused == Claimed(runs=(), busy=True)
    assert await after.events() == ["task.run_claimed"]


@pytest.mark.parametrize("what", ["run", "tree"])
async def test_a_claim_before_a_cancel_is_canceled(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath, what: str
) -> None:
    (run,) = await queued(services, viewer)
    worker = await session(services, viewer)
    await after.begins()
    log = await meeting.at_log(viewer)
    claimed, canceled = await meeting.race(
        log, services.leases.claim(viewer, worker), cancel(elsewhere, viewer, run, what)
    )
    assert [moved.run.id for moved in claimed.runs] == [run.id]
    assert isinstance(canceled, Queued | Canceled)
    left = await after.run(run.id)
    assert (left.status, str(left.agent_session_id)) == (RunStatus.CANCELED, worker)
    assert await after.events() == ["task.run_claimed", "task.run_canceled", "task.canceled"]
    assert (await services.leases.heartbeat(viewer, worker, str(run.id))).cancel_requested


@pytest.mark.parametrize("what", ["run", "tree"])
async def test_a_cancel_before_a_claim_leaves_nothing_to_claim(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath, what: str
) -> None:
    (run,) = await queued(services, viewer)
    worker = await session(services, viewer)
    await after.begins()
    log = await meeting.at_log(viewer)
    canceled = await meeting.comes(cancel(elsewhere, viewer, run, what))
    assert await services.leases.claim(viewer, worker) == NOTHING
    await log.let_go()
    await canceled
    assert (await after.run(run.id)).status is RunStatus.CANCELED
    assert await services.leases.claim(viewer, worker) == NOTHING
    assert await after.events() == ["task.run_canceled", "task.canceled"]


async def test_a_claim_before_a_delete_keeps_its_run(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    (run,) = await queued(services, viewer)
    worker = await session(services, viewer)
    await after.begins()
    log = await meeting.at_log(viewer)
    claim, delete = services.leases.claim(viewer, worker), elsewhere.task_changes.delete(viewer, run.task_id)
    claimed, refused = await meeting.race(log, claim, delete)
    assert [moved.run.id for moved in claimed.runs] == [run.id]
    assert isinstance(refused, BadInput)
    assert await after.events() == ["task.run_claimed"]


async def test_a_delete_before_a_claim_is_refused_and_leaves_the_run_to_be_claimed(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    (run,) = await queued(services, viewer)
    worker = await session(services, viewer)
    await after.begins()
    barred = await meeting.at_run(viewer, run.id)
    delete = await meeting.comes(elsewhere.task_changes.delete(viewer, run.task_id))
    assert await services.leases.claim(viewer, worker) == NOTHING
    await barred.let_go()
    assert isinstance(await meeting.outcome(delete), BadInput)
    assert [moved.run.id for moved in (await services.leases.claim(viewer, worker)).runs] == [run.id]
    assert await after.events() == ["task.run_claimed"]


async def test_a_claim_before_a_dependency_is_held_while_its_task_is_blocked(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    (run,) = await queued(services, viewer)
    worker, blocker = await session(services, viewer), await a_task(services, viewer)
    await after.begins()
    log = await meeting.at_log(viewer)
    claim = services.leases.claim(viewer, worker)
    claimed, linked = await meeting.race(log, claim, elsewhere.task_graph.add_dependency(viewer, run.task_id, blocker))
    assert [moved.run.id for moved in claimed.runs] == [run.id]
    assert isinstance(linked, Linked)
    assert (await after.task(run.task_id)).status is TaskStatus.BLOCKED
    assert (await after.run(run.id)).status is RunStatus.CLAIMED
    assert await after.events() == ["task.run_claimed", "task.dependency_added"]


async def test_a_dependency_before_a_claim_leaves_nothing_to_claim(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    (run,) = await queued(services, viewer)
    worker, blocker = await session(services, viewer), await a_task(services, viewer)
    await after.begins()
    log = await meeting.at_log(viewer)
    linked = await meeting.comes(elsewhere.task_graph.add_dependency(viewer, run.task_id, blocker))
    assert await services.leases.claim(viewer, worker) == NOTHING
    await log.let_go()
    await linked
    assert await services.leases.claim(viewer, worker) == NOTHING
    assert await after.events() == ["task.dependency_added"]


@pytest.mark.parametrize("first", ["an agent", "a person"])
async def test_of_an_agent_and_a_person_the_first_has_the_run(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath, first: str
) -> None:
    (run,) = await queued(services, viewer)
    worker = await session(services, viewer)
    await after.begins()
    log = await meeting.at_log(viewer)
    if first == "an agent":
        by_hand = elsewhere.run_operations.claim(viewer, str(run.id))
        claimed, refused = await meeting.race(log, services.leases.claim(viewer, worker), by_hand)
        assert [moved.run.id for moved in claimed.runs] == [run.id]
        assert isinstance(refused, Conflict)
    else:
        by_hand_first = await meeting.comes(elsewhere.run_operations.claim(viewer, str(run.id)))
        assert await services.leases.claim(viewer, worker) == NOTHING
        await log.let_go()
        assert (await by_hand_first).run.claimed_by == viewer.actor
    assert await after.events() == ["task.run_claimed"]


async def test_a_claim_before_its_blocker_opens_again_keeps_its_run(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    (run,), worker, blocker = await queued(services, viewer), await session(services, viewer, 2), "blocker"
    await a_completed_blocker(services, viewer, run, blocker)
    await after.begins()
    log = await meeting.at_log(viewer)
    claim = services.leases.claim(viewer, worker)
    claimed, _ = await meeting.race(log, claim, elsewhere.tasks.enqueue(viewer, blocker))
    assert [moved.run.id for moved in claimed.runs] == [run.id]
    assert (await after.task(run.task_id)).status is TaskStatus.BLOCKED
    assert await after.events() == ["task.run_claimed", "task.run_enqueued", "task.blocked"]


async def test_a_blocker_that_opens_again_before_the_claim_holds_the_run_back(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    (run,), worker, blocker = await queued(services, viewer), await session(services, viewer, 2), "blocker"
    await a_completed_blocker(services, viewer, run, blocker)
    await after.begins()
    log = await meeting.at_log(viewer)
    opened = await meeting.comes(elsewhere.tasks.enqueue(viewer, blocker))
    assert await services.leases.claim(viewer, worker) == NOTHING
    await log.let_go()
    queued_again = (await opened).run
    given = await services.leases.claim(viewer, worker, limit=2)
    assert [moved.run.id for moved in given.runs] == [queued_again.id]
    assert await after.events() == ["task.run_enqueued", "task.blocked", "task.run_claimed"]


async def a_completed_blocker(services: Services, viewer: Viewer, run: RunRow, id: str) -> None:
    """A completed task that the run's task depends on."""
    await services.tasks.create(viewer, TaskDraft(id=id, title=id, scope=TaskScope.GLOBAL))
    made = (await services.tasks.enqueue(viewer, id)).run
    await services.run_operations.claim(viewer, str(made.id))
    await services.run_operations.start(viewer, str(made.id))
    await services.run_operations.complete(viewer, str(made.id))
    await services.task_graph.add_dependency(viewer, run.task_id, id)
