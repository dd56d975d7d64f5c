"""Carry out one run: call the handler, then complete, fail or release by how it ended."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Any

import structlog

from app.worker.client import GraphQLClient
from app.worker.context import RunContext
from app.worker.errors import Draining, Release
from app.worker.finish import Finisher
from app.worker.heart import Heart
from app.worker.hold import Hold
from app.worker.progress import Reporter

log = structlog.get_logger(__name__)

Handler = Callable[[RunContext], Awaitable[Any]]


class Ended(Enum):
    """How a run left its worker."""

    FINISHED = auto()
    RELEASED = auto()
    LOST = auto()


class Carrier:
    """Hands runs to one handler."""

    def __init__(self, client: GraphQLClient, handler: Handler, heart: Heart, *, debug: bool) -> None:
        self._client = client
        self._handler = handler
        self._heart = heart
        self._finisher = Finisher(client, debug=debug)

    async def carry(self, hold: Hold) -> Ended:
        """From the claim to the end; if this is cancelled the handler is too, and the lease is left to end."""
        reporter = Reporter(self._client, hold, self._heart)
        context = RunContext(self._client, hold, reporter)
        log.info("run.claimed", run_id=hold.claim.run_id, attempt=hold.claim.attempt, title=hold.claim.task.title)
        handler = asyncio.create_task(self._called(context), name=f"run {hold.claim.run_id}")
        hold.carried_out_by(handler)
        try:
            await asyncio.wait({handler})
            await reporter.close()
            return await self._settle(hold, handler)
        finally:
            handler.cancel()
            hold.close()

    async def _called(self, context: RunContext) -> Any:
        return await self._handler(context)

    async def _settle(self, hold: Hold, handler: "asyncio.Task[Any]") -> Ended:
        problem = None if handler.cancelled() else handler.exception()
        if isinstance(hold.stopped, Draining) and (handler.cancelled() or problem is not None):
            return _ended(await self._finisher.release(hold, str(hold.stopped)), Ended.RELEASED)
        if hold.stopped is not None and not isinstance(hold.stopped, Draining):
            return Ended.LOST
        if handler.cancelled():
            problem = RuntimeError("the handler cancelled itself")
        if isinstance(problem, Release):
            return _ended(await self._finisher.release(hold, str(problem)), Ended.RELEASED)
        if problem is not None:
            log.warning("run.handler_failed", run_id=hold.claim.run_id, exc_info=problem)
            return _ended(await self._finisher.fail(hold, problem), Ended.FINISHED)
        return _ended(await self._finisher.complete(hold, handler.result()), Ended.FINISHED)


def _ended(done: bool, how: Ended) -> Ended:
    return how if done else Ended.LOST
