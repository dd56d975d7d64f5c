"""A reader of server-sent events that knows nothing of the server: lines in, events out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from tests.support.listening import Listening

SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One event: its name, its id and its data as text."""

    event: str
    id: str | None
    data: str

    @property
    def payload(self) -> dict[str, Any]:
        """The data as JSON."""
        found: dict[str, Any] = orjson.loads(self.data)
        return found


@dataclass(slots=True)
class EventSource:
    """An open stream and what was seen of it."""

    response: httpx.Response
    lines: AsyncIterator[str]
    comments: int = 0
    seen: list[Frame] = field(default_factory=list)

    async def next(self) -> Frame | None:
        """The next event; None at the end of the stream."""
        async with asyncio.timeout(SECONDS_MAX):
            found: dict[str, list[str]] = {}
            async for line in self.lines:
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(":")
                    found.setdefault(name, []).append(value.removeprefix(" "))
                elif found:
                    return self._keep(found)
        return None

    async def take(self, count: int) -> list[Frame]:
        """So many events."""
        frames = [await self.next() for _ in range(count)]
        return [frame for frame in frames if frame is not None]

    async def rest(self) -> list[Frame]:
        """All that is left until the server ends the stream."""
        frames = []
        while (frame := await self.next()) is not None:
            frames.append(frame)
        return frames

    def _keep(self, found: dict[str, list[str]]) -> Frame:
        id = found.get("id")
        frame = Frame(event=found["event"][0], id=None if id is None else id[0], data="\n".join(found["data"]))
        self.seen.append(frame)
        return frame


@asynccontextmanager
async def event_source(
    server: Listening, document: str, *, last_event_id: str | None = None, get: bool = False, **variables: object
) -> AsyncIterator[EventSource]:
    """A stream; when the block begins, its headers have come."""
    headers = {"accept": "text/event-stream"}
    if last_event_id is not None:
        headers["last-event-id"] = last_event_id
    sent: dict[str, Any] = {"json": {"query": document, "variables": variables}}
    if get:
        sent = {"params": {"query": document, "variables": orjson.dumps(variables).decode()}}
    method = "GET" if get else "POST"
    async with server.client.stream(method, f"{server.http}/graphql", headers=headers, **sent) as response:
        yield EventSource(response, response.aiter_lines())
