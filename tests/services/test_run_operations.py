"""What an operator may do to a run by hand, and what is refused."""

from uuid import UUID

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskStatus
from app.services.registry import Services
from app.services.run_operations import RunOperations
from tests.services.test_leases import changes_nothing, claimed, queued, session
from tests.services.test_task_graph import a_task, now
from tests.support.log import event_types


@pytest.fixture
def operator(db: Database, services: Services) -> RunOperations:
    """The use cases under test."""
    return services.run_operations


async def test_a_run_by_hand_from_claim_to_end(
    db: Database, services: Services, viewer: Viewer, operator: RunOperations
) -> None:
    (run,) = await queued(services, viewer)
    held = (await operator.claim(viewer, str(run.id))).run
    assert (held.status, held.lease_until, held.claimed_by) == (RunStatus.CLAIMED, None, viewer.actor)
    assert (await now(db, viewer, run.task_id)).status is TaskStatus.READY
    assert (await operator.start(viewer, str(run.id))).run.status is RunStatus.RUNNING
    assert (await now(db, viewer, run.task_id)).status is TaskStatus.IN_PROGRESS
    done = await operator.complete(viewer, str(run.id), {"n": 1})
    assert (done.run.status, done.run.result) == (RunStatus.COMPLETED, {"n": 1})
    task = await now(db, viewer, run.task_id)
    assert (task.status, task.open_run_id) == (TaskStatus.COMPLETED, None)
    assert (await event_types(db, viewer.tenant_id))[2:] == [
        "task.run_claimed",
        "task.run_starting",
        "task.run_started",
        "task.run_completed",
    ]


async def test_a_failed_run_by_hand_leaves_the_task_ready(
    db: Database, services: Services, viewer: Viewer, operator: RunOperations
) -> None:
    (run,) = await queued(services, viewer)
    await operator.claim(viewer, str(run.id))
    await operator.start(viewer, str(run.id))
    await changes_nothing(db, operator.fail(viewer, str(run.id), " "), BadInput)
    assert (await operator.fail(viewer, str(run.id), "broken")).run.error == "broken"
    assert (await now(db, viewer, run.task_id)).status is TaskStatus.READY


async def test_completing_by_hand_frees_those_who_wait(
    db: Database, services: Services, viewer: Viewer, operator: RunOperations
) -> None:
    (run,) = await queued(services, viewer)
    waiting = await a_task(services, viewer)
    await services.task_graph.add_dependency(viewer, waiting, run.task_id)
    await operator.claim(viewer, str(run.id))
    await operator.start(viewer, str(run.id))
    await operator.complete(viewer, str(run.id))
    assert (await now(db, viewer, waiting)).status is TaskStatus.READY
    assert (await event_types(db, viewer.tenant_id))[-2:] == ["task.run_completed", "task.unblocked"]


async def test_a_session_is_bound_once(
    db: Database, services: Services, viewer: Viewer, operator: RunOperations
) -> None:
    first, second = await queued(services, viewer, 2)
    worker, ended = await session(services, viewer), await session(services, viewer)
    await services.agent_sessions.end(viewer, ended)
    await changes_nothing(db, operator.attach_session(viewer, str(first.id), worker), Conflict)
    await operator.claim(viewer, str(first.id))
    await operator.claim(viewer, str(second.id))
    bound = (await operator.attach_session(viewer, str(first.id), worker)).run
    assert (bound.status, bound.session_id) == (RunStatus.STARTING, worker)
    await changes_nothing(db, operator.attach_session(viewer, str(first.id), worker), Conflict)
    await changes_nothing(db, operator.attach_session(viewer, str(second.id), worker), Conflict)
    await changes_nothing(db, operator.attach_session(viewer, str(second.id), ended), Conflict)
    await changes_nothing(db, operator.attach_session(viewer, str(second.id), "unknown"), NotFound)
    assert (await operator.start(viewer, str(first.id))).run.status is RunStatus.RUNNING


async def test_a_claimed_run_does_not_begin_while_its_task_is_blocked(
    db: Database, services: Services, viewer: Viewer, operator: RunOperations
) -> None:
    (run,) = await queued(services, viewer)
    worker = await session(services, viewer)
    await operator.claim(viewer, str(run.id))
    blocker = await a_task(services, viewer)
    await services.task_graph.add_dependency(viewer, run.task_id, blocker)
    for begin in (operator.start(viewer, str(run.id)), operator.attach_session(viewer, str(run.id), worker)):
        assert (await changes_nothing(db, begin, Conflict)).facts["reason"] == "blocked"
    await services.task_graph.remove_dependency(viewer, run.task_id, blocker)
    assert (await operator.start(viewer, str(run.id))).run.status is RunStatus.RUNNING


async def test_a_leased_run_is_its_holders_to_finish(
    db: Database, services: Services, viewer: Viewer, operator: RunOperations
) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    await operator.start(viewer, str(run.id))
    await changes_nothing(db, operator.complete(viewer, str(run.id)), Conflict)
    await changes_nothing(db, operator.fail(viewer, str(run.id), "x"), Conflict)
    done = await services.leases.complete(viewer, worker, str(run.id), epoch=1)
    assert done.run.status is RunStatus.COMPLETED


async def test_moves_that_the_state_does_not_allow_are_refused(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer, operator: RunOperations
) -> None:
    (run,) = await queued(services, viewer)
    id = str(run.id)
    for refused in (operator.start(viewer, id), operator.complete(viewer, id), operator.fail(viewer, id, "x")):
        await changes_nothing(db, refused, Conflict)
    await changes_nothing(db, operator.claim(outsider, id), NotFound)
    await changes_nothing(db, operator.claim(viewer, str(UUID(int=5))), NotFound)
    await services.tasks.cancel_run(viewer, id)
    await changes_nothing(db, operator.claim(viewer, id), Conflict)
