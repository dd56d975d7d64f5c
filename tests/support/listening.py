"""An application of this process on a real port."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from app.cli.serve import Server, server_config
from app.cli.serve import bind as bind_to
from app.main import App
from tests.support.eventually import eventually

KEY = "test-owner-key-0001"


class Listening:
    """Addresses, a key, and a few things every test wants."""

    def __init__(self, app: App, server: Server, serving: "asyncio.Task[None]", port: int) -> None:
        self.app = app
        self.address = ("127.0.0.1", port)
        self.http = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}/graphql"
        self.key = KEY
        self.client = httpx.AsyncClient(headers={"authorization": f"Bearer {KEY}"}, timeout=15)
        self._server = server
        self._serving = serving

    async def graphql(self, document: str, **variables: object) -> dict[str, Any]:
        """The whole response."""
        body = {"query": document, "variables": variables}
        answer: dict[str, Any] = (await self.client.post(f"{self.http}/graphql", json=body)).json()
        return answer

    async def create_task(self, title: str = "task") -> str:
        """A new task's id."""
        document = "mutation($t: String!) { createTask(input: {title: $t, scope: GLOBAL}) { task { id } } }"
        id: str = (await self.graphql(document, t=title))["data"]["createTask"]["task"]["id"]
        return id

    async def until(self, fact: Callable[[], bool]) -> None:
        """Wait for a fact of this process."""

        async def holds() -> bool:
            return fact()

        await eventually(holds)

    async def stop(self) -> None:
        """Stop as SIGTERM does; may be called twice."""
        self._server.should_exit = True
        await self._serving


@asynccontextmanager
async def listening(app: App) -> AsyncIterator[Listening]:
    """The application on a free port, with a first user."""
    await app.services.identity.bootstrap(KEY)
    socket = bind_to("127.0.0.1", 0)
    ready = asyncio.Event()
    server = Server(server_config(app), app, ready.set)
    serving = asyncio.create_task(server.serve(sockets=[socket]))
    await ready.wait()
    found = Listening(app, server, serving, socket.getsockname()[1])
    try:
        yield found
    finally:
        await found.client.aclose()
        await found.stop()
        socket.close()
