"""The bell: wakes the readers of the log in every process. It carries no data and may be lost."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Final
from uuid import UUID

import structlog
from broadcaster import Broadcast
from broadcaster import Event as Message
from broadcaster._backends.base import BroadcastBackend

from app.db.engine import Database, Lane
from app.db.listen import Listener
from app.domain.errors import ServiceUnavailable
from app.storage.wakeups import CHANNEL, notify

log = structlog.get_logger(__name__)

# One publication tells of everything committed before it: more often than this tells nobody anything new.
PUBLISH_SECONDS_MIN: Final = 0.005


class PostgresWakeups(BroadcastBackend):
    """A broadcaster backend on LISTEN and NOTIFY that survives lost connections and publishes through the pool."""

    def __init__(self, db: Database, listen_dsn: str | None = None) -> None:
        self._db = db
        self._listener = Listener(listen_dsn or db.dsn, CHANNEL)

    async def connect(self) -> None:
        """Start listening."""
        await self._listener.start()

    async def disconnect(self) -> None:
        """Stop listening."""
        await self._listener.stop()

    async def subscribe(self, channel: str) -> None:
        """There is one channel, and it is listened to from the start."""

    async def unsubscribe(self, channel: str) -> None:
        """See `subscribe`."""

    async def publish(self, channel: str, message: object) -> None:
        """NOTIFY in a transaction of its own, never in one that writes."""
        await notify(self._db, Lane.STREAM)

    async def next_published(self) -> Message:
        """The next wake-up, or one made up after a reconnect."""
        await self._listener.wait()
        return Message(CHANNEL, "")


class Bell:
    """Rings here at once and in the other processes soon; several rings become one."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast
        self._rung = asyncio.Event()
        self._to_publish = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def ring(self, _tenants: Collection[UUID]) -> None:
        """Something was committed. Called after the commit and never inside it."""
        self._rung.set()
        self._to_publish.set()

    async def wait(self, seconds: float) -> bool:
        """True when it rang since the last return, False after so many seconds without."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        rung = self._rung.is_set()
        self._rung.clear()
        return rung

    async def start(self) -> None:
        """Connect to the other processes."""
        await self._broadcast.connect()
        hearing = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._hear(hearing), name="bell-hear"),
            asyncio.create_task(self._publish(), name="bell-publish"),
        ]
        await hearing.wait()

    async def stop(self) -> None:
        """Disconnect; may be called twice."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if tasks:
            with suppress(asyncio.CancelledError):
                await self._broadcast.disconnect()

    async def _hear(self, hearing: asyncio.Event) -> None:
        async with self._broadcast.subscribe(CHANNEL) as wakeups:
            hearing.set()
            while True:
                await wakeups.get()
                self._rung.set()

    async def _publish(self) -> None:
        while True:
            await self._to_publish.wait()
            self._to_publish.clear()
            try:
                await self._broadcast.publish(CHANNEL, "")
            except (ServiceUnavailable, OSError) as problem:
                # Lost wake-ups are made good by the poll; the next commit tries again.
                log.warning("bell.publish_failed", reason=str(problem))
            await asyncio.sleep(PUBLISH_SECONDS_MIN)


def broadcast_for(url: str | None, db: Database, listen_dsn: str | None) -> Broadcast:
    """The broadcaster of BROADCAST_URL; PostgreSQL itself where none is named.

    Redis and Valkey are reached through streams: the stock pub/sub backend loses messages (docs/decisions/0003).
    """
    if url is None or url.startswith(("postgres://", "postgresql://")):
        return Broadcast(backend=PostgresWakeups(db, url or listen_dsn))
    for plain, stream in (("redis://", "redis-stream://"), ("rediss://", "redis-stream://")):
        if url.startswith(plain):
            return Broadcast(stream + url.removeprefix(plain))
    return Broadcast(url)
