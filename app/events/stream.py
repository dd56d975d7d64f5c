"""One subscriber: catching up (reads the log), live (takes from its buffer) or lagging (back to the log)."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, TaskloomError
from app.domain.tasks.events import EventType
from app.events.hub import EVERYTHING, TABLE, Hub, Topic
from app.storage import events
from app.storage.events import Range
from app.storage.rows.event import EventRow

BUFFER_MAX: Final = 512
PAGE: Final = 200
# Called with a stream and an event it will take; calls the stream's `wake` when the event is ready, whatever happens.
Prepare = Callable[["Stream", EventRow], None]


class State(StrEnum):
    """Where a subscriber gets its next events from."""

    CATCHING_UP = "catching_up"
    LIVE = "live"
    LAGGING = "lagging"


class Stream:
    """Every event after a position that the viewer may see, once and in order, for as long as somebody reads.

    The bell and the buffer may lose things, the log may not: the stream is registered with the hub before it
    reads the log, drops what is not newer than the last event it gave out, and goes back to the log whenever
    its buffer was full. One that depends on a workspace ends with it, or with the right to read it.
    """

    def __init__(
        self,
        db: Database,
        hub: Hub,
        viewer: Viewer,
        wanted: Range,
        *,
        place: UUID | None = None,
        buffer_max: int = BUFFER_MAX,
    ) -> None:
        self.tenant_id = viewer.tenant_id
        self.user_id = viewer.user_id
        self.topic = topic_of(wanted)
        self.place = place
        self.state = State.CATCHING_UP
        self.position = 0
        self._db = db
        self._hub = hub
        self._wanted = wanted
        self._buffer: deque[EventRow] = deque()
        self._buffer_max = buffer_max
        self._offered = asyncio.Event()
        self._prepare: Prepare | None = None
        self._ended: TaskloomError | None = None

    def prepare_by(self, prepare: Prepare) -> None:
        """Let `prepare` do what many subscribers need once for all before this one is woken by an event."""
        self._prepare = prepare

    def wake(self) -> None:
        """What was offered is ready to be taken."""
        self._offered.set()

    async def open(self, after: int | None) -> None:
        """Listen from `after`, or from now; once this returns no later event is missed.

        CursorExpired when the log no longer holds what follows `after`; BadInput when it never did.
        """
        first, last = await events.bounds(self._db, self.tenant_id)
        if after is not None:
            check_cursor(after, first, last)
        self.position = last if after is None else after
        self._hub.add(self, last)

    @property
    def hears_the_end(self) -> bool:
        """Whether the event that says that its workspace is gone is among what it wants."""
        types, told = self._wanted.types, EventType.WORKSPACE_DELETED
        return self.topic == ("workspace", str(self.place)) and (types is None or told in types)

    def close(self) -> None:
        """Stop listening; may be called twice."""
        self._hub.remove(self)

    async def aclose(self) -> None:
        """`close`, for those who end any asynchronous iterator this way."""
        self.close()

    def __aiter__(self) -> AsyncIterator[EventRow]:
        """The events one by one; who can take batches calls `batches`."""
        return self._one_by_one()

    async def _one_by_one(self) -> AsyncIterator[EventRow]:
        async for batch in self.batches():
            for event in batch:
                yield event

    def offer(self, event: EventRow) -> None:
        """Called by the hub; a full buffer sends the stream back to the log."""
        if event.sequence <= self.position or self.state is State.LAGGING:
            return
        if self._wanted.types is not None and event.type not in self._wanted.types:
            return
        if len(self._buffer) >= self._buffer_max:
            self._buffer.clear()
            self.state = State.LAGGING
            self.wake()
            return
        self._buffer.append(event)
        if self._prepare is None:
            self.wake()
        else:
            self._prepare(self, event)

    def end(self, problem: TaskloomError) -> None:
        """Give out nothing more but this; what was offered and not yet taken is dropped."""
        self._ended = problem
        self.wake()

    async def batches(self) -> AsyncIterator[list[EventRow]]:
        """The events, in batches as they come."""
        while True:
            if self._ended is not None:
                raise self._ended
            if self.state is State.LIVE:
                await self._offered.wait()
                self._offered.clear()
                batch = self._take() if self._ended is None else []
            else:
                batch = await self._catch_up()
            if batch and self._ended is None:
                yield batch
                if self.place is not None and any(map(self._is_last, batch)):
                    return

    def _is_last(self, event: EventRow) -> bool:
        return event.type is EventType.WORKSPACE_DELETED and event.workspace_id == self.place

    def _take(self) -> list[EventRow]:
        batch = [event for event in self._buffer if event.sequence > self.position]
        self._buffer.clear()
        if batch:
            self.position = batch[-1].sequence
        return batch

    async def _catch_up(self) -> list[EventRow]:
        # From here on the hub's offers are kept again: what it dropped before is in the log already.
        self.state = State.CATCHING_UP
        batch, log_end = await events.read_after(
            self._db, self.tenant_id, self.user_id, self.position, self._wanted, most=PAGE
        )
        if batch:
            self.position = batch[-1].sequence
        if len(batch) < PAGE and self.state is State.CATCHING_UP:
            self.position = max(self.position, log_end)
            self.state = State.LIVE
            self._offered.set()
        return batch


def topic_of(wanted: Range) -> Topic:
    """The hub's topic for a range: the narrowest thing it names."""
    if wanted.table_id is not None:
        return (TABLE, str(wanted.table_id))
    if wanted.run_id is not None:
        return ("run", str(wanted.run_id))
    if wanted.task_id is not None:
        return ("task", wanted.task_id)
    if wanted.workspace_id is not None:
        return ("workspace", str(wanted.workspace_id))
    return EVERYTHING


def check_cursor(after: int, first: int, last: int) -> None:
    """Refuse a cursor the log cannot continue from."""
    if after < 0 or after > last:
        raise BadInput(
            f"after is {after}, but the log ends at {last}; send back a cursor of an event, or 0 for all that is kept.",
            field="after",
        )
    if after > 0 and after < first - 1:
        raise events.expired(first - 1)
