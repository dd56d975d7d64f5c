"""The processes of the demo: a feeder and a worker, started again when they die."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.demo.seed import Stage
from app.demo.stories import Place
from app.demo.voice import Voice
from app.worker import GraphQLClient
from app.worker.backoff import Backoff

STOP_SECONDS: Final = 2.5
HEALTHY_SECONDS: Final = 60.0
PAUSE_SECONDS_FIRST: Final = 0.5
PAUSE_SECONDS_MOST: Final = 30.0


class Role(StrEnum):
    """What a child does."""

    FEEDER = "feeder"
    WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where the demo plays, how fast, and whether it ends."""

    url: str
    key: str
    pace_seconds: float
    lease_seconds: int
    once: bool


class Family:
    """The parent of the demo's processes."""

    def __init__(self, plan: Plan, voice: Voice) -> None:
        self._plan = plan
        self._voice = voice
        self._setting = asyncio.Lock()
        self._stopping = asyncio.Event()
        self.status = 0

    def stop(self) -> None:
        """End the children, then `run`."""
        self._stopping.set()

    async def run(self) -> None:
        """Keep both children alive until stopped; with `once`, until the feeder has told every story."""
        tasks = [asyncio.create_task(self._keep(role)) for role in Role]
        feeder, worker = tasks
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({feeder, worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        for task in tasks:
            task.cancel()
        for found in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(found, Exception):
                raise found

    async def _keep(self, role: Role) -> None:
        clock = asyncio.get_running_loop()
        backoff = Backoff(first=PAUSE_SECONDS_FIRST, most=PAUSE_SECONDS_MOST)
        while True:
            places = await self._places()
            began = clock.time()
            status = await self._child(role, places)
            if self._plan.once and role is Role.FEEDER:
                self.status = status
                return
            if clock.time() - began > HEALTHY_SECONDS:
                backoff.reset()
            self._voice.say(f"the {role} ended with {status}; it is started again")
            await backoff.pause()

    async def _places(self) -> dict[Place, str]:
        """The workspaces: made at the first start, found later, made again on a server that lost its data."""
        async with self._setting, GraphQLClient(self._plan.url, self._plan.key) as client:
            return await Stage(client, self._voice).set()

    async def _child(self, role: Role, places: Mapping[Place, str]) -> int:
        """Run a child to its end; when this is cancelled the child ends first, politely or not."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.demo", role),
            f"--url={self._plan.url}",
            f"--parent={os.getpid()}",
            f"--pace={self._plan.pace_seconds}",
            f"--lease-seconds={self._plan.lease_seconds}",
            *(["--once"] if self._plan.once else []),
            *(f"--place={place.name}={id}" for place, id in places.items()),
            env={**os.environ, "TASKLOOM_KEY": self._plan.key},
            stdin=asyncio.subprocess.DEVNULL,
            # Ctrl-C is for the parent: it ends the children in order.
            start_new_session=True,
        )
        self._voice.say(f"the {role} runs as process {child.pid}")
        try:
            return await child.wait()
        finally:
            await asyncio.shield(_ended(child))


async def _ended(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
