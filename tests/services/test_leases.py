"""Claim, heartbeat, complete, fail, release and expiry, each with its refusals."""

import asyncio
from collections.abc import Awaitable
from uuid import UUID

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, Forbidden, LeaseLost, NotFound, TaskloomError
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskPriority, TaskScope, TaskStatus
from app.services.leases import Moved
from app.services.registry import Services
from app.services.reports import Report
from app.storage import leases, runs, tasks
from app.storage.rows.task import RunRow, TaskRow
from app.storage.statements import composed
from tests.support.log import counts, event_types

AGE_LEASES = composed(
    "UPDATE runs SET lease_until = now() - interval '1 second', claimed_at = now() - interval '1 hour'"
    " WHERE tenant_id = :tenant_id AND lease_until IS NOT NULL"
)
ACTIVE_RUNS = composed(
    """
    SELECT s.id, s.active_runs,
           (SELECT count(*) FROM runs r WHERE r.tenant_id = s.tenant_id AND r.agent_session_id = s.id
               AND r.status IN ('claimed', 'starting', 'running')) AS held
      FROM agent_sessions s
    """
)


async def queued(services: Services, viewer: Viewer, count: int = 1, **draft: object) -> list[RunRow]:
    """So many tasks, each with a queued run."""
    found = []
    for at in range(count):
        made = await services.tasks.create(
            viewer,
            TaskDraft(title=f"task {at}", scope=TaskScope.GLOBAL, **draft),  # type: ignore[arg-type]  # fields of TaskDraft
        )
        found.append((await services.tasks.enqueue(viewer, made.task.id, action="start")).run)
    return found


async def session(services: Services, viewer: Viewer, most: int = 1, offers: tuple[str, ...] = ()) -> str:
    """The id of a new agent session."""
    row, _ = await services.agent_sessions.register(
        viewer, agent_name="tester", workspace_id=None, capabilities=offers, max_concurrency=most
    )
    return str(row.id)


async def claimed(services: Services, viewer: Viewer, session_id: str) -> RunRow:
    """One claimed run."""
    found = await services.leases.claim(viewer, session_id)
    assert len(found.runs) == 1
    return found.runs[0].run


async def run_now(db: Database, viewer: Viewer, id: UUID) -> RunRow:
    """The run as it stands."""
    return (await runs.by_id(db, viewer.tenant_id, [id]))[0]


async def task_now(db: Database, viewer: Viewer, id: str) -> TaskRow:
    """The task as it stands."""
    return (await tasks.by_id(db, viewer.tenant_id, [id]))[0]


async def changes_nothing(db: Database, work: Awaitable[object], refusal: type[TaskloomError]) -> TaskloomError:
    """The refusal, after proving that no row and no event appeared."""
    before = await counts(db)
    with pytest.raises(refusal) as told:
        await work
    assert await counts(db) == before
    return told.value


async def test_a_claim_takes_the_most_urgent_then_the_oldest(services: Services, viewer: Viewer) -> None:
    low = await queued(services, viewer, priority=TaskPriority.LOW)
    first, second = await queued(services, viewer, 2)
    urgent = await queued(services, viewer, priority=TaskPriority.URGENT)
    worker = await session(services, viewer, 10)
    given = await services.leases.claim(viewer, worker, limit=10)
    assert [m.run.id for m in given.runs] == [urgent[0].id, first.id, second.id, low[0].id]


async def test_a_claim_gives_a_lease_and_an_epoch_that_rises(db: Database, services: Services, viewer: Viewer) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    assert (run.status, run.lease_epoch, str(run.agent_session_id)) == (RunStatus.CLAIMED, 1, worker)
    assert run.lease_until is not None and run.claimed_at is not None
    assert (run.lease_until - run.claimed_at).total_seconds() == 300
    await services.leases.release(viewer, worker, str(run.id), epoch=1)
    again = await claimed(services, viewer, worker)
    assert (again.id, again.attempt, again.lease_epoch) == (run.id, 1, 2)


async def test_a_claimed_run_leaves_its_task_ready(db: Database, services: Services, viewer: Viewer) -> None:
    await queued(services, viewer)
    run = await claimed(services, viewer, await session(services, viewer))
    assert (await task_now(db, viewer, run.task_id)).status is TaskStatus.READY


async def test_nothing_to_claim_is_an_answer(services: Services, viewer: Viewer) -> None:
    given = await services.leases.claim(viewer, await session(services, viewer))
    assert (given.runs, given.busy) == ((), False)


async def test_a_session_never_holds_more_than_it_registered_for(services: Services, viewer: Viewer) -> None:
    await queued(services, viewer, 5)
    worker = await session(services, viewer, 3)
    assert len((await services.leases.claim(viewer, worker, limit=10)).runs) == 3
    more = await services.leases.claim(viewer, worker, limit=10)
    assert (more.runs, more.busy) == ((), True)


async def test_concurrent_claims_of_one_session_stay_within_its_limit(
    db: Database, services: Services, viewer: Viewer
) -> None:
    await queued(services, viewer, 8)
    worker = await session(services, viewer, 3)
    given = await asyncio.gather(*[services.leases.claim(viewer, worker) for _ in range(8)])
    assert sum(len(g.runs) for g in given) == 3
    assert [(r["active_runs"], r["held"]) for r in await db.fetch(ACTIVE_RUNS)] == [(3, 3)]


async def test_one_run_is_claimed_by_one_of_many(services: Services, viewer: Viewer) -> None:
    await queued(services, viewer)
    workers = [await session(services, viewer) for _ in range(5)]
    given = await asyncio.gather(*[services.leases.claim(viewer, w) for w in workers])
    assert sorted(len(g.runs) for g in given) == [0, 0, 0, 0, 1]


async def test_two_processes_never_claim_the_same_run(dsn: str, services: Services, viewer: Viewer) -> None:
    from app.main import build_services

    await queued(services, viewer, 40)
    other_db = Database(dsn)
    await other_db.open()
    other = build_services(other_db)
    ours, theirs = [await session(services, viewer, 40) for _ in range(2)]
    given = await asyncio.gather(
        *[services.leases.claim(viewer, ours, limit=2) for _ in range(10)],
        *[other.leases.claim(viewer, theirs, limit=2) for _ in range(10)],
    )
    ids = [m.run.id for g in given for m in g.runs]
    await other_db.close()
    assert (len(ids), len(set(ids))) == (40, 40)


async def test_a_run_goes_only_to_who_offers_what_it_requires(services: Services, viewer: Viewer) -> None:
    needy = await queued(services, viewer, required_capabilities=["gpu"])
    assert (await services.leases.claim(viewer, await session(services, viewer))).runs == ()
    able = await claimed(services, viewer, await session(services, viewer, offers=("gpu", "cpu")))
    assert able.id == needy[0].id


async def test_a_heartbeat_pushes_and_shortens_the_lease(services: Services, viewer: Viewer) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    beat = await services.leases.heartbeat(viewer, worker, str(run.id), epoch=1, seconds=10)
    assert beat.run is not None and beat.run.lease_until is not None and beat.run.heartbeat_at is not None
    assert (beat.run.lease_until - beat.run.heartbeat_at).total_seconds() == 10
    assert (beat.lease_lost, beat.cancel_requested) == (False, False)


@pytest.mark.parametrize("epoch", [0, 2])
async def test_a_wrong_epoch_has_lost_the_lease(db: Database, services: Services, viewer: Viewer, epoch: int) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    before = await counts(db)
    assert (await services.leases.heartbeat(viewer, worker, str(run.id), epoch=epoch)).lease_lost
    assert await counts(db) == before
    done = services.leases.complete(viewer, worker, str(run.id), epoch=epoch, result=1)
    assert (await changes_nothing(db, done, LeaseLost)).code == "LEASE_LOST"


async def test_completing_moves_run_task_session_and_log_together(
    db: Database, services: Services, viewer: Viewer
) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    done = await services.leases.complete(viewer, worker, str(run.id), epoch=1, result={"sum": [1, None]})
    assert (done.run.status, done.run.result, done.run.lease_until) == (RunStatus.COMPLETED, {"sum": [1, None]}, None)
    task = await task_now(db, viewer, run.task_id)
    assert (task.status, task.open_run_id, task.closed_at is not None) == (TaskStatus.COMPLETED, None, True)
    assert [r["active_runs"] for r in await db.fetch(ACTIVE_RUNS)] == [0]
    assert (await event_types(db, viewer.tenant_id))[-1] == "task.run_completed"


async def test_a_run_ends_only_once(db: Database, services: Services, viewer: Viewer) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    ends = await asyncio.gather(
        *[services.leases.complete(viewer, worker, str(run.id), result=n) for n in range(4)],
        services.leases.fail(viewer, worker, str(run.id), error="no"),
        return_exceptions=True,
    )
    assert sum(isinstance(e, Moved) for e in ends) == 1
    assert all(isinstance(e, Moved | LeaseLost) for e in ends)
    types = await event_types(db, viewer.tenant_id)
    assert sum(t in ("task.run_completed", "task.run_failed") for t in types) == 1


async def test_a_failed_run_leaves_its_task_ready_until_its_attempts_are_used_up(
    db: Database, services: Services, viewer: Viewer
) -> None:
    (run,) = await queued(services, viewer, max_attempts=2)
    worker = await session(services, viewer)
    for attempt, status in ((1, TaskStatus.READY), (2, TaskStatus.FAILED)):
        held = await claimed(services, viewer, worker)
        assert held.attempt == attempt
        await services.leases.fail(viewer, worker, str(held.id), error="broken")
        assert (await task_now(db, viewer, run.task_id)).status is status
        if attempt == 1:
            await services.tasks.enqueue(viewer, run.task_id)
    refused = await changes_nothing(db, services.tasks.enqueue(viewer, run.task_id), Conflict)
    assert refused.facts["reason"] == "attempts_exhausted"


async def test_a_released_run_keeps_its_attempt(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer)
    worker = await session(services, viewer)
    await claimed(services, viewer, worker)
    released = (await services.leases.release(viewer, worker, str(run.id), reason="tired")).run
    assert (released.status, released.attempt, released.agent_session_id) == (RunStatus.QUEUED, 1, None)
    assert released.queued_at == run.queued_at


async def test_an_expired_lease_goes_back_as_the_next_attempt(db: Database, services: Services, viewer: Viewer) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    await db.fetch(AGE_LEASES, tenant_id=viewer.tenant_id)
    assert await leases.tenants_with_late_leases(db) == [viewer.tenant_id]
    (late,) = await leases.expire(db, viewer.tenant_id, most=10)
    assert (late.status, late.attempt, late.agent_session_id) == (RunStatus.QUEUED, 2, None)
    assert (await task_now(db, viewer, run.task_id)).last_attempt == 2
    lost = services.leases.complete(viewer, worker, str(run.id), epoch=1)
    assert (await changes_nothing(db, lost, LeaseLost)).facts["status"] == "queued"
    assert (await claimed(services, viewer, worker)).lease_epoch == 2


async def test_an_expired_lease_refuses_its_holder_before_the_sweep(
    db: Database, services: Services, viewer: Viewer
) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    await db.fetch(AGE_LEASES, tenant_id=viewer.tenant_id)
    await changes_nothing(db, services.leases.complete(viewer, worker, str(run.id)), LeaseLost)
    assert (await services.leases.heartbeat(viewer, worker, str(run.id))).lease_lost


async def test_a_session_whose_lease_ended_may_claim_again_at_once(
    db: Database, services: Services, viewer: Viewer
) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    await db.fetch(AGE_LEASES, tenant_id=viewer.tenant_id)
    again = await claimed(services, viewer, worker)
    assert (again.id, again.attempt, again.lease_epoch) == (run.id, 2, 2)


async def test_a_run_that_always_expires_fails_in_the_end(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer, max_attempts=2)
    worker = await session(services, viewer)
    for _ in range(2):
        await claimed(services, viewer, worker)
        await db.fetch(AGE_LEASES, tenant_id=viewer.tenant_id)
        await leases.expire(db, viewer.tenant_id, most=10)
    ended = await run_now(db, viewer, run.id)
    assert (ended.status, ended.error, ended.attempt) == (RunStatus.FAILED, "lease expired", 2)
    assert (await task_now(db, viewer, run.task_id)).status is TaskStatus.FAILED
    assert (await event_types(db, viewer.tenant_id))[-2:] == ["task.run_lease_expired", "task.run_failed"]
    assert [r["active_runs"] for r in await db.fetch(ACTIVE_RUNS)] == [0]


async def test_two_sweeps_at_once_take_each_run_once(db: Database, services: Services, viewer: Viewer) -> None:
    await queued(services, viewer, 20)
    worker = await session(services, viewer, 20)
    await services.leases.claim(viewer, worker, limit=20)
    await db.fetch(AGE_LEASES, tenant_id=viewer.tenant_id)
    swept = await asyncio.gather(*[leases.expire(db, viewer.tenant_id, most=20) for _ in range(4)])
    assert sorted(r.attempt for s in swept for r in s) == [2] * 20


async def test_a_cancel_is_told_by_the_next_heartbeat(db: Database, services: Services, viewer: Viewer) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    await services.tasks.cancel(viewer, run.task_id, reason="not needed")
    beat = await services.leases.heartbeat(viewer, worker, str(run.id), epoch=1)
    assert (beat.lease_lost, beat.cancel_requested) == (True, True)
    await changes_nothing(db, services.leases.complete(viewer, worker, str(run.id)), LeaseLost)
    assert [r["active_runs"] for r in await db.fetch(ACTIVE_RUNS)] == [0]


async def test_a_report_is_stored_and_told(db: Database, services: Services, viewer: Viewer) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    await services.leases.report(viewer, worker, str(run.id), Report(fraction=0.5, message="half"), epoch=1)
    await services.leases.report(viewer, worker, str(run.id), Report(transcript_append="a"))
    await services.leases.report(viewer, worker, str(run.id), Report(transcript_append="b"))
    (said,) = await runs.reports(db, viewer.tenant_id, [run.id])
    assert (said.progress_fraction, said.progress_message, said.transcript) == (0.5, "half", "ab")
    assert (await event_types(db, viewer.tenant_id))[-1] == "task.run_reported"


async def test_calls_of_somebody_else_look_like_calls_for_nothing(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    for stranger, refusal in ((colleague, Forbidden), (outsider, NotFound)):
        await changes_nothing(db, services.leases.claim(stranger, worker), refusal)
        await changes_nothing(db, services.leases.complete(stranger, worker, str(run.id)), refusal)
    other = await session(services, outsider)
    unknown = str(UUID(int=7))
    told = await changes_nothing(db, services.leases.complete(outsider, other, str(run.id)), NotFound)
    same = await changes_nothing(db, services.leases.complete(outsider, other, unknown), NotFound)
    assert told.message.replace(str(run.id), "X") == same.message.replace(unknown, "X")


async def test_a_foreign_session_of_the_same_user_cannot_finish(
    db: Database, services: Services, viewer: Viewer
) -> None:
    await queued(services, viewer)
    worker, other = await session(services, viewer), await session(services, viewer)
    run = await claimed(services, viewer, worker)
    await changes_nothing(db, services.leases.complete(viewer, other, str(run.id), epoch=1), LeaseLost)
    await changes_nothing(db, services.leases.release(viewer, other, str(run.id), epoch=1), LeaseLost)
    await changes_nothing(db, services.leases.fail(viewer, other, str(run.id), error="x", epoch=1), LeaseLost)
    await changes_nothing(db, services.leases.report(viewer, other, str(run.id), Report(fraction=1)), LeaseLost)


async def test_an_ended_session_claims_nothing(db: Database, services: Services, viewer: Viewer) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    await services.agent_sessions.end(viewer, worker)
    await changes_nothing(db, services.leases.claim(viewer, worker), Conflict)


@pytest.mark.parametrize("seconds", [-1, 86_401])
async def test_a_lease_outside_its_bounds_is_refused(
    db: Database, services: Services, viewer: Viewer, seconds: int
) -> None:
    worker = await session(services, viewer)
    await changes_nothing(db, services.leases.claim(viewer, worker, seconds=seconds), BadInput)


@pytest.mark.parametrize(
    "result",
    [{"a": {"Claim_Token": 1}}, "x" * 70_000, {"a": "\x00"}, ["\ud800"], float("nan"), 2**70],
    ids=["claim token", "too large", "NUL", "lone surrogate", "NaN", "huge"],
)
async def test_a_result_that_cannot_be_kept_is_refused(
    db: Database, services: Services, viewer: Viewer, result: object
) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    await changes_nothing(db, services.leases.complete(viewer, worker, str(run.id), result=result), BadInput)
    assert (await run_now(db, viewer, run.id)).status is RunStatus.CLAIMED


async def test_a_session_that_said_goodbye_holds_nothing_for_ever(
    db: Database, services: Services, viewer: Viewer
) -> None:
    """It may finish what it holds, but not push the end of its leases."""
    await queued(services, viewer, 2)
    worker = await session(services, viewer, 2)
    first, second = [await claimed(services, viewer, worker) for _ in range(2)]
    await services.agent_sessions.end(viewer, worker)
    beat = await services.leases.heartbeat(viewer, worker, str(first.id), epoch=1)
    assert beat.lease_lost
    assert (await run_now(db, viewer, first.id)).lease_until == first.lease_until
    done = await services.leases.complete(viewer, worker, str(second.id), epoch=1)
    assert done.run.status is RunStatus.COMPLETED
