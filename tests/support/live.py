"""Subscriptions of an application in this process, without sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson

from app.domain.access.viewer import Viewer
from app.graph.engine.executor import Request
from app.main import App
from tests.support.graph import Graph

SECONDS = 10


def graph_of(app: App, viewer: Viewer) -> Graph:
    """The application's own graph as the viewer sees it."""
    return Graph(app.web.executor, app.services, app.web.streams, viewer)


class Subscribed:
    """An open subscription; `await next()` is the data of its next response."""

    def __init__(self, responses: AsyncIterator[tuple[bytes, str | None]]) -> None:
        self._responses = responses

    async def next(self) -> Any:
        """The data of the next response, which has no errors."""
        body, _ = await asyncio.wait_for(anext(self._responses), SECONDS)
        answer = orjson.loads(body)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def until(self, fact: Callable[[Any], bool]) -> Any:
        """The first response for which the fact holds."""
        while not fact(found := await self.next()):
            pass
        return found


@asynccontextmanager
async def subscribed(
    app: App, viewer: Viewer, document: str, variables: dict[str, Any] | None = None
) -> AsyncIterator[Subscribed]:
    """A subscription that listens; it is ended afterwards."""
    request = Request(query=document, variables=variables)
    live = await app.web.live.open(request, app.web.context(viewer, "test-request"))
    try:
        yield Subscribed(live.responses())
    finally:
        await live.close()
