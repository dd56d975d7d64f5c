"""One life of a worker: register, claim while there is work, drain, say goodbye."""

import asyncio
from contextlib import aclosing
from typing import Final

import structlog

from app.worker.appetite import Appetite
from app.worker.backoff import Backoff
from app.worker.carry import Carrier, Ended, Handler
from app.worker.client import GraphQLClient
from app.worker.documents import WORK_EVENT_TYPES, WORK_EVENTS
from app.worker.errors import Draining, Unavailable, cause_of
from app.worker.follow import follow
from app.worker.heart import Heart
from app.worker.hold import Claim, Hold
from app.worker.options import Options
from app.worker.session import AgentSession

log = structlog.get_logger(__name__)

RELEASE_SECONDS: Final = 5.0
# A handler that gives its run back would get it again at once, for ever.
GIVEN_BACK_SECONDS_FIRST: Final = 0.5
GIVEN_BACK_SECONDS_MOST: Final = 30.0


class Engine:
    """The moving parts of a worker, for one call of `run`."""

    def __init__(self, client: GraphQLClient, options: Options, handler: Handler) -> None:
        self._client = client
        self._options = options
        self._session = AgentSession(client, options)
        self._appetite = Appetite(options.concurrency)
        self._away = Backoff()
        self._given_back = Backoff(first=GIVEN_BACK_SECONDS_FIRST, most=GIVEN_BACK_SECONDS_MOST)
        self._holds: set[Hold] = set()
        self._heart = Heart(client, self._holds, lease_seconds=options.lease_seconds)
        self._carrier = Carrier(client, handler, self._heart, debug=options.debug)
        self._carried: set[asyncio.Task[None]] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; a refused key or request ends it with what was refused."""
        try:
            async with asyncio.TaskGroup() as group:
                stopper = group.create_task(self._stop_when(stopping))
                if await self._registered(stopping):
                    await self._work(group)
                stopper.cancel()
        except BaseExceptionGroup as problems:
            raise cause_of(problems) from None

    async def _registered(self, stopping: asyncio.Event) -> bool:
        """Whether we are registered; a server that is away must not keep us from stopping."""
        register = asyncio.create_task(self._session.register())
        stop = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({register, stop}, return_when=asyncio.FIRST_COMPLETED)
            if register.done():
                await register
            return register.done()
        finally:
            register.cancel()
            stop.cancel()

    async def _stop_when(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._appetite.stop()

    async def _work(self, group: asyncio.TaskGroup) -> None:
        heart = group.create_task(self._heart.run())
        listener = group.create_task(self._listen())
        while most := await self._appetite.next():
            for hold in await self._claim(most):
                task = group.create_task(self._carry(hold))
                self._carried.add(task)
                task.add_done_callback(self._carried.discard)
        listener.cancel()
        await self._drain()
        heart.cancel()
        await self._session.end()

    async def _listen(self) -> None:
        """Every connection begins with a claim, so that what a lost cursor hides is found all the same."""
        wanted: dict[str, object] = {"types": WORK_EVENT_TYPES}
        if self._options.workspace_id is not None:
            wanted["workspaceId"] = self._options.workspace_id
        events = follow(
            self._client,
            WORK_EVENTS,
            {"filter": wanted},
            after=self._session.registered_at,
            listening=self._appetite.hint,
        )
        async with aclosing(events):
            async for _ in events:
                self._appetite.hint()

    async def _claim(self, most: int) -> list[Hold]:
        sent_at = asyncio.get_running_loop().time()
        try:
            claims = await self._session.claim(most)
        except Unavailable as gone:
            log.info("claim.unanswered", reason=str(gone))
            self._appetite.postpone(self._away.next())
            return []
        self._away.reset()
        self._appetite.take(len(claims))
        if len(claims) == most:
            self._appetite.hint()
        return [self._held(claim, sent_at) for claim in claims]

    def _held(self, claim: Claim, sent_at: float) -> Hold:
        hold = Hold(claim, sent_at=sent_at, lease_seconds=self._options.lease_seconds)
        self._holds.add(hold)
        return hold

    async def _carry(self, hold: Hold) -> None:
        try:
            ended = await self._carrier.carry(hold)
            if ended is Ended.RELEASED:
                self._appetite.postpone(self._given_back.next())
            elif ended is Ended.FINISHED:
                self._given_back.reset()
        finally:
            self._holds.discard(hold)
            self._appetite.give_back()

    async def _drain(self) -> None:
        """Let running handlers end; after `drain_seconds` they are cancelled and their runs given back."""
        if self._carried:
            log.info("worker.draining", runs=len(self._carried))
            await asyncio.wait(self._carried, timeout=self._options.drain_seconds)
        for hold in tuple(self._holds):
            hold.stop(Draining("the worker is being stopped"))
        if self._carried:
            _, stuck = await asyncio.wait(self._carried, timeout=RELEASE_SECONDS)
            for task in stuck:
                log.warning("run.left_to_its_lease", task=task.get_name())
                task.cancel()
