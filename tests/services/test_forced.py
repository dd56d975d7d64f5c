"""What an operator does over a holder's head, dead letters, and unique tasks."""

import asyncio

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, LeaseLost, NotFound
from app.domain.tasks.dispatch import RetryPolicy
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskScope, TaskStatus
from app.services.registry import Services
from app.storage import dead_letters, lineage
from app.storage.dead_letters import DeadLetters
from app.storage.rows.task import RunRow
from tests.services.test_leases import changes_nothing, claimed, queued, session, task_now
from tests.services.test_task_graph import a_task
from tests.support.log import event_types


async def dead(services: Services, viewer: Viewer, count: int = 1, *, error: str = "no luck") -> list[RunRow]:
    """So many runs that used up the attempts of their tasks, oldest first."""
    worker = await session(services, viewer)
    found = []
    for _ in range(count):
        await queued(services, viewer, max_attempts=1)
        run = await claimed(services, viewer, worker)
        found.append((await services.leases.fail(viewer, worker, str(run.id), error=error)).run)
    return found


async def letters(db: Database, viewer: Viewer, wanted: DeadLetters | None = None) -> list[RunRow]:
    """The dead letters the viewer sees."""
    rows = await dead_letters.page(db, viewer.tenant_id, viewer.user_id, wanted or DeadLetters(), after=None, most=100)
    return [run for _, run in rows]


async def test_a_run_is_taken_from_a_holder_that_does_not_answer(
    db: Database, services: Services, viewer: Viewer
) -> None:
    (run,) = await queued(services, viewer)
    silent, other = await session(services, viewer), await session(services, viewer)
    held = await claimed(services, viewer, silent)
    moved = await services.forced.release(viewer, str(run.id), reason="it hangs")
    assert (moved.run.status, moved.run.attempt, moved.run.claimable) == (RunStatus.QUEUED, 1, True)
    again = await claimed(services, viewer, other)
    assert (again.id, again.lease_epoch) == (run.id, held.lease_epoch + 1)
    late = services.leases.complete(viewer, silent, str(run.id), epoch=held.lease_epoch)
    with pytest.raises(LeaseLost):
        await late
    # The silent one has its place back.
    await queued(services, viewer)
    await claimed(services, viewer, silent)


async def test_a_run_is_failed_over_its_holders_head(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer, retry_policy=RetryPolicy(initial_seconds=0))
    worker = await session(services, viewer)
    held = await claimed(services, viewer, worker)
    moved = await services.forced.fail(viewer, str(run.id), reason="it hangs")
    assert (moved.run.status, moved.run.error, moved.run.lease_until) == (RunStatus.FAILED, "it hangs", None)
    task = await task_now(db, viewer, run.task_id)
    assert (task.status, task.open_run_id) == (TaskStatus.READY, None)
    beat = await services.leases.heartbeat(viewer, worker, str(run.id), epoch=held.lease_epoch)
    assert beat.lease_lost
    assert (await event_types(db, viewer.tenant_id))[-1] == "task.run_failed"


@pytest.mark.parametrize("verb", ["release", "fail"])
async def test_only_a_held_run_is_forced(db: Database, services: Services, viewer: Viewer, verb: str) -> None:
    (run,) = await queued(services, viewer)
    force = services.forced.release if verb == "release" else services.forced.fail
    await changes_nothing(db, force(viewer, str(run.id), reason="x"), Conflict)
    await changes_nothing(db, force(viewer, str(run.id), reason=" "), BadInput)
    await changes_nothing(db, force(viewer, run.task_id, reason="x"), NotFound)


async def test_a_stranger_forces_nothing(db: Database, services: Services, viewer: Viewer, outsider: Viewer) -> None:
    (run,) = await queued(services, viewer)
    await claimed(services, viewer, await session(services, viewer))
    for work in (
        services.forced.release(outsider, str(run.id), reason="x"),
        services.forced.fail(outsider, str(run.id), reason="x"),
        services.forced.retry(outsider, str(run.id)),
    ):
        await changes_nothing(db, work, NotFound)


async def test_a_run_under_an_operators_hand_is_released_too(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer)
    await services.run_operations.claim(viewer, str(run.id))
    await services.run_operations.start(viewer, str(run.id))
    await services.forced.release(viewer, str(run.id), reason="x")
    assert (await task_now(db, viewer, run.task_id)).status is TaskStatus.READY


async def test_a_failed_run_is_tried_again_with_all_attempts(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await dead(services, viewer)
    assert (await task_now(db, viewer, run.task_id)).status is TaskStatus.FAILED
    done = await services.forced.retry(viewer, str(run.id), key="once")
    assert (done.run.attempt, done.run.status) == (2, RunStatus.QUEUED)
    again = await services.forced.retry(viewer, str(run.id), key="once")
    assert (again.run.id, again.sequence) == (done.run.id, None)
    (row,) = await lineage.by_run(db, viewer.tenant_id, [done.run.id])
    assert (row.retry_of_run_id, row.triggered_by) == (run.id, "user")
    await changes_nothing(db, services.forced.retry(viewer, str(run.id)), Conflict)
    await changes_nothing(db, services.forced.retry(viewer, str(done.run.id)), Conflict)
    worker = await session(services, viewer)
    held = await claimed(services, viewer, worker)
    await services.leases.fail(viewer, worker, str(held.id), error="again")
    assert (await task_now(db, viewer, run.task_id)).status is TaskStatus.FAILED


async def test_dead_letters_are_listed_until_they_are_dealt_with(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer
) -> None:
    first, second, third = await dead(services, viewer, 3)
    assert [run.id for run in await letters(db, viewer)] == [third.id, second.id, first.id]
    assert await letters(db, outsider) == []
    done = await services.dead_letters.requeue(viewer, DeadLetters(task_ids=[second.task_id]), limit=10)
    assert [(queued.run.task_id, queued.run.attempt) for queued in done.runs] == [(second.task_id, 2)]
    gone = await services.dead_letters.discard(viewer, DeadLetters(), limit=1)
    assert (gone.task_ids, gone.left) == ((third.task_id,), 1)
    assert [run.id for run in await letters(db, viewer)] == [first.id]
    assert (await task_now(db, viewer, third.task_id)).status is TaskStatus.FAILED
    assert (await event_types(db, viewer.tenant_id))[-1] == "task.discarded"
    # Queued again by hand, it may become a dead letter once more.
    await services.forced.retry(viewer, str(third.id))
    worker = await session(services, viewer, 5)
    for moved in (await services.leases.claim(viewer, worker, limit=5)).runs:
        await services.leases.fail(viewer, worker, str(moved.run.id), error="again")
    assert len(await letters(db, viewer)) == 3


async def test_a_run_with_attempts_left_is_no_dead_letter(db: Database, services: Services, viewer: Viewer) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    await services.leases.fail(viewer, worker, str(run.id), error="x")
    assert await letters(db, viewer) == []


async def test_dead_letters_are_filtered(db: Database, services: Services, viewer: Viewer) -> None:
    (early,) = await dead(services, viewer, error="Disk FULL")
    (late,) = await dead(services, viewer, error="100% timeout")
    for wanted, found in (
        (DeadLetters(error_contains="disk full"), [early.id]),
        (DeadLetters(error_contains="0% t"), [late.id]),
        (DeadLetters(error_contains="_"), []),
        (DeadLetters(failed_after=early.ended_at), [late.id]),
        (DeadLetters(failed_before=late.ended_at), [early.id]),
        (DeadLetters(task_ids=[]), []),
    ):
        assert [run.id for run in await letters(db, viewer, wanted)] == found


@pytest.mark.parametrize("limit", [0, 101])
async def test_a_bulk_is_bounded(services: Services, viewer: Viewer, limit: int) -> None:
    for work in (services.dead_letters.requeue, services.dead_letters.discard):
        with pytest.raises(BadInput):
            await work(viewer, DeadLetters(), limit=limit)


async def test_an_open_task_is_answered_instead_of_a_second_one(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer
) -> None:
    draft = TaskDraft(title="x", scope=TaskScope.GLOBAL, unique_key="nightly")
    made = await asyncio.gather(*[services.tasks.create(viewer, draft) for _ in range(10)])
    assert len({one.task.id for one in made}) == 1
    assert len([one for one in made if one.sequence is not None]) == 1
    assert (await event_types(db, viewer.tenant_id)) == ["task.created"]
    elsewhere = await services.tasks.create(outsider, draft)
    assert elsewhere.sequence is not None
    await services.tasks.cancel(viewer, made[0].task.id)
    following = await services.tasks.create(viewer, draft)
    assert (following.sequence is not None, following.task.id != made[0].task.id) == (True, True)


async def test_the_key_of_a_deleted_task_is_free(services: Services, viewer: Viewer) -> None:
    draft = TaskDraft(title="x", scope=TaskScope.GLOBAL, unique_key="nightly")
    made = await services.tasks.create(viewer, draft)
    await services.task_changes.delete(viewer, made.task.id)
    assert (await services.tasks.create(viewer, draft)).sequence is not None


async def test_a_child_with_a_unique_key_is_made_once(db: Database, services: Services, viewer: Viewer) -> None:
    parent = await a_task(services, viewer)
    draft = TaskDraft(title="x", scope=TaskScope.GLOBAL, unique_key="nightly")
    first = await services.task_graph.create_child(viewer, parent, draft)
    again = await services.task_graph.create_child(viewer, parent, draft)
    assert (again.task.id, again.sequence) == (first.task.id, None)
    assert (await task_now(db, viewer, parent)).child_count == 1
