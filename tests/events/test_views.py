"""A view is computed once for all who watch it, never too often, and ends with the last of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from app.clock import monotonic
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import RateLimited, ServiceUnavailable
from app.domain.tasks.events import EventType
from app.events import views
from app.events import watcher as watcher_module
from app.events.bell import Bell, broadcast_for
from app.events.hub import Hub
from app.events.streams import Streams
from app.events.tailer import Tailer
from app.events.views import View, Views
from app.events.watcher import INTERVAL_SECONDS, Watcher
from app.storage import events
from app.storage.events import Range
from tests.events.test_stream import append
from tests.support.eventually import eventually

WAIT = 5
QUICK_SECONDS = INTERVAL_SECONDS / 10


@dataclass(frozen=True)
class Tally:
    """How many events there are, and how often that was counted."""

    events: int
    looks: int


@dataclass
class Watched:
    """The tally of a log; `extra` is what no event tells, `good` how long a tally holds."""

    db: Database
    viewer: Viewer
    name: str = "tally"
    extra: int = 0
    restless: bool = False  # somebody writes all the time
    good: float | None = None
    looks: int = 0
    marks: int = 0
    listens: tuple[Range, ...] = (Range(types=(EventType.TASK_UPDATED,)),)
    shared_key: Hashable | None = None
    most: int = 20
    place: None = None
    fails: list[Exception] = field(default_factory=list)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.go_on.set()

    @property
    def key(self) -> Hashable:
        """Name and user."""
        return (self.name, self.viewer.user_id)

    async def mark(self) -> object:
        """The end of the log and the extra."""
        _, last = await events.bounds(self.db, self.viewer.tenant_id)
        self.marks += 1
        return last, self.extra, self.marks if self.restless else 0

    async def compute(self) -> Tally:
        """Counts; waits in the middle if a test wants it to."""
        self.looks += 1
        found = await events.count(self.db, self.viewer.tenant_id, self.viewer.user_id, events.EVERYTHING)
        self.entered.set()
        await self.go_on.wait()
        if self.fails:
            raise self.fails.pop()
        return Tally(found + self.extra, self.looks)

    def facts(self, value: Tally) -> object:
        """How often it was counted is no fact."""
        return value.events

    def good_seconds(self, value: Tally) -> float | None:
        """As the test says."""
        return self.good


class Live:
    """Views on a hub whose tailer reads when it is told to."""

    def __init__(self, db: Database) -> None:
        self.hub = Hub()
        self.views: Views = Streams(db, self.hub).views
        self.tailer = Tailer(db, self.hub, Bell(broadcast_for("memory://", db, None)))

    async def told(self, db: Database, viewer: Viewer, count: int = 1) -> None:
        """Write events and let the process see them."""
        await append(db, viewer, count)
        await self.tailer.run_once()

    def is_empty(self) -> bool:
        """Whether nobody watches and nothing listens."""
        return len(self.views) == 0 and self.hub.subscribers == 0


@pytest.fixture
async def live(db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Live]:
    """See Live; every test must leave it empty. It is ten times quicker than in earnest."""
    for module in (views, watcher_module):
        monkeypatch.setattr(module, "INTERVAL_SECONDS", QUICK_SECONDS)
    found = Live(db)
    yield found
    assert found.is_empty()


@pytest.fixture
def watched(db: Database, viewer: Viewer) -> Watched:
    """See Watched."""
    return Watched(db, viewer)


async def value(watcher: Watcher[Tally]) -> int:
    """The events of the next tally."""
    return (await asyncio.wait_for(anext(watcher), WAIT)).events


async def nothing_comes(watcher: Watcher[Tally], unless: Callable[[], bool]) -> None:
    """No value, although `unless` came true."""
    reading = asyncio.ensure_future(anext(watcher))

    async def so() -> bool:
        return unless()

    await eventually(so)
    done, _ = await asyncio.wait({reading}, timeout=QUICK_SECONDS + 0.1)
    reading.cancel()
    assert not done


async def test_the_value_comes_first_and_again_when_it_is_another(
    db: Database, viewer: Viewer, live: Live, watched: Watched
) -> None:
    await append(db, viewer, 2)
    watcher = await live.views.watch(watched)
    assert await value(watcher) == 2
    await live.told(db, viewer, 3)
    assert await value(watcher) == 5
    await watcher.aclose()


async def test_an_equal_value_is_not_sent(db: Database, viewer: Viewer, live: Live, watched: Watched) -> None:
    watcher = await live.views.watch(watched)
    assert await value(watcher) == 0
    watched.extra = -1  # one event more, one extra less
    await live.told(db, viewer)
    await nothing_comes(watcher, lambda: watched.looks == 2)
    watched.extra = 0
    await live.told(db, viewer)
    assert await value(watcher) == 2
    await watcher.aclose()


async def test_what_is_written_before_watching_is_in_the_first_value_of_whoever_comes_later(
    db: Database, viewer: Viewer, live: Live, watched: Watched
) -> None:
    first = await live.views.watch(watched)
    await append(db, viewer)  # the tailer has not seen it
    second = await live.views.watch(watched)
    assert (await value(second), await value(first), watched.looks) == (1, 1, 2)
    await first.aclose()
    await second.aclose()


async def test_a_hundred_watchers_cost_one_computation(
    db: Database, viewer: Viewer, live: Live, watched: Watched
) -> None:
    watchers = await asyncio.gather(*[live.views.watch(watched) for _ in range(100)])
    assert {await value(watcher) for watcher in watchers} == {0}
    assert (watched.looks, len(live.views), live.hub.subscribers) == (1, 1, 1)
    await live.told(db, viewer)
    assert {await value(watcher) for watcher in watchers} == {1}
    assert watched.looks == 2
    await asyncio.gather(*[watcher.aclose() for watcher in watchers])


async def test_whoever_comes_during_a_computation_shares_the_next_one(
    db: Database, viewer: Viewer, live: Live, watched: Watched
) -> None:
    watched.restless = True
    watched.go_on.clear()
    first = asyncio.ensure_future(live.views.watch(watched))
    await watched.entered.wait()
    await append(db, viewer)  # too late for the computation under way
    others = [asyncio.ensure_future(live.views.watch(watched)) for _ in range(20)]
    await asyncio.sleep(0)
    watched.go_on.set()
    watchers = await asyncio.gather(*others)
    assert {await value(watcher) for watcher in watchers} == {1}
    assert watched.looks == 2
    await asyncio.gather(*[watcher.aclose() for watcher in (await first, *watchers)])


async def test_values_come_at_most_twice_a_second_and_the_last_one_comes(
    db: Database, viewer: Viewer, live: Live, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (views, watcher_module):
        monkeypatch.setattr(module, "INTERVAL_SECONDS", INTERVAL_SECONDS)
    watcher = await live.views.watch(watched)
    at: list[float] = []
    seen: list[int] = []

    async def read() -> None:
        async for tally in watcher:
            at.append(monotonic())
            seen.append(tally.events)

    async def up_to_date() -> bool:
        return seen[-1] == written

    reading = asyncio.create_task(read())
    written = joins = 0
    while len(at) < 4:
        await live.told(db, viewer)
        written += 1
        # Whoever comes is given the present at once, and that is no reason to hurry the others.
        if written % 4 == 0:
            late = await live.views.watch(watched)
            assert await value(late) == written
            await late.aclose()
            joins += 1
    await eventually(up_to_date)
    assert all(later - earlier >= INTERVAL_SECONDS for earlier, later in pairwise(at))
    assert seen == sorted(set(seen))
    assert watched.looks <= (at[-1] - at[0]) / INTERVAL_SECONDS + 2 + joins
    await watcher.aclose()
    await reading


async def test_a_slow_watcher_gets_the_newest_value_alone(
    db: Database, viewer: Viewer, live: Live, watched: Watched
) -> None:
    slow, quick = [await live.views.watch(watched) for _ in range(2)]
    assert (await value(slow), await value(quick)) == (0, 0)
    for expected in (1, 2, 3):
        await live.told(db, viewer)
        assert await value(quick) == expected
    assert await value(slow) == 3
    watched.extra = 1
    live.views.touch(viewer.tenant_id, viewer.user_id)
    assert await value(quick) == 4
    watched.extra = 0
    live.views.touch(viewer.tenant_id, viewer.user_id)
    assert await value(quick) == 3
    await nothing_comes(slow, lambda: True)  # it was 4 in between, but that was never read
    await slow.aclose()
    await quick.aclose()


async def test_it_ends_with_the_last_watcher(db: Database, viewer: Viewer, live: Live, watched: Watched) -> None:
    one, two = [await live.views.watch(watched) for _ in range(2)]
    assert await value(two) == 0
    await one.aclose()
    await one.aclose()
    await live.told(db, viewer)
    assert await value(two) == 1
    assert not live.is_empty()
    await two.aclose()
    assert live.is_empty()
    with pytest.raises(StopAsyncIteration):
        await anext(two)
    await live.told(db, viewer)
    assert watched.looks == 2


async def test_one_who_goes_away_while_waiting_leaves_nothing(live: Live, watched: Watched) -> None:
    watched.go_on.clear()
    waiting = asyncio.ensure_future(live.views.watch(watched))
    await watched.entered.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert live.is_empty()


async def test_a_first_computation_that_fails_is_told_and_leaves_nothing(live: Live, watched: Watched) -> None:
    watched.fails = [ServiceUnavailable("busy")]
    with pytest.raises(ServiceUnavailable):
        await live.views.watch(watched)
    assert live.is_empty()


async def test_a_busy_database_is_asked_again(db: Database, viewer: Viewer, live: Live, watched: Watched) -> None:
    watcher = await live.views.watch(watched)
    assert await value(watcher) == 0
    watched.fails = [ServiceUnavailable("busy")]
    await live.told(db, viewer)
    assert await value(watcher) == 1
    assert watched.looks == 3
    await watcher.aclose()


async def test_a_view_that_breaks_says_so_and_the_next_one_is_new(
    db: Database, viewer: Viewer, live: Live, watched: Watched
) -> None:
    watcher = await live.views.watch(watched)
    assert await value(watcher) == 0
    watched.fails = [ValueError("broken")]
    await live.told(db, viewer)
    with pytest.raises(ValueError, match="broken"):
        await value(watcher)
    again = await live.views.watch(watched)
    assert await value(again) == 1
    await watcher.aclose()
    assert len(live.views) == 1
    await again.aclose()


async def test_time_alone_makes_it_look_again(live: Live, watched: Watched) -> None:
    watched.good = 0.01
    watcher = await live.views.watch(watched)
    assert (await anext(watcher)).looks == 1
    watched.extra = 7
    assert await value(watcher) == 7
    await watcher.aclose()


async def test_what_no_event_tells_is_seen_at_the_next_look(
    live: Live, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "LOOK_SECONDS", 0.05)
    watcher = await live.views.watch(watched)
    assert await value(watcher) == 0
    watched.extra = 7
    assert await value(watcher) == 7
    assert watched.looks == 2
    await watcher.aclose()


async def test_a_touch_is_for_the_views_of_one_user(
    db: Database, viewer: Viewer, colleague: Viewer, live: Live, watched: Watched
) -> None:
    theirs = Watched(db, colleague)
    one, two = await live.views.watch(watched), await live.views.watch(theirs)
    assert (await value(one), await value(two), len(live.views)) == (0, 0, 2)
    watched.extra = theirs.extra = 1
    live.views.touch(viewer.tenant_id, viewer.user_id)
    assert await value(one) == 1
    assert theirs.looks == 1
    await one.aclose()
    await two.aclose()


async def test_a_user_may_watch_so_many_different_values_and_no_more(
    db: Database, viewer: Viewer, colleague: Viewer, live: Live
) -> None:
    open_ones = [await live.views.watch(Watched(db, viewer, name=str(at))) for at in range(20)]
    with pytest.raises(RateLimited):
        await live.views.watch(Watched(db, viewer, name="one more"))
    open_ones.append(await live.views.watch(Watched(db, viewer, name="0")))
    open_ones.append(await live.views.watch(Watched(db, colleague, name="one more")))
    await asyncio.gather(*[watcher.aclose() for watcher in open_ones])


async def test_views_take_turns_so_that_queries_get_their_connections(db: Database, viewer: Viewer, live: Live) -> None:
    held = [Watched(db, viewer, name=str(at)) for at in range(views.COMPUTING_MAX + 3)]
    for one in held:
        one.go_on.clear()
    opening = [asyncio.ensure_future(live.views.watch(one)) for one in held]

    async def all_came() -> bool:
        return all(one.marks for one in held)

    await eventually(all_came)
    assert sum(one.looks for one in held) == views.COMPUTING_MAX
    for one in held:
        one.go_on.set()
    watchers = await asyncio.gather(*opening)
    assert [one.looks for one in held] == [1] * len(held)
    await asyncio.gather(*[watcher.aclose() for watcher in watchers])


async def test_nothing_is_computed_while_nothing_happens(
    live: Live, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "LOOK_SECONDS", 0.01)
    watcher = await live.views.watch(watched)
    view: View[Tally] = next(iter(live.views._views.values()))
    assert await value(watcher) == 0
    begun = view._begun

    async def looked() -> bool:
        return view._begun > begun + 1

    await eventually(looked)
    assert (watched.looks, view.computations) == (1, 1)
    await watcher.aclose()


async def test_an_event_makes_it_look_once(db: Database, viewer: Viewer, live: Live, watched: Watched) -> None:
    watcher = await live.views.watch(watched)
    assert await value(watcher) == 0
    await live.told(db, viewer)
    assert await value(watcher) == 1
    marks = watched.marks
    await nothing_comes(watcher, lambda: True)
    assert watched.marks == marks
    await watcher.aclose()
