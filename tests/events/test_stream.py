"""A stream gives every event once and in order, whatever happens to bell, buffer and commits."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import BadInput, CursorExpired
from app.domain.ids import uuid7
from app.domain.tasks.events import EventType
from app.events.bell import Bell, broadcast_for
from app.events.hub import Hub
from app.events.stream import State, Stream
from app.events.tailer import Tailer
from app.storage import events
from app.storage.events import EVERYTHING, NewEvent, Range
from app.storage.rows.event import EventRow
from app.storage.statements import composed

DROP_UP_TO = composed("DELETE FROM events WHERE tenant_id = :tenant_id AND sequence <= :last")


async def append(db: Database, viewer: Viewer, count: int = 1, **about: object) -> int:
    """Append events; returns the sequence of the last."""
    async with db.transaction() as tx:
        return await events.append(tx, viewer.tenant_id, [an_event(viewer, **about) for _ in range(count)])


def an_event(viewer: Viewer, **about: object) -> NewEvent:
    """An event of no consequence."""
    return NewEvent(
        type=about.pop("type", EventType.TASK_UPDATED),  # type: ignore[arg-type]  # an EventType
        payload={"n": 1},
        actor=viewer.actor,
        origin=Origin(kind=OriginKind.HTTP, ref="test"),
        **about,  # type: ignore[arg-type]  # fields of NewEvent
    )


async def take(batches: AsyncIterator[list[EventRow]], count: int) -> list[int]:
    """The sequences of the next so many events."""
    found: list[int] = []
    while len(found) < count:
        found += [event.sequence for event in await asyncio.wait_for(anext(batches), 10)]
    return found


class Live:
    """A hub with a tailer that only reads when it is told to."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.hub = Hub()
        self.tailer = Tailer(db, self.hub, Bell(broadcast_for("memory://", db, None)))

    async def stream(self, viewer: Viewer, after: int | None, wanted: Range = EVERYTHING, most: int = 512) -> Stream:
        """An open stream."""
        opened = Stream(self.db, self.hub, viewer, wanted, buffer_max=most)
        await opened.open(after)
        return opened


@pytest.fixture
def live(db: Database) -> Live:
    """See Live."""
    return Live(db)


async def test_from_now_sees_only_what_follows(db: Database, viewer: Viewer, live: Live) -> None:
    await append(db, viewer, 3)
    stream = await live.stream(viewer, None)
    last = await append(db, viewer)
    await live.tailer.run_once()
    assert await take(stream.batches(), 1) == [last]


async def test_after_zero_replays_all_then_goes_on(db: Database, viewer: Viewer, live: Live) -> None:
    await append(db, viewer, 450)
    stream = await live.stream(viewer, 0)
    batches = stream.batches()
    assert await take(batches, 450) == list(range(1, 451))
    await append(db, viewer, 2)
    await live.tailer.run_once()
    assert await take(batches, 2) == [451, 452]
    assert stream.state is State.LIVE


async def test_what_is_written_between_open_and_reading_is_seen_once(db: Database, viewer: Viewer, live: Live) -> None:
    stream = await live.stream(viewer, 0)
    await append(db, viewer, 3)
    await live.tailer.run_once()
    batches = stream.batches()
    assert await take(batches, 3) == [1, 2, 3]
    await append(db, viewer)
    await live.tailer.run_once()
    assert await take(batches, 1) == [4]


async def test_a_full_buffer_sends_the_stream_back_to_the_log(db: Database, viewer: Viewer, live: Live) -> None:
    stream = await live.stream(viewer, 0, most=4)
    batches = stream.batches()
    await append(db, viewer)
    assert await take(batches, 1) == [1]
    waiting = asyncio.ensure_future(anext(batches))
    await asyncio.sleep(0)
    await append(db, viewer, 20)
    await live.tailer.run_once()
    assert stream.state in (State.LAGGING, State.LIVE)
    first = [event.sequence for event in await waiting]
    rest = await take(batches, 20 - len(first)) if len(first) < 20 else []
    assert first + rest == list(range(2, 22))


async def test_concurrent_writers_are_seen_in_commit_order(db: Database, viewer: Viewer, live: Live) -> None:
    stream = await live.stream(viewer, 0)
    batches = stream.batches()
    stop = asyncio.Event()

    async def read_on() -> None:
        while not stop.is_set():
            await live.tailer.run_once()
            await asyncio.sleep(0)

    reading = asyncio.create_task(read_on())
    await asyncio.gather(*[append(db, viewer, 1 + n % 3) for n in range(120)])
    seen = await take(batches, 240)
    stop.set()
    await reading
    assert seen == list(range(1, 241))


async def test_an_event_waits_for_the_transaction_before_it(db: Database, viewer: Viewer) -> None:
    holding, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> int:
        async with db.transaction() as tx:
            last = await events.append(tx, viewer.tenant_id, [an_event(viewer)])
            holding.set()
            await go_on.wait()
        return last

    first = asyncio.create_task(slow())
    await holding.wait()
    second = asyncio.create_task(append(db, viewer))
    # The second cannot commit before the first: a reader would step over the first.
    done, _ = await asyncio.wait({second}, timeout=0.2)
    assert done == set()
    assert (await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, EVERYTHING, most=9))[0] == []
    go_on.set()
    assert (await first, await second) == (1, 2)


async def test_a_lost_bell_is_made_good_by_the_poll(db: Database, viewer: Viewer) -> None:
    hub = Hub()
    bell = Bell(broadcast_for("memory://", db, None))  # never started, never rung
    tailer = Tailer(db, hub, bell, poll_seconds=0.05)
    stream = Stream(db, hub, viewer, EVERYTHING)
    await stream.open(None)
    await tailer.start()
    batches = stream.batches()
    await append(db, viewer)
    try:
        assert await take(batches, 1) == [1]
        last = await append(db, viewer)
        assert await take(batches, 1) == [last]
    finally:
        await tailer.stop()


async def test_the_bell_wakes_another_process(dsn: str, db: Database, viewer: Viewer) -> None:
    other = Database(dsn)
    await other.open()
    here, there = Bell(broadcast_for(None, db, None)), Bell(broadcast_for(None, other, None))
    await here.start()
    await there.start()
    try:
        await there.wait(5)  # what connecting itself rings
        while await there.wait(0.2):
            pass
        here.ring([viewer.tenant_id])
        assert await there.wait(5)
    finally:
        await here.stop()
        await there.stop()
        await other.close()


async def test_only_events_of_the_task_and_its_descendants_are_given(db: Database, viewer: Viewer, live: Live) -> None:
    stream = await live.stream(viewer, None, Range(task_id="root", with_descendants=True))
    batches = stream.batches()
    await append(db, viewer, task_id="other")
    child = await append(db, viewer, task_id="child", task_path=["root"])
    own = await append(db, viewer, task_id="root")
    await live.tailer.run_once()
    assert await take(batches, 2) == [child, own]


async def test_events_of_a_workspace_one_may_not_read_are_not_given(db: Database, viewer: Viewer, live: Live) -> None:
    hidden = uuid7(utc_now())
    for after in (None, 0):
        stream = await live.stream(viewer, after)
        batches = stream.batches()
        await append(db, viewer, workspace_id=hidden)
        seen = await append(db, viewer)
        await live.tailer.run_once()
        assert (await take(batches, 1))[-1] == seen


async def test_events_of_another_tenant_are_never_given(
    db: Database, viewer: Viewer, outsider: Viewer, live: Live
) -> None:
    mine = await live.stream(viewer, 0)
    theirs = await live.stream(outsider, 0)
    await append(db, viewer)
    await append(db, outsider, 2)
    await live.tailer.run_once()
    assert await take(mine.batches(), 1) == [1]
    assert await take(theirs.batches(), 2) == [1, 2]


async def test_a_cursor_behind_what_is_kept_is_refused_with_the_oldest(
    db: Database, viewer: Viewer, live: Live
) -> None:
    await append(db, viewer, 10)
    await db.fetch(DROP_UP_TO, tenant_id=viewer.tenant_id, last=5)
    with pytest.raises(CursorExpired) as told:
        await live.stream(viewer, 3)
    assert told.value.facts["oldest"] == "5"
    oldest = await live.stream(viewer, 5)
    assert await take(oldest.batches(), 5) == [6, 7, 8, 9, 10]
    assert await take((await live.stream(viewer, 0)).batches(), 5) == [6, 7, 8, 9, 10]


@pytest.mark.parametrize("after", [-1, 11])
async def test_a_cursor_the_log_never_reached_is_refused(db: Database, viewer: Viewer, live: Live, after: int) -> None:
    await append(db, viewer, 10)
    with pytest.raises(BadInput):
        await live.stream(viewer, after)


async def test_a_closed_stream_is_forgotten(viewer: Viewer, live: Live) -> None:
    stream = await live.stream(viewer, None)
    assert live.hub.subscribers == 1
    stream.close()
    stream.close()
    assert (live.hub.subscribers, dict(live.hub.positions())) == (0, {})
