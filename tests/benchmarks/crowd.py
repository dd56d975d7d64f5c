"""Handles to the processes that a delivery benchmark needs: a server, and a crowd of subscribers."""

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.benchmarks.server import BenchServer
from tests.support.server import ServerProcess, running_server

TEMPLATE = "bench_live"
LINE_BYTES_MAX = 256 * 1024 * 1024
CREATE = 'mutation { createTask(input: {title: "A small task", scope: GLOBAL}) { sequence userErrors { code } } }'


class Crowd:
    """Subscribers in a process of their own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def until(self, sequence: int) -> None:
        """Wait until every subscriber has received the event."""
        await self._ask(f"until {sequence}")

    async def take(self) -> dict[int, tuple[float, list[float]]]:
        """By sequence: the event's own time and the times of its arrivals."""
        found = orjson.loads(await self._ask("take"))
        return {
            int(sequence): (datetime.fromisoformat(one["timestamp"]).timestamp(), one["arrivals"])
            for sequence, one in found.items()
        }

    async def _ask(self, line: str) -> bytes:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        return await self.heard()

    async def heard(self) -> bytes:
        """The next line it says."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("The subscribers' process ended.")
        return line


@asynccontextmanager
async def crowd(server: ServerProcess, size: int, *, subscribed: bool = True) -> AsyncIterator[Crowd]:
    """So many subscribers that listen, or sockets that only greeted."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.benchmarks.subscribers", server.url, str(size), "subscribed" if subscribed else "greeted"),
        env={**os.environ, "BENCH_KEY": server.key},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES_MAX,
    )
    try:
        found = Crowd(process)
        await found.heard()
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Publisher:
    """Writes events by a mutation, as any client does."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = f"{url}/graphql"

    async def publish(self) -> int:
        """Make a task; the sequence of its event."""
        response = await self._client.post(self._url, json={"query": CREATE})
        body: dict[str, Any] = response.json()
        return int(body["data"]["createTask"]["sequence"])


@asynccontextmanager
async def live_server(bench: BenchServer) -> AsyncIterator[tuple[ServerProcess, Publisher]]:
    """`taskloom serve` on a fresh database, and somebody who writes to it."""
    allow_many_sockets()
    await bench.template(TEMPLATE, nothing)
    data = Path(bench.home) / "live"
    async with (
        bench.clone(TEMPLATE) as database,
        running_server(data, database_url=bench.dsn(database)) as server,
        httpx.AsyncClient(headers={"Authorization": f"Bearer {server.key}"}, timeout=30) as client,
    ):
        yield server, Publisher(client, server.url)


async def nothing(_dsn: str) -> None:
    """The server fills its database itself."""


def allow_many_sockets() -> None:
    """A thousand sockets are more than many shells allow by default; the processes started here inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8_192 if hard == resource.RLIM_INFINITY else min(8_192, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
