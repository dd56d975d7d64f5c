"""Views: a value that is computed once for all who watch it, and again when something happened."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

import structlog

from app.clock import monotonic
from app.domain.access.viewer import Viewer
from app.domain.errors import RateLimited, ServiceUnavailable
from app.events.sharing import Computation, Sharing
from app.events.stream import Stream
from app.events.watcher import INTERVAL_SECONDS, Watcher
from app.storage.events import Range

log = structlog.get_logger(__name__)

# How often a view makes sure that nothing escaped it: what no event tells, such as a mark made in another process.
LOOK_SECONDS: Final = 5.0
# One event may move the values of a thousand viewers; queries still get their connections.
COMPUTING_MAX: Final = 2

Value = TypeVar("Value")
Open = Callable[[Viewer, Range, int | None, UUID | None], Awaitable[Stream]]


class Watchable(Protocol[Value]):
    """What a view needs to know of a value."""

    @property
    def viewer(self) -> Viewer:
        """Whose eyes it is seen with."""
        ...

    @property
    def key(self) -> Hashable:
        """The same for the same value."""
        ...

    @property
    def shared_key(self) -> Hashable | None:
        """The same for values that are equal whoever sees them; None where none are."""
        ...

    @property
    def most(self) -> int:
        """How many different ones of its kind one user may watch."""
        ...

    @property
    def place(self) -> UUID | None:
        """The one workspace it is about; its watchers are ended with the right to read it."""
        ...

    @property
    def listens(self) -> Sequence[Range]:
        """The events after which it may be another."""
        ...

    async def mark(self) -> object:
        """A cheap sign: as long as it is the same, nothing was written that the value depends on."""
        ...

    async def compute(self) -> Value:
        """The value as it is now."""
        ...

    def facts(self, value: Value) -> object:
        """The value without what only says how much time has passed; equal facts are not sent again."""
        ...

    def good_seconds(self, value: Value) -> float | None:
        """How long the facts hold if nothing happens; None for ever."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed(Generic[Value]):
    """A value, its facts, the mark it was computed under and until when time alone leaves it true."""

    value: Value
    facts: object
    mark: object
    good_until: float | None

    def is_over(self) -> bool:
        """Whether time alone may have made it another."""
        return self.good_until is not None and monotonic() >= self.good_until


class View(Generic[Value]):
    """One value of one viewer; it listens for as long as somebody watches."""

    def __init__(
        self,
        watched: Watchable[Value],
        open_stream: Open,
        turns: asyncio.Semaphore,
        sharing: Sharing,
        ended: Callable[[Any], None],
    ) -> None:
        self.watched = watched
        self.watchers: set[Watcher[Value]] = set()
        self.computations = 0
        self._open_stream = open_stream
        self._turns = turns
        self._sharing = sharing
        self._ended = ended
        self._streams: list[Stream] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._looking = asyncio.Lock()
        self._moved = asyncio.Event()
        self._begun = 0
        self._done = 0
        self._latest: Computed[Value] | None = None
        self._held: Computation | None = None

    def touch(self) -> None:
        """Something happened that no event tells."""
        self._moved.set()

    async def join(self, watcher: Watcher[Value]) -> None:
        """Give the watcher a value that holds everything that was written before the call."""
        await self._look()
        assert self._latest is not None
        watcher.offer(self._latest.value, self._latest.facts)

    async def leave(self, watcher: Watcher[Value]) -> None:
        """One watches no longer; the last one out ends the view."""
        self.watchers.discard(watcher)
        if self.watchers:
            return
        self._ended(self)
        for stream in self._streams:
            stream.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _look(self) -> None:
        """See whether the value is another; looks that are asked for while one is under way become one."""
        asked = self._begun
        async with self._looking:
            if self._done > asked:
                return
            if not self._streams:
                await self._listen()
            self._begun += 1
            begun = self._begun
            self._moved.clear()
            try:
                await self._renew()
            except BaseException:
                self._moved.set()
                raise
            if self._done == 0:
                self._start(self._follow())
            self._done = begun

    async def _renew(self) -> None:
        mark = await self.watched.mark()
        before = self._latest
        if before is not None and mark == before.mark and not before.is_over():
            return
        value = await self._value(mark)
        self.computations += 1
        facts, good = self.watched.facts(value), self.watched.good_seconds(value)
        until = None if good is None else monotonic() + good
        self._latest = Computed(value=value, facts=facts, mark=mark, good_until=until)
        if before is None or facts != before.facts:
            for watcher in self.watchers:
                watcher.offer(value, facts)

    async def _value(self, mark: object) -> Value:
        if self.watched.shared_key is None:
            return await self._in_turn()
        self._held = self._sharing.of(self.watched.shared_key, mark, self._in_turn)
        value: Value = await self._held.value()
        return value

    async def _in_turn(self) -> Value:
        async with self._turns:
            return await self.watched.compute()

    async def _listen(self) -> None:
        """Before the first value, so that nothing is missed after it."""
        opened: list[Stream] = []
        try:
            for wanted in self.watched.listens:
                stream = await self._open_stream(self.watched.viewer, wanted, None, self.watched.place)
                opened.append(stream)  # what is open has to be closed where the next one fails
        except BaseException:
            for stream in opened:
                stream.close()
            raise
        self._streams = opened
        for stream in opened:
            self._start(self._note(stream))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(self._or_fail(work)))

    async def _or_fail(self, work: Coroutine[Any, Any, None]) -> None:
        """A view that broke says so to all who watch it; who comes later gets a new one."""
        try:
            await work
        except Exception as problem:
            self._ended(self)
            for watcher in self.watchers:
                watcher.fail(problem)

    async def _note(self, stream: Stream) -> None:
        while True:
            try:
                async for _ in stream.batches():
                    self._moved.set()
            except ServiceUnavailable:
                # The stream goes on where it stood.
                await asyncio.sleep(INTERVAL_SECONDS)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await self._until_due()
            try:
                await self._look()
            except ServiceUnavailable as problem:
                log.warning("view.not_computed", reason=str(problem))

    async def _until_due(self) -> None:
        assert self._latest is not None
        until = self._latest.good_until
        wait = LOOK_SECONDS if until is None else min(LOOK_SECONDS, until - monotonic())
        try:
            async with asyncio.timeout(max(0.0, wait)):
                await self._moved.wait()
        except TimeoutError:
            return


class Views:
    """The views of one process: one for each value and viewer, however many watch."""

    def __init__(self, open_stream: Open) -> None:
        self._open_stream = open_stream
        # Each kind has its own turns: slow charts do not keep dashboards waiting.
        self._turns: defaultdict[type, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(COMPUTING_MAX))
        self._sharing = Sharing()
        self._views: dict[Hashable, View[Any]] = {}

    def __len__(self) -> int:
        return len(self._views)

    async def watch(self, watched: Watchable[Value]) -> Watcher[Value]:
        """A watcher that listens already; its first value holds everything that was written before the call."""
        view: View[Value] | None = self._views.get(watched.key)
        if view is None:
            self._refuse_too_many(watched)
            turns = self._turns[type(watched)]
            view = View(watched, self._open_stream, turns, self._sharing, self._forget)
            self._views[watched.key] = view
        watcher = Watcher(view.leave)
        view.watchers.add(watcher)
        try:
            await view.join(watcher)
        except BaseException:
            await watcher.aclose()
            raise
        return watcher

    def touch(self, tenant_id: UUID, user_id: UUID) -> None:
        """Something of this user's changed that no event tells."""
        for view in self._of(tenant_id, user_id):
            view.touch()

    def touch_all(self, tenant_id: UUID) -> None:
        """Somebody of the tenant may see other things than before, of which no event of theirs tells."""
        for view in self._views.values():
            if view.watched.viewer.tenant_id == tenant_id:
                view.touch()

    def _of(self, tenant_id: UUID, user_id: UUID) -> list[View[Any]]:
        viewers = ((view, view.watched.viewer) for view in self._views.values())
        return [view for view, viewer in viewers if (viewer.tenant_id, viewer.user_id) == (tenant_id, user_id)]

    def _refuse_too_many(self, watched: Watchable[Any]) -> None:
        viewer = watched.viewer
        alike = [view for view in self._of(viewer.tenant_id, viewer.user_id) if type(view.watched) is type(watched)]
        if len(alike) >= watched.most:
            raise RateLimited(
                f"You watch {watched.most} different values of this kind already; end one, or use one filter.",
                limit=watched.most,
            )

    def _forget(self, view: View[Any]) -> None:
        if self._views.get(view.watched.key) is view:
            del self._views[view.watched.key]
