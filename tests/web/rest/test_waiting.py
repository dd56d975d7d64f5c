"""A claim that waits: a caller that goes away frees its place, and what was claimed too late is given back."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.main import App
from tests.contract.caller import Caller
from tests.support.listening import Listening, listening


@pytest.fixture
async def caller(app: App) -> AsyncIterator[Caller]:
    """A client of a server of its own."""
    async with listening(app) as server:
        found = Caller(server)
        yield found
        await found.http.aclose()


def subscribers(server: Listening) -> int:
    """How many streams are open in the server."""
    return server.app.hub.subscribers


async def test_a_caller_that_goes_away_frees_its_place(caller: Caller) -> None:
    server, agent = caller.server, await caller.session()
    before = subscribers(server)
    async with httpx.AsyncClient(headers={"x-api-key": server.key, **agent}) as leaving:
        waiting = asyncio.ensure_future(
            leaving.post(f"{server.http}/api/agent/tasks/claim-next", json={"wait": True}, timeout=30)
        )
        await server.until(lambda: subscribers(server) == before + 1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await server.until(lambda: subscribers(server) == before)
    _, run = await caller.queued()
    claim = await caller.call("claimNextAgentTask", 200, headers=agent)
    assert claim["claim"]["run"]["id"] == run


async def test_a_server_that_stops_answers_who_waits(caller: Caller) -> None:
    server, agent = caller.server, await caller.session()
    before = subscribers(server)
    waiting = asyncio.ensure_future(caller.call("claimNextAgentTask", 204, json={"wait": True}, headers=agent))
    await server.until(lambda: subscribers(server) == before + 1)
    server.app.web.stopping.set()
    await waiting


async def test_a_stream_ends_when_the_server_stops_and_frees_its_place(caller: Caller) -> None:
    server, task = caller.server, await caller.task()
    before = subscribers(server)
    url = server.http + caller.path("streamTask", task)
    async with caller.http.stream("GET", url, headers={"x-api-key": server.key}) as response:
        await server.until(lambda: subscribers(server) == before + 1)
        server.app.web.stopping.set()
        body = b"".join([part async for part in response.aiter_bytes()])
    assert body.startswith(b":\n\n")
    await server.until(lambda: subscribers(server) == before)
