"""Runs that wait: for their time, for the next attempt by policy, and what becomes ready by itself."""

from datetime import timedelta

import pytest

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.tasks.dispatch import RetryPolicy
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.patch import TaskPatch
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskScope, TaskStatus
from app.services.registry import Services
from app.storage import lineage, runs
from app.storage.leases import expire
from app.storage.rows.task import RunRow
from app.storage.statements import composed
from tests.services.test_leases import AGE_LEASES, changes_nothing, claimed, queued, run_now, session, task_now
from tests.services.test_task_graph import a_task
from tests.support.log import event_types

LET_TIME_PASS = composed(
    "UPDATE runs SET not_before = now() - interval '1 second' WHERE tenant_id = :tenant_id AND not_before IS NOT NULL"
)
HOUR = timedelta(hours=1)
POLICY = RetryPolicy(initial_seconds=60, factor=2, max_seconds=200, jitter=0.5)


async def nothing_to_claim(services: Services, viewer: Viewer, worker: str) -> bool:
    """Whether a claim finds nothing."""
    await services.admission.idle()
    return not (await services.leases.claim(viewer, worker)).runs


async def newest_run(db: Database, viewer: Viewer, task_id: str) -> RunRow:
    """The newest run of a task."""
    id = (await task_now(db, viewer, task_id)).latest_run_id
    assert id is not None
    return await run_now(db, viewer, id)


async def test_a_run_is_not_claimed_before_its_time(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer, not_before=utc_now() + HOUR)
    assert (run.status, run.claimable, run.gated) == (RunStatus.QUEUED, False, True)
    worker = await session(services, viewer)
    assert await nothing_to_claim(services, viewer, worker)
    assert await services.admission.run_once() == 0
    await db.fetch(LET_TIME_PASS, tenant_id=viewer.tenant_id)
    assert await services.admission.run_once() == 1
    assert (await claimed(services, viewer, worker)).id == run.id
    kinds = await event_types(db, viewer.tenant_id)
    assert kinds[-2:] == ["task.run_offered", "task.run_claimed"]


async def test_a_time_that_is_past_holds_nothing_back(services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer, not_before=utc_now() - HOUR)
    assert (run.claimable, run.gated, run.not_before) == (True, False, None)


async def test_the_time_of_a_run_overrules_that_of_its_task(services: Services, viewer: Viewer) -> None:
    task_id = await a_task(services, viewer)
    later = utc_now() + HOUR
    done = await services.tasks.enqueue(viewer, task_id, not_before=later)
    assert (done.run.not_before, done.run.claimable) == (later, False)


async def test_a_released_run_that_had_to_wait_may_be_claimed_again(
    db: Database, services: Services, viewer: Viewer
) -> None:
    (run,) = await queued(services, viewer, not_before=utc_now() + HOUR)
    await db.fetch(LET_TIME_PASS, tenant_id=viewer.tenant_id)
    await services.admission.run_once()
    worker = await session(services, viewer)
    await claimed(services, viewer, worker)
    await services.leases.release(viewer, worker, str(run.id))
    await services.admission.idle()
    assert (await claimed(services, viewer, worker)).id == run.id


async def test_a_queued_run_follows_the_time_of_its_task(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer)
    await services.task_changes.update(viewer, run.task_id, TaskPatch(not_before=utc_now() + HOUR))
    worker = await session(services, viewer)
    assert await nothing_to_claim(services, viewer, worker)
    await services.task_changes.update(viewer, run.task_id, TaskPatch(clear=frozenset({"not_before"})))
    await services.admission.idle()
    assert (await claimed(services, viewer, worker)).id == run.id


async def test_a_change_of_a_task_does_not_take_back_what_was_offered(
    db: Database, services: Services, viewer: Viewer
) -> None:
    (run,) = await queued(services, viewer, not_before=utc_now() + HOUR)
    await db.fetch(LET_TIME_PASS, tenant_id=viewer.tenant_id)
    await services.admission.run_once()
    await services.task_changes.update(viewer, run.task_id, TaskPatch(title="other"))
    assert (await run_now(db, viewer, run.id)).claimable


async def test_a_failed_attempt_is_followed_by_the_next_after_a_wait(
    db: Database, services: Services, viewer: Viewer
) -> None:
    (run,) = await queued(services, viewer, retry_policy=POLICY, max_attempts=3)
    worker = await session(services, viewer)
    for attempt in (1, 2):
        held = await claimed(services, viewer, worker)
        assert held.attempt == attempt
        await services.leases.fail(viewer, worker, str(held.id), error="no luck")
        following = await newest_run(db, viewer, run.task_id)
        assert (following.status, following.attempt, following.claimable) == (RunStatus.QUEUED, attempt + 1, False)
        least, most = POLICY.bounds(attempt)
        assert following.not_before is not None
        assert least <= (following.not_before - following.queued_at).total_seconds() <= most
        (row,) = await lineage.by_run(db, viewer.tenant_id, [following.id])
        assert (row.retry_of_run_id, row.triggered_by) == (held.id, "automation")
        assert await nothing_to_claim(services, viewer, worker)
        await db.fetch(LET_TIME_PASS, tenant_id=viewer.tenant_id)
        await services.admission.run_once()
    last = await claimed(services, viewer, worker)
    await services.leases.fail(viewer, worker, str(last.id), error="no luck")
    task = await task_now(db, viewer, run.task_id)
    assert (task.status, task.open_run_id, task.latest_run_id) == (TaskStatus.FAILED, None, last.id)
    assert (await event_types(db, viewer.tenant_id))[-1] == "task.run_failed"


async def test_without_a_policy_nothing_follows_a_failure(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer)
    worker = await session(services, viewer)
    await claimed(services, viewer, worker)
    await services.leases.fail(viewer, worker, str(run.id), error="no luck")
    task = await task_now(db, viewer, run.task_id)
    assert (task.status, task.open_run_id) == (TaskStatus.READY, None)


async def test_what_an_operator_fails_is_tried_again_too(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer, retry_policy=POLICY)
    operations = services.run_operations
    await operations.claim(viewer, str(run.id))
    await operations.start(viewer, str(run.id))
    await operations.fail(viewer, str(run.id), "no luck")
    following = await newest_run(db, viewer, run.task_id)
    assert (following.status, following.attempt) == (RunStatus.QUEUED, 2)


async def test_an_expired_attempt_waits_as_long_as_a_failed_one(
    db: Database, services: Services, viewer: Viewer
) -> None:
    (run,) = await queued(services, viewer, retry_policy=POLICY)
    worker = await session(services, viewer)
    await claimed(services, viewer, worker)
    await db.fetch(AGE_LEASES, tenant_id=viewer.tenant_id)
    before = utc_now()
    (late,) = await expire(db, viewer.tenant_id, most=10)
    assert (late.id, late.status, late.attempt, late.claimable) == (run.id, RunStatus.QUEUED, 2, False)
    assert late.not_before is not None
    assert POLICY.bounds(1)[0] - 5 <= (late.not_before - before).total_seconds() <= POLICY.bounds(1)[1] + 5
    assert await nothing_to_claim(services, viewer, worker)


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ({"initial_seconds": -1}, "retryPolicy.initialSeconds"),
        ({"initial_seconds": float("nan")}, "retryPolicy.initialSeconds"),
        ({"initial_seconds": 1, "factor": 0.5}, "retryPolicy.factor"),
        ({"initial_seconds": 1, "factor": float("inf")}, "retryPolicy.factor"),
        ({"initial_seconds": 10, "max_seconds": 5}, "retryPolicy.maxSeconds"),
        ({"initial_seconds": 1, "max_seconds": 1e9}, "retryPolicy.maxSeconds"),
        ({"initial_seconds": 1, "jitter": 1.5}, "retryPolicy.jitter"),
    ],
)
def test_a_policy_out_of_its_range_is_refused(numbers: dict[str, float], field: str) -> None:
    with pytest.raises(BadInput) as refusal:
        RetryPolicy(**numbers)
    assert refusal.value.field == field


@pytest.mark.parametrize("attempt", [1, 2, 5, 31, 1_000])
async def test_the_database_waits_as_the_policy_says(db: Database, attempt: int) -> None:
    policy = RetryPolicy(initial_seconds=1.5, factor=3, max_seconds=100, jitter=0.25)
    waits = composed(
        """
        SELECT extract(epoch FROM retry_wait(CAST(:policy AS jsonb), CAST(:attempt AS int), chance))::float8 AS wait
          FROM unnest(ARRAY[0.0, 1.0]) AS chance
        """
    )
    longest, shortest = [row["wait"] for row in await db.fetch(waits, policy=policy.stored(), attempt=attempt)]
    assert (shortest, longest) == pytest.approx(policy.bounds(attempt))


async def test_a_dependent_that_becomes_ready_is_queued_if_it_asked_for_it(
    db: Database, services: Services, viewer: Viewer
) -> None:
    asking = await a_task(services, viewer)
    await services.task_changes.update(viewer, asking, TaskPatch(enqueue_when_ready=True))
    silent, first, second = [await a_task(services, viewer) for _ in range(3)]
    for waiting in (asking, silent):
        for blocker in (first, second):
            await services.task_graph.add_dependency(viewer, waiting, blocker)
    worker = await session(services, viewer)
    for blocker in (first, second):
        assert (await task_now(db, viewer, asking)).open_run_id is None
        await services.tasks.enqueue(viewer, blocker)
        run = await claimed(services, viewer, worker)
        await services.leases.complete(viewer, worker, str(run.id))
    following = await newest_run(db, viewer, asking)
    assert (following.status, following.claimable) == (RunStatus.QUEUED, True)
    assert (await task_now(db, viewer, silent)).open_run_id is None
    kinds = (await event_types(db, viewer.tenant_id))[-4:]
    assert kinds == ["task.run_completed", "task.unblocked", "task.unblocked", "task.run_enqueued"]
    (row,) = await lineage.by_run(db, viewer.tenant_id, [following.id])
    assert (row.triggered_by, row.trigger_ref) == ("automation", str(run.id))
    assert (await claimed(services, viewer, worker)).task_id == asking


@pytest.mark.parametrize("how", ["removed", "deleted"])
async def test_it_is_queued_too_when_the_last_dependency_goes(
    db: Database, services: Services, viewer: Viewer, how: str
) -> None:
    asking, blocker = await a_task(services, viewer), await a_task(services, viewer)
    await services.task_changes.update(viewer, asking, TaskPatch(enqueue_when_ready=True))
    await services.task_graph.add_dependency(viewer, asking, blocker)
    if how == "removed":
        await services.task_graph.remove_dependency(viewer, asking, blocker)
    else:
        await services.task_changes.delete(viewer, blocker)
    assert (await newest_run(db, viewer, asking)).status is RunStatus.QUEUED


async def test_a_run_hangs_below_the_one_that_brought_it_about(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer
) -> None:
    (above,) = await queued(services, viewer)
    tree = [above]
    for depth in range(1, 6):
        task_id = await a_task(services, viewer)
        run = (await services.tasks.enqueue(viewer, task_id, parent_run_id=str(tree[-1].id))).run
        (row,) = await lineage.by_run(db, viewer.tenant_id, [run.id])
        assert (row.parent_run_id, row.root_run_id, row.depth) == (tree[-1].id, above.id, depth)
        assert (row.triggered_by, row.trigger_ref) == ("run", str(tree[-1].id))
        tree.append(run)
    task_id = await a_task(services, viewer)
    too_deep = services.tasks.enqueue(viewer, task_id, parent_run_id=str(tree[-1].id))
    assert (await changes_nothing(db, too_deep, Conflict)).facts["reason"] == "too_deep"
    foreign = (await queued(services, outsider))[0]
    for unknown in (str(foreign.id), "nothing"):
        refused = services.tasks.enqueue(viewer, task_id, parent_run_id=unknown)
        await changes_nothing(db, refused, NotFound)


async def test_a_run_with_a_parent_is_queued_once_for_a_key(db: Database, services: Services, viewer: Viewer) -> None:
    (above,) = await queued(services, viewer)
    task_id = await a_task(services, viewer)
    first = await services.tasks.enqueue(viewer, task_id, key="once", parent_run_id=str(above.id))
    again = await services.tasks.enqueue(viewer, task_id, key="once", parent_run_id=str(above.id))
    assert (again.run.id, again.sequence) == (first.run.id, None)


async def test_preferred_capabilities_decide_among_equally_urgent_runs(services: Services, viewer: Viewer) -> None:
    async def one(*preferred: str, **more: object) -> str:
        made = await services.tasks.create(
            viewer,
            TaskDraft(title="x", scope=TaskScope.GLOBAL, preferred_capabilities=preferred, **more),  # type: ignore[arg-type]  # fields of TaskDraft
        )
        return str((await services.tasks.enqueue(viewer, made.task.id)).run.id)

    plain, both, single, stranger = await one(), await one("gpu", "fast"), await one("gpu"), await one("tpu")
    needy = await one("fast", required_capabilities=("python",))
    worker = await session(services, viewer, 10, ("gpu", "fast"))
    given = [str((await claimed(services, viewer, worker)).id) for _ in range(4)]
    assert given == [both, single, plain, stranger]
    able = await session(services, viewer, 10, ("python", "fast"))
    assert str((await claimed(services, viewer, able)).id) == needy


async def test_a_batch_prefers_as_a_single_claim_does(services: Services, viewer: Viewer) -> None:
    liked = []
    for at in range(6):
        (run,) = await queued(services, viewer, preferred_capabilities=("gpu",) if at % 2 else ())
        if at % 2:
            liked.append(run.id)
    worker = await session(services, viewer, 10, ("gpu",))
    given = await services.leases.claim(viewer, worker, limit=4)
    assert [moved.run.id for moved in given.runs][:3] == liked
    assert len(given.runs) == 4


async def test_whoever_offers_nothing_takes_runs_by_age(services: Services, viewer: Viewer) -> None:
    first = (await queued(services, viewer))[0]
    await queued(services, viewer, preferred_capabilities=("gpu",))
    worker = await session(services, viewer)
    assert (await claimed(services, viewer, worker)).id == first.id
    assert [row.id for row in await runs.by_id(services.db, viewer.tenant_id, [first.id])] == [first.id]
