"""GET /api/tasks/{id}/stream: the events of a task and its descendants as they happen (tasks API, section 12.4)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import orjson
from starlette.responses import StreamingResponse

from app.domain.errors import BadInput
from app.events.stream import Stream
from app.loaders.reader import Reader
from app.loaders.timeline import moments
from app.storage.events import Range
from app.storage.rows.event import EventRow
from app.web.rest.call import Call
from app.web.rest.shape import INT64_MAX, wire
from app.web.rest.tasks import dto, query
from app.web.rest.tasks.look_up import task_of

KEEP_ALIVE_SECONDS: Final = 15.0
KEEP_ALIVE: Final = b":\n\n"
EVENT_STREAM: Final = "text/event-stream"
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
LAST_EVENT_ID: Final = "Last-Event-ID"


async def stream(call: Call) -> StreamingResponse:
    """Listens when the headers are sent: a write made after that is seen."""
    after = query.after(call.asked(query.StreamQuery).after_sequence)
    after = _last_event_id(call) or after
    task = await task_of(call)
    opened = await call.streams.open(call.viewer, Range(task_id=task.id, with_descendants=True), after)
    return StreamingResponse(frames(opened, call.reader, call.stopping), media_type=EVENT_STREAM, headers=dict(HEADERS))


async def frames(opened: Stream, reader: Reader, stopping: asyncio.Event) -> AsyncIterator[bytes]:
    """The frames; when the server stops the stream ends, and the client resumes with its last id."""
    batches = opened.batches()
    stop = asyncio.ensure_future(stopping.wait())
    upcoming = asyncio.ensure_future(anext(batches))
    try:
        # Something at once, so that headers and a first byte reach the client before the first event.
        yield KEEP_ALIVE
        while not stop.done():
            await asyncio.wait({upcoming, stop}, timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if upcoming.done():
                yield await _frames_of(reader, upcoming.result())
                upcoming = asyncio.ensure_future(anext(batches))
            elif not stop.done():
                yield KEEP_ALIVE
    finally:
        opened.close()
        stop.cancel()
        upcoming.cancel()
        await asyncio.gather(stop, upcoming, return_exceptions=True)


async def _frames_of(reader: Reader, batch: Sequence[EventRow]) -> bytes:
    """A frame for each event whose task is still there; a comment if there is none."""
    parts = []
    for found in await moments(reader, batch):
        event = dto.stream_event(dto.timeline_item(found.event, found.task, found.run))
        head = f"id: {event.sequence}\nevent: {event.type}\ndata: ".encode()
        parts.append(head + orjson.dumps(wire(event)) + b"\n\n")
    return b"".join(parts) or KEEP_ALIVE


def _last_event_id(call: Call) -> int:
    given = call.request.headers.get(LAST_EVENT_ID, "").strip()
    if not given:
        return 0
    if not (given.isascii() and given.isdecimal()) or len(given) > len(str(INT64_MAX)) or int(given) > INT64_MAX:
        raise BadInput(f"{LAST_EVENT_ID} is {given[:40]!r}; send back the id of an event.", field=LAST_EVENT_ID)
    return int(given)
