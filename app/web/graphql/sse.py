"""Subscriptions over server-sent events: graphql-sse, distinct connections mode."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Final

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.domain.errors import ServiceUnavailable, TaskloomError
from app.graph.engine.encoding import encoded
from app.graph.engine.executor import RequestRefused
from app.graph.engine.live import LiveOperation
from app.graph.errors import refusing
from app.web.graphql.negotiation import EVENT_STREAM

log = structlog.get_logger(__name__)

KEEP_ALIVE_SECONDS: Final = 15.0
SEND_SECONDS: Final = 30.0
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


class EventStream(StreamingResponse):
    """A live operation; when the server stops, the stream ends without `complete` and the client resumes.

    However it ends, what the operation holds is freed before the call returns. A client that takes nothing for
    `send_seconds` is given up.
    """

    def __init__(
        self,
        operation: LiveOperation,
        stopping: asyncio.Event,
        request_id: str,
        *,
        send_seconds: float = SEND_SECONDS,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    ) -> None:
        self._operation = operation
        self._stopping = stopping
        self._request_id = request_id
        self._send_seconds = send_seconds
        self._keep_alive_seconds = keep_alive_seconds
        self._frames = self._live()
        super().__init__(self._frames, media_type=EVENT_STREAM, headers=dict(HEADERS))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the operation ends, the client goes or the server stops."""
        try:
            await super().__call__(scope, receive, send)
        except TimeoutError:
            log.info("sse.client_does_not_read", request_id=self._request_id)
        finally:
            # Also where the client went before the first frame, so that the frames never began.
            await self._operation.close()

    async def stream_response(self, send: Send) -> None:
        """The frames, each within its time."""

        async def bounded(message: Message) -> None:
            async with asyncio.timeout(self._send_seconds):
                await send(message)

        async with aclosing(self._frames):
            await super().stream_response(bounded)

    async def _live(self) -> AsyncGenerator[bytes, None]:
        stop = asyncio.ensure_future(self._stopping.wait())
        responses = self._operation.responses()
        upcoming = asyncio.ensure_future(anext(responses))
        try:
            # Something at once, so that headers and a first byte reach the client before the first event.
            yield KEEP_ALIVE
            while not stop.done():
                await asyncio.wait(
                    {upcoming, stop}, timeout=self._keep_alive_seconds, return_when=asyncio.FIRST_COMPLETED
                )
                if upcoming.done():
                    yield frame(*upcoming.result())
                    upcoming = asyncio.ensure_future(anext(responses))
                elif not stop.done():
                    yield KEEP_ALIVE
        except StopAsyncIteration:
            yield COMPLETE
        except TaskloomError as problem:
            yield self._last_words(problem)
        finally:
            stop.cancel()
            upcoming.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration, TaskloomError):
                await upcoming

    def _last_words(self, problem: TaskloomError) -> bytes:
        if isinstance(problem, ServiceUnavailable):
            # Over for now: without `complete` the client comes back and resumes.
            log.warning("sse.stream_broke", request_id=self._request_id, reason=problem.message)
            return KEEP_ALIVE
        refusal = RequestRefused([refusing(problem)])
        return frame(encoded(refusal.answer(self._request_id).body)) + COMPLETE
