"""How an event stream ends: the client goes, or does not read, or the log cannot be read."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from starlette.types import Message

from app.domain.access.viewer import Viewer
from app.domain.errors import CursorExpired
from app.graph.engine.executor import Request
from app.graph.engine.live import LiveOperation
from app.main import App
from app.web.graphql.sse import COMPLETE, KEEP_ALIVE, EventStream
from tests.support.people import make_viewer

SCOPE = {"type": "http", "asgi": {"spec_version": "2.3"}, "method": "POST", "headers": []}
EVENTS = "subscription { events(after: 0) { sequence } }"


@pytest.fixture
async def caller(app: App) -> Viewer:
    """Somebody who may read."""
    return await make_viewer(app.db)


async def opened(app: App, caller: Viewer) -> LiveOperation:
    """A live operation that listens."""
    live = await app.web.live.open(Request(query=EVENTS), app.web.context(caller, "test-request"))
    assert app.hub.subscribers == 1
    return live


async def stays() -> Message:
    """A client that is there and says nothing."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def leaves() -> Message:
    """A client that is gone."""
    return {"type": "http.disconnect"}


class Sent:
    """What was sent: `body` in one piece, and whether the answer was ended."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.ended = False
        self.grown = asyncio.Condition()

    async def __call__(self, message: Message) -> None:
        """Take one message."""
        if message["type"] == "http.response.body":
            self.frames += [message["body"]] if message["body"] else []
            self.ended = not message.get("more_body", False)
            async with self.grown:
                self.grown.notify_all()


async def test_a_client_that_never_reads_is_given_up(app: App, caller: Viewer) -> None:
    async def never(_: Message) -> None:
        await asyncio.Event().wait()

    stream = EventStream(await opened(app, caller), app.web.stopping, "test-request", send_seconds=0.05)
    await stream(SCOPE, stays, never)
    assert app.hub.subscribers == 0


async def test_a_client_that_left_before_the_first_frame_frees_its_stream(app: App, caller: Viewer) -> None:
    stream = EventStream(await opened(app, caller), app.web.stopping, "test-request")
    await stream(SCOPE, leaves, Sent())
    assert app.hub.subscribers == 0


async def test_a_quiet_stream_shows_that_it_is_alive(app: App, caller: Viewer) -> None:
    sent = Sent()
    stream = EventStream(await opened(app, caller), app.web.stopping, "test-request", keep_alive_seconds=0.01)
    sending = asyncio.create_task(stream(SCOPE, stays, sent))
    async with asyncio.timeout(10), sent.grown:
        await sent.grown.wait_for(lambda: len(sent.frames) == 5)
    app.web.stopping.set()
    await sending
    assert (set(sent.frames), sent.ended) == ({KEEP_ALIVE}, True)


async def test_a_log_that_cannot_be_read_ends_the_stream_without_complete(app: App, caller: Viewer) -> None:
    sent = Sent()
    stream = EventStream(await opened(app, caller), app.web.stopping, "test-request")
    await app.db.close()
    await stream(SCOPE, stays, sent)
    assert (set(sent.frames), sent.ended, app.hub.subscribers) == ({KEEP_ALIVE}, True, 0)


async def test_a_stream_that_cannot_go_on_says_why_and_is_complete(app: App, caller: Viewer) -> None:
    async def fallen_behind() -> AsyncIterator[object]:
        raise CursorExpired("Events up to 7 are no longer kept.", oldest="7")
        yield None

    context = app.web.context(caller, "test-request")
    source = await app.web.executor.subscribe(Request(query=EVENTS), context)
    live = LiveOperation(replace(source, events=fallen_behind()), None, context)
    sent = Sent()
    await EventStream(live, app.web.stopping, "test-request")(SCOPE, stays, sent)
    told = b"".join(sent.frames)
    assert b'"code":"CURSOR_EXPIRED","oldest":"7","requestId":"test-request"' in told
    assert (told.startswith(KEEP_ALIVE + b"event: next\ndata: {"), told.endswith(COMPLETE)) == (True, True)
