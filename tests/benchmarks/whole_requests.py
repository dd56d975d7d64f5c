"""Whole requests inside one process: all that the server does for a call, without sockets and without a client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Scope

from app.db.engine import Database, Lane
from app.db.tx import Record
from app.main import App, Storage
from app.runtime.collector import calm
from app.services.registry import Services
from app.settings import Settings

Sent = tuple[str, list[object]]


class ObservedDatabase(Database):
    """Keeps the reading statements that it sends, so that they can be sent again without anything around them."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self.sent: list[Sent] = []

    async def _fetch_once(self, lane: Lane, sql: str, arguments: list[object]) -> list[Record]:
        self.sent.append((sql, arguments))
        return await super()._fetch_once(lane, sql, arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it reaches the application."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""

    @classmethod
    def rest(cls, path: str, **query: object) -> "Call":
        """A read of the tasks API."""
        return cls(method="GET", path=path, query="&".join(f"{name}={value}" for name, value in query.items()))

    @classmethod
    def graphql(cls, document: str, **variables: object) -> "Call":
        """An operation of the graph."""
        body = orjson.dumps({"query": document, "variables": variables})
        return cls(method="POST", path="/graphql", body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedApp:
    """An application that was not started: it answers, and nothing runs in the background."""

    asgi: ASGIApp
    db: ObservedDatabase
    services: Services

    async def answer(self, call: Call, key: str) -> bytes:
        """The body of a good answer."""
        receive, send, found = _ends(call.body)
        await self.asgi(_scope(call, key), receive, send)
        body: bytes = found["body"]
        assert found["status"] == 200, body
        return body

    async def sent_for(self, call: Call, key: str) -> list[Sent]:
        """The statements of a call; a key that was not looked up for a while costs one more, now and then."""
        found = []
        for _ in range(3):
            self.db.sent.clear()
            body = orjson.loads(await self.answer(call, key))
            assert "errors" not in body, body["errors"]
            found.append(list(self.db.sent))
        return min(found, key=len)


@asynccontextmanager
async def observed_app(dsn: str, data_dir: Path) -> AsyncIterator[ObservedApp]:
    """The application on a database of somebody else."""
    db = ObservedDatabase(dsn)
    await db.open()
    settings = Settings.read({"DATABASE_URL": dsn, "DATA_DIR": str(data_dir)})
    app = App(settings, Storage(embedded=None, db=db))
    calm()
    try:
        yield ObservedApp(asgi=app.asgi, db=db, services=app.services)
    finally:
        await db.close()


def _scope(call: Call, key: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": call.path,
        "raw_path": call.path.encode(),
        "query_string": call.query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"x-api-key", key.encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(call.body)).encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }


def _ends(
    body: bytes,
) -> tuple[Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]], Mapping[str, Any]]:
    found: dict[str, Any] = {"status": 0, "body": b""}
    upcoming = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not upcoming:
            await asyncio.Event().wait()  # the client stays
        return upcoming.pop()

    async def send(message: Message) -> None:
        found["status"] = message.get("status", found["status"])
        found["body"] += message.get("body", b"")

    return receive, send, found
