"""A small real GraphQL server around the page: the names of the first tab, kept in memory."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.scalars import JSON
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from app.web.graphiql import GraphiQLPage
from app.web.static_files import STATIC, static_routes

FIRST_KEY, FIRST = "tl_first_key_000001", "first@example.com"
SECOND_KEY, SECOND = "tl_second_key_00002", "second@example.com"
EMAILS = {f"Bearer {FIRST_KEY}": FIRST, f"Bearer {SECOND_KEY}": SECOND}
EVENT_SECONDS = 0.02


@strawberry.type
class User:
    email: str


@strawberry.type
class Viewer:
    user: User


@strawberry.type
class Task:
    id: strawberry.ID
    title: str
    status: str


@strawberry.type
class Event:
    sequence: str
    cursor: str
    type: str
    timestamp: str
    task: Task
    run: Task | None
    payload: JSON


@dataclass
class Seen:
    """What reached the server, by transport."""

    http: list[str] = field(default_factory=list)
    sockets: list[dict[str, Any]] = field(default_factory=list)


@strawberry.type
class Query:
    @strawberry.field
    def viewer(self, info: strawberry.Info[Any, None]) -> Viewer | None:
        email = EMAILS.get(info.context["request"].headers.get("authorization", ""))
        return Viewer(user=User(email=email)) if email else None


@strawberry.type
class Mutation:
    @strawberry.mutation
    def create_task(self, title: str) -> Task:
        return Task(id=strawberry.ID("t2"), title=title, status="READY")


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def events(self, info: strawberry.Info[Any, None]) -> AsyncGenerator[Event, None]:
        """Counts up, and tells under which key it does so."""
        seen_by = EMAILS[info.context["connection_params"]["authorization"]]
        for sequence in range(1, 10_000):
            yield Event(
                sequence=str(sequence),
                cursor=str(sequence),
                type="TASK_RUN_CLAIMED",
                timestamp="2026-01-01T00:00:00Z",
                task=Task(id=strawberry.ID("t1"), title="Monthly means", status="READY"),
                run=None,
                payload=JSON({"seenBy": seen_by}),
            )
            await asyncio.sleep(EVENT_SECONDS)


class PageServer(GraphQL[Any, None]):
    """The stock endpoint with our page in place of its own."""

    def __init__(self, static: Path, seen: Seen) -> None:
        super().__init__(
            strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription),
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
        )
        self.page = GraphiQLPage(static=static)
        self.seen = seen

    async def render_graphql_ide(self, request: Request) -> Response:
        return await self.page.respond(request)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Any:
        if request.scope["type"] == "http" and request.scope["method"] == "POST":
            self.seen.http.append(request.headers.get("authorization", ""))
        return {"request": request, "response": response}

    async def on_ws_connect(self, context: Any) -> Any:
        params = context["connection_params"]
        self.seen.sockets.append(params)
        if params.get("authorization") not in EMAILS:
            raise ConnectionRejectionError({"reason": "no such key"})
        return strawberry.UNSET


def page_app(*, static: Path = STATIC, seen: Seen | None = None, prefix: str = "") -> Starlette:
    """The page, its files and a schema; behind a path prefix if one is given."""
    graphql = PageServer(static, seen or Seen())
    routes = [Route("/graphql", graphql), WebSocketRoute("/graphql", graphql), *static_routes(static)]
    return Starlette(routes=[Mount(prefix, routes=routes)] if prefix else routes)


class ThreadServer(uvicorn.Server):
    """A server in a thread that says when it listens."""

    def __init__(self, app: Starlette, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app, host="127.0.0.1", port=port, log_level="critical", lifespan="off", ws="websockets-sansio"
            )
        )
        self.listening = threading.Event()

    async def startup(self, *args: Any, **kwargs: Any) -> None:
        await super().startup(*args, **kwargs)
        self.listening.set()


@contextlib.contextmanager
def served(app: Starlette, port: int = 0) -> Iterator[str]:
    """The app behind a real socket of this machine."""
    server = ThreadServer(app, port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert server.listening.wait(10)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
