"""Live operations: an event is executed and encoded once for all subscribers that ask the same as the same viewer."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from copy import copy
from typing import Any, Final
from weakref import WeakValueDictionary

import orjson
import structlog
from graphql import ExecutionResult
from graphql.execution import execute_subscription_event

from app.events.stream import Stream
from app.graph.context import GraphContext
from app.graph.engine.encoding import encoded
from app.graph.engine.executor import Executor, Request, Source, answer_of
from app.graph.engine.plan.run import PlanRun
from app.storage.rows.event import EventRow

REMEMBERED_MAX: Final = 256
RenderKey = tuple[object, ...]

log = structlog.get_logger(__name__)


class Rendering:
    """The responses of one operation for one viewer, encoded once an event and kept while they are new."""

    def __init__(self, source: Source, context: GraphContext) -> None:
        self._events = Events(source, context)
        self._context = context
        self._known: OrderedDict[int, asyncio.Future[bytes]] = OrderedDict()
        self._upcoming: dict[int, EventRow] = {}
        self._sleepers: set[Stream] = set()
        self._waker: asyncio.Task[None] | None = None

    def prepare(self, stream: Stream, event: EventRow) -> None:
        """Wake the stream when the response to the event is at hand: a thousand subscribers are woken once each, and
        none before there is something to send. Events that are offered together share their loaders.
        """
        if event.sequence not in self._known:
            self._upcoming[event.sequence] = event
        self._sleepers.add(stream)
        if self._waker is None:
            self._waker = asyncio.create_task(self._wake())

    async def render(self, batch: Sequence[EventRow]) -> list[bytes]:
        """The response to each event as JSON; events of one batch share their loaders."""
        missing = [event for event in batch if event.sequence not in self._known]
        if missing:
            self._start(missing)
        waiting = [self._known[event.sequence] for event in batch]
        while len(self._known) > max(REMEMBERED_MAX, len(batch)):
            self._known.popitem(last=False)
        return [found.result() if found.done() else await asyncio.shield(found) for found in waiting]

    async def _wake(self) -> None:
        """Those who are offered something while this waits are woken by the next round."""
        while self._sleepers:
            upcoming, self._upcoming = self._upcoming, {}
            sleepers, self._sleepers = self._sleepers, set()
            try:
                missing = [event for sequence, event in upcoming.items() if sequence not in self._known]
                if missing:
                    self._start(missing)
                    await asyncio.wait([self._known[event.sequence] for event in missing])
            finally:
                for stream in sleepers:
                    stream.wake()
        self._waker = None

    def _start(self, events: Sequence[EventRow]) -> None:
        self._context.fresh_loaders()
        for event in events:
            self._known[event.sequence] = asyncio.ensure_future(self._events.render(event))


class Events:
    """The events of one operation, executed for one context."""

    def __init__(self, source: Source, context: GraphContext) -> None:
        # Its own copy: the one it came with belongs to the subscriber that came first.
        self._core = copy(source.executor)
        self._core.context_value = context
        self._context = context
        self._plan = source.plan
        self._run = PlanRun(self._core, context)

    async def render(self, event: Any) -> bytes:
        """The response to one event as JSON; by plan, or by the library where that has something to tell."""
        if self._plan is not None:
            try:
                return encoded({"data": await self._run.query(self._plan, event)})
            except Exception as problem:
                log.debug("graphql.replayed", request_id=self._context.request_id, reason=repr(problem))
        result = execute_subscription_event(self._core.build_per_event_executor(event))
        done = result if isinstance(result, ExecutionResult) else await result
        return encoded(answer_of(done, self._context.request_id).body)


class LiveOperation:
    """One client's subscription: its events as encoded responses, with the cursor of each."""

    def __init__(self, source: Source, rendering: Rendering | None, context: GraphContext) -> None:
        self._source = source
        self._rendering = rendering
        self._context = context
        self._alone = Events(source, context)

    async def responses(self) -> AsyncIterator[tuple[bytes, str | None]]:
        """`(JSON, cursor)` for each event, as it comes."""
        stream = self._source.events
        if self._rendering is not None and isinstance(stream, Stream):
            async for batch in stream.batches():
                rendered = await self._rendering.render(batch)
                for event, body in zip(batch, rendered, strict=True):
                    yield body, event.cursor
            return
        async for event in stream:
            self._context.fresh_loaders()
            yield await self._alone.render(event), None

    async def close(self) -> None:
        """Stop listening; may be called twice."""
        close = getattr(self._source.events, "aclose", None)
        if close is not None:
            await close()


class LiveOperations:
    """Opens live operations and shares the work of equal ones."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._renderings: WeakValueDictionary[RenderKey, Rendering] = WeakValueDictionary()

    async def open(self, request: Request, context: GraphContext) -> LiveOperation:
        """A subscription that listens already; RequestRefused when it may not."""
        key = _key(request, context)
        source = await self._executor.subscribe(request, context)
        rendering = None
        if key is not None and isinstance(source.events, Stream):
            rendering = self._renderings.get(key)
            if rendering is None:
                rendering = Rendering(source, context.again(context.request_id))
                self._renderings[key] = rendering
            source.events.prepare_by(rendering.prepare)
        return LiveOperation(source, rendering, context)


def _key(request: Request, context: GraphContext) -> RenderKey | None:
    """Operations with equal keys answer an event with equal bytes; None for one that nobody else will ask."""
    try:
        variables = orjson.dumps(request.variables or {}, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # nested deeper than can be written
        return None
    return (request.query, request.operation_name, variables, context.viewer)
