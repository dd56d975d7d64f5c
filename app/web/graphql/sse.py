"""Subscriptions over server-sent events: graphql-sse, distinct connections mode."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from starlette.responses import StreamingResponse

from app.graph.engine.live import LiveOperation
from app.web.graphql.negotiation import EVENT_STREAM

KEEP_ALIVE_SECONDS: Final = 15.0
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
COMPLETE: Final = b"event: complete\ndata:\n\n"
KEEP_ALIVE: Final = b":\n\n"


def frame(body: bytes, cursor: str | None = None) -> bytes:
    """One `next` event; its id lets the client resume."""
    head = b"event: next\n" if cursor is None else b"event: next\nid: " + cursor.encode() + b"\n"
    return head + b"data: " + body + b"\n\n"


def single(body: bytes) -> StreamingResponse:
    """An operation with one response."""

    async def frames() -> AsyncIterator[bytes]:
        yield frame(body)
        yield COMPLETE

    return StreamingResponse(frames(), media_type=EVENT_STREAM, headers=dict(HEADERS))


def streaming(operation: LiveOperation, stopping: asyncio.Event) -> StreamingResponse:
    """A live operation; when the server stops, the stream ends without `complete` and the client resumes."""
    return StreamingResponse(_frames(operation, stopping), media_type=EVENT_STREAM, headers=dict(HEADERS))


async def _frames(operation: LiveOperation, stopping: asyncio.Event) -> AsyncIterator[bytes]:
    stop = asyncio.ensure_future(stopping.wait())
    responses = operation.responses()
    upcoming = asyncio.ensure_future(anext(responses))
    try:
        # Something at once, so that headers and a first byte reach the client before the first event.
        yield KEEP_ALIVE
        while not stop.done():
            await asyncio.wait({upcoming, stop}, timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if upcoming.done():
                yield frame(*upcoming.result())
                upcoming = asyncio.ensure_future(anext(responses))
            elif not stop.done():
                yield KEEP_ALIVE
    except StopAsyncIteration:
        yield COMPLETE
    finally:
        stop.cancel()
        upcoming.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await upcoming
        await operation.close()
