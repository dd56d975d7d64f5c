"""A background loop: `run_once` on a timer, started, stopped and never silently dead."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

log = structlog.get_logger(__name__)


class Loop:
    """Calls `run_once` every so many seconds; a failure is logged and the next turn tries again."""

    def __init__(self, name: str, seconds: float, run_once: Callable[[], Awaitable[object]]) -> None:
        self.name = name
        self.run_once = run_once
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; may be called twice."""
        if self._task is None:
            self._task = asyncio.create_task(self._turn(), name=self.name)

    async def stop(self) -> None:
        """End and wait for the end; may be called twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _turn(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            try:
                await self.run_once()
            except Exception as problem:
                log.warning("loop.turn_failed", loop=self.name, reason=str(problem), kind=type(problem).__name__)
