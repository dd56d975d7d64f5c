"""The worker: what a program sets up, and then runs until it is told to stop."""

import asyncio
from collections.abc import Sequence

from app.worker.carry import Handler
from app.worker.client import GraphQLClient
from app.worker.engine import Engine
from app.worker.options import Options
from app.worker.serve import serve


class Worker:
    """Claims the global runs, or those of one workspace, and hands each to a handler."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        agent_name: str,
        workspace_id: str | None = None,
        capabilities: Sequence[str] = (),
        concurrency: int = 1,
        lease_seconds: int = 30,
        drain_seconds: float = 20,
        handler: Handler | None = None,
        debug: bool = False,
    ) -> None:
        self._url = url
        self._key = key
        self._handler = handler
        self._stopping = asyncio.Event()
        self._options = Options(
            agent_name=agent_name,
            workspace_id=workspace_id,
            capabilities=tuple(capabilities),
            concurrency=concurrency,
            lease_seconds=lease_seconds,
            drain_seconds=drain_seconds,
            debug=debug,
        )

    def handler(self, function: Handler) -> Handler:
        """Use this function for the runs; stands as a decorator above it."""
        self._handler = function
        return function

    async def run(self) -> None:
        """Work until `stop` is called; then end what runs, give back what does not end, and say goodbye."""
        if self._handler is None:
            raise ValueError("The worker has no handler; pass one, or decorate a function with @worker.handler.")
        async with GraphQLClient(self._url, self._key) as client:
            await Engine(client, self._options, self._handler).run(self._stopping)

    def stop(self) -> None:
        """Claim nothing more and drain; call it from the event loop's thread."""
        self._stopping.set()

    def run_forever(self) -> None:
        """Run in an event loop of its own until SIGTERM or SIGINT; a second signal ends it without waiting."""
        asyncio.run(serve(self))
