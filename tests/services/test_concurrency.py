"""Concurrency keys: never more runs dispatched than the limit, and always as many as there may be."""

import asyncio
import random

import pytest

from app.db.engine import Database, Lane
from app.domain.access.credentials import Scope
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, Forbidden
from app.domain.tasks.status import TaskPriority
from app.main import build_services
from app.services.registry import Services
from app.storage.leases import expire
from app.storage.statements import composed
from tests.services.test_leases import AGE_LEASES, changes_nothing, claimed, queued, run_now, session
from tests.support.eventually import eventually
from tests.support.people import make_viewer

DISPATCHED = composed(
    """
    SELECT count(*) AS found FROM runs r
     WHERE r.concurrency_key = 'k'
       AND (r.status IN ('claimed', 'starting', 'running') OR (r.status = 'queued' AND r.claimable))
    """
)
HOLD_KEY = composed("SELECT key FROM concurrency_keys WHERE tenant_id = :tenant_id AND key = 'k' FOR NO KEY UPDATE")
OFFER_OLDEST = composed(
    """
    UPDATE runs SET claimable = true
     WHERE tenant_id = :tenant_id
       AND id = (SELECT id FROM runs WHERE tenant_id = :tenant_id AND concurrency_key = 'k' ORDER BY id DESC LIMIT 1)
    """
)
WAITS = composed(
    """
    SELECT EXISTS (SELECT FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock') AS some
    """
)
# Written by a trigger at each move, so that no moment between two looks is missed.
WATCH = """
CREATE TABLE seen (most bigint NOT NULL);
INSERT INTO seen VALUES (0);
CREATE FUNCTION note_dispatched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- One after the other: whoever comes later sees what the earlier ones have committed.
    PERFORM FROM seen FOR UPDATE;
    UPDATE seen SET most = greatest(most, (
        SELECT count(*) FROM runs r
         WHERE r.concurrency_key = 'k'
           AND (r.status IN ('claimed', 'starting', 'running') OR (r.status = 'queued' AND r.claimable))));
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON runs FOR EACH STATEMENT EXECUTE FUNCTION note_dispatched();
"""


async def dispatched(db: Database) -> int:
    """How many runs of the key are held or offered."""
    row = await db.fetchrow(DISPATCHED)
    assert row is not None
    return int(row["found"])


async def waits_for_a_lock(db: Database) -> bool:
    """Whether somebody waits for a lock that another holds."""
    row = await db.fetchrow(WAITS)
    assert row is not None
    return bool(row["some"])


async def test_runs_of_a_key_go_one_at_a_time(db: Database, services: Services, viewer: Viewer) -> None:
    made = await queued(services, viewer, 3, concurrency_key="k")
    await services.admission.idle()
    worker = await session(services, viewer, 10)
    for run in made:
        given = await services.leases.claim(viewer, worker, limit=10)
        assert [moved.run.id for moved in given.runs] == [run.id]
        await services.leases.complete(viewer, worker, str(run.id))
        await services.admission.idle()
    assert await dispatched(db) == 0


async def test_a_run_that_waits_for_its_key_holds_no_other_back(services: Services, viewer: Viewer) -> None:
    first, _ = await queued(services, viewer, 2, concurrency_key="k", priority=TaskPriority.URGENT)
    (plain,) = await queued(services, viewer)
    await services.admission.idle()
    worker = await session(services, viewer, 10)
    given = await services.leases.claim(viewer, worker, limit=10)
    assert [moved.run.id for moved in given.runs] == [first.id, plain.id]


@pytest.mark.parametrize("end", ["complete", "fail", "release", "cancel", "cancel_tree", "expire", "force", "operator"])
async def test_every_end_makes_room_for_the_next(db: Database, services: Services, viewer: Viewer, end: str) -> None:
    first, second = await queued(services, viewer, 2, concurrency_key="k", max_attempts=1)
    await services.admission.idle()
    worker = await session(services, viewer, 5)
    if end == "operator":
        await services.run_operations.claim(viewer, str(first.id))
        await services.run_operations.start(viewer, str(first.id))
        await services.run_operations.complete(viewer, str(first.id))
    else:
        await claimed(services, viewer, worker)
    match end:
        case "complete":
            await services.leases.complete(viewer, worker, str(first.id))
        case "fail":
            await services.leases.fail(viewer, worker, str(first.id), error="x")
        case "release":
            await services.leases.release(viewer, worker, str(first.id))
        case "cancel":
            await services.tasks.cancel_run(viewer, str(first.id))
        case "cancel_tree":
            await services.tasks.cancel(viewer, first.task_id)
        case "expire":
            await db.fetch(AGE_LEASES, tenant_id=viewer.tenant_id)
            services.admission.nudge(viewer.tenant_id, await expire(db, viewer.tenant_id, most=5))
        case "force":
            await services.forced.fail(viewer, str(first.id), reason="x")
    await services.admission.idle()
    assert await dispatched(db) == 1
    following = await claimed(services, viewer, worker)
    # A released run is older than the next.
    assert following.id == (first.id if end == "release" else second.id)


async def test_never_more_than_the_limit_in_a_storm(db: Database, services: Services, viewer: Viewer) -> None:
    """Two processes, twenty workers, runs that are completed, failed, released, canceled and expire."""
    async with db.connection(Lane.IMPORTS) as admin:
        await admin.execute(WATCH)
    await services.concurrency.set_limit(viewer, "k", 3)
    elsewhere = build_services(db)
    made = await queued(services, viewer, 60, concurrency_key="k")
    chance = random.Random(7)

    async def worker(on: Services) -> None:
        id = await session(on, viewer, 2)
        idle = 0
        while idle < 40:
            given = await on.leases.claim(viewer, id, limit=2)
            idle = 0 if given.runs else idle + 1
            for moved in given.runs:
                run = str(moved.run.id)
                match chance.randrange(4):
                    case 0:
                        await on.leases.complete(viewer, id, run)
                    case 1:
                        await on.leases.fail(viewer, id, run, error="x")
                    case 2:
                        await on.leases.release(viewer, id, run)
                    case _:
                        await on.tasks.cancel_run(viewer, run)
            if not given.runs:
                await on.admission.run_once()

    await asyncio.gather(*[worker(on) for on in (services, elsewhere) for _ in range(10)])
    await elsewhere.idle()
    ended = [(await run_now(db, viewer, run.id)).status.value for run in made]
    assert set(ended) <= {"completed", "failed", "canceled"}
    row = await db.fetchrow(composed("SELECT most FROM seen"))
    assert row is not None
    assert row["most"] == 3


async def test_two_admissions_of_a_key_take_turns(db: Database, services: Services, viewer: Viewer) -> None:
    """The second begins while the first is not committed, and finds a run more urgent than what the first offered."""
    await services.concurrency.set_limit(viewer, "k", 1)
    await services.admission.idle()
    async with db.transaction(Lane.LEASES) as first:
        await first.fetch(HOLD_KEY, tenant_id=viewer.tenant_id)
        await queued(services, viewer, 2, concurrency_key="k")
        await eventually(lambda: waits_for_a_lock(db))
        # The first one offers by hand what it found; the second, which is waiting already, must see that.
        await first.fetch(OFFER_OLDEST, tenant_id=viewer.tenant_id)
    await services.admission.idle()
    assert await dispatched(db) == 1


async def test_a_higher_limit_admits_more_and_a_lower_one_takes_nothing_back(
    db: Database, services: Services, viewer: Viewer
) -> None:
    await queued(services, viewer, 5, concurrency_key="k")
    await services.admission.idle()
    assert await dispatched(db) == 1
    await services.concurrency.set_limit(viewer, "k", 4)
    await services.admission.idle()
    assert await dispatched(db) == 4
    worker = await session(services, viewer, 10)
    given = await services.leases.claim(viewer, worker, limit=10)
    assert len(given.runs) == 4
    row = await services.concurrency.set_limit(viewer, "k", 1)
    assert (row.limit, row.dispatched, row.waiting) == (1, 4, 1)
    for moved in given.runs[:3]:
        await services.leases.complete(viewer, worker, str(moved.run.id))
        await services.admission.idle()
        assert not (await services.leases.claim(viewer, worker)).runs
    await services.leases.complete(viewer, worker, str(given.runs[3].run.id))
    await services.admission.idle()
    assert len((await services.leases.claim(viewer, worker)).runs) == 1


async def test_keys_of_tenants_are_apart(services: Services, viewer: Viewer, outsider: Viewer) -> None:
    for who in (viewer, outsider):
        await queued(services, who, 1, concurrency_key="k")
    await services.admission.idle()
    for who in (viewer, outsider):
        assert len((await services.leases.claim(who, await session(services, who))).runs) == 1


async def test_an_operator_cannot_take_what_waits_for_its_key(db: Database, services: Services, viewer: Viewer) -> None:
    _, second = await queued(services, viewer, 2, concurrency_key="k")
    await services.admission.idle()
    await changes_nothing(db, services.run_operations.claim(viewer, str(second.id)), Conflict)


@pytest.mark.parametrize("limit", [0, -1, 10_001])
async def test_a_limit_out_of_its_range_is_refused(services: Services, viewer: Viewer, limit: int) -> None:
    with pytest.raises(BadInput) as refusal:
        await services.concurrency.set_limit(viewer, "k", limit)
    assert refusal.value.field == "limit"


async def test_a_key_that_only_reads_sets_no_limit(db: Database, services: Services) -> None:
    reader = await make_viewer(db, scopes=frozenset({Scope.READ}))
    with pytest.raises(Forbidden):
        await services.concurrency.set_limit(reader, "k", 2)
