"""LISTEN on one connection that comes back by itself."""

import asyncio
from contextlib import suppress
from typing import Final

import asyncpg

from app.db.errors import LOST

RETRY_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0)
PROBE_SECONDS: Final = 10.0


class Listener:
    """Counts what arrives on a channel; after a reconnect it pretends that something arrived.

    A wake-up carries no data, so many of them are as good as one: `wait` returns when at least one came
    since it returned last.
    """

    def __init__(self, dsn: str, channel: str) -> None:
        self._dsn = dsn
        self._channel = channel
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def start(self) -> None:
        """Begin to listen in the background; a database that is away delays nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen(), name="listen")

    async def stop(self) -> None:
        """Stop listening; may be called twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def wait(self) -> None:
        """Return when something arrived since the last return."""
        await self._arrived.wait()
        self._arrived.clear()

    async def _listen(self) -> None:
        failures = 0
        while True:
            with suppress(*LOST, TimeoutError, asyncpg.PostgresError):
                connection = await asyncpg.connect(
                    self._dsn, timeout=4, server_settings={"application_name": "taskloom:listen"}
                )
                failures = 0
                try:
                    await self._hold(connection)
                finally:
                    self.connected.clear()
                    connection.terminate()
            await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
            failures += 1

    async def _hold(self, connection: asyncpg.Connection) -> None:
        gone = asyncio.Event()
        connection.add_termination_listener(lambda _: gone.set())
        await connection.add_listener(self._channel, lambda *_: self._arrived.set())
        self.connected.set()
        self._arrived.set()
        while not gone.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(gone.wait(), PROBE_SECONDS)
            if not gone.is_set():
                # A peer that vanished without a word is found by asking.
                await connection.execute("SELECT 1", timeout=5)
