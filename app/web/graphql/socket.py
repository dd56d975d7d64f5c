"""One WebSocket of the graphql-transport-ws protocol."""

import asyncio
from contextlib import suppress
from typing import Any, Final

import orjson
import structlog
from graphql import OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.domain.errors import TaskloomError, Unauthenticated
from app.graph.engine.encoding import encoded
from app.graph.engine.executor import Request, RequestRefused
from app.graph.engine.live import LiveOperation
from app.graph.errors import coded, refusing
from app.web.graphql.body import BadRequest, request_from
from app.web.identify import viewer_of
from app.web.request_id import request_id_of
from app.web.state import WebState

log = structlog.get_logger(__name__)

PROTOCOL: Final = "graphql-transport-ws"
INIT_SECONDS: Final = 10.0
SEND_SECONDS: Final = 30.0
OPERATIONS_MAX: Final = 100
FRAME_BYTES_MAX: Final = 256 * 1024


class Closed(Exception):
    """The socket must be closed with a code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Socket:
    """Handles the messages of one client in order; operations answer while later messages come in."""

    def __init__(self, ws: WebSocket, state: WebState) -> None:
        self._ws = ws
        self._state = state
        self._request_id = request_id_of(ws)
        self._viewer: Any = None
        self._initialised = False
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """From the accepted handshake to the end."""
        try:
            await self._greet()
            while True:
                await self._handle(await self._receive())
        except Closed as end:
            await self._close(end.code, end.reason)
        except (WebSocketDisconnect, TimeoutError):
            pass
        finally:
            await self._end_operations()

    async def _greet(self) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS):
                while not self._initialised:
                    await self._handle(await self._receive())
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None

    async def _receive(self) -> dict[str, Any]:
        message = await self._ws.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None:
            raise Closed(4400, "Messages must be text")
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Closed(4400, "Messages must be JSON") from None
        if not isinstance(found, dict) or not isinstance(found.get("type"), str):
            raise Closed(4400, "Messages must be objects with a type")
        return found

    async def _handle(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "connection_init":
                await self._initialise(message)
            case "ping":
                _object_or_none(message)
                await self._send(orjson.dumps({"type": "pong"}))
            case "pong":
                _object_or_none(message)
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                self._forget(_id_of(message))
            case other:
                raise Closed(4400, f"Unexpected message type {other[:40]!r}")

    async def _initialise(self, message: dict[str, Any]) -> None:
        if self._initialised:
            raise Closed(4429, "Too many initialisation requests")
        parameters = _object_or_none(message)
        try:
            self._viewer = await viewer_of(self._ws, self._state.services.auth, parameters)
        except Unauthenticated as refusal:
            raise Closed(4403, refusal.message) from refusal
        except TaskloomError as problem:
            raise Closed(1013, problem.message) from problem
        self._initialised = True
        await self._send(b'{"type":"connection_ack"}')

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if not self._initialised:
            raise Closed(4401, "Unauthorized")
        id = _id_of(message)
        payload = message.get("payload")
        if not isinstance(payload, dict):
            raise Closed(4400, "The payload of subscribe must be an object")
        if id in self._operations:
            raise Closed(4409, f"Subscriber for {id[:60]} already exists")
        try:
            request = request_from(payload, self._state.persisted)
        except BadRequest as problem:
            raise Closed(4400, str(problem.error.message)) from problem
        except RequestRefused as refusal:
            await self._refuse(id, refusal)
            return
        if len(self._operations) >= OPERATIONS_MAX:
            limit = coded(
                f"This socket runs {OPERATIONS_MAX} operations already; complete one, or open another socket.",
                "RATE_LIMITED",
            )
            await self._refuse(id, RequestRefused([limit]))
            return
        await self._start(id, request)

    async def _start(self, id: str, request: Request) -> None:
        """A subscription listens before the next message of the client is looked at."""
        try:
            _, operation = self._state.executor.operation(request)
            if operation.operation is not OperationType.SUBSCRIPTION:
                self._operations[id] = asyncio.create_task(self._answer(id, request))
                return
            context = self._state.context(self._viewer, self._request_id)
            live = await self._state.live.open(request, context)
        except RequestRefused as refusal:
            await self._refuse(id, refusal)
            return
        self._operations[id] = asyncio.create_task(self._stream(id, live))

    async def _answer(self, id: str, request: Request) -> None:
        answer = await self._state.executor.run(request, self._state.context(self._viewer, self._request_id))
        with suppress(WebSocketDisconnect, TimeoutError):
            if answer.executed:
                await self._send(_next(id, encoded(answer.body)))
                await self._complete(id)
            else:
                self._operations.pop(id, None)
                await self._send(_error(id, answer.body["errors"]))

    async def _stream(self, id: str, live: LiveOperation) -> None:
        try:
            async for body, _ in live.responses():
                await self._send(_next(id, body))
            await self._complete(id)
        except (WebSocketDisconnect, TimeoutError):
            await self._close(1011, "The client does not read")
        except TaskloomError as problem:
            with suppress(WebSocketDisconnect, TimeoutError):
                await self._refuse(id, RequestRefused([refusing(problem)]))
        except Exception as problem:
            log.error("websocket.stream_failed", request_id=self._request_id, exc_info=problem)
            with suppress(WebSocketDisconnect, TimeoutError):
                await self._refuse(id, RequestRefused([coded("The stream broke; resume it.", "INTERNAL_SERVER_ERROR")]))
        finally:
            await live.close()

    async def _refuse(self, id: str, refusal: RequestRefused) -> None:
        self._operations.pop(id, None)
        await self._send(_error(id, refusal.answer(self._request_id).body["errors"]))

    async def _complete(self, id: str) -> None:
        if self._operations.pop(id, None) is not None:
            await self._send(orjson.dumps({"id": id, "type": "complete"}))

    def _forget(self, id: str) -> None:
        task = self._operations.pop(id, None)
        if task is not None:
            task.cancel()

    async def _send(self, message: bytes) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            try:
                await self._ws.send({"type": "websocket.send", "text": message.decode()})
            except RuntimeError as problem:  # the socket was closed while this was on its way
                raise WebSocketDisconnect(1006) from problem

    async def _close(self, code: int, reason: str) -> None:
        if self._ws.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
                async with asyncio.timeout(SEND_SECONDS):
                    await self._ws.close(code, reason.encode()[:123].decode(errors="ignore"))

    async def _end_operations(self) -> None:
        tasks = list(self._operations.values())
        self._operations.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _id_of(message: dict[str, Any]) -> str:
    id = message.get("id")
    if not isinstance(id, str) or not id:
        raise Closed(4400, "The message needs an id that is a string")
    return id


def _object_or_none(message: dict[str, Any]) -> dict[str, Any] | None:
    payload = message.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Closed(4400, "The payload must be an object")
    return payload


def _next(id: str, body: bytes) -> bytes:
    return b'{"id":' + orjson.dumps(id) + b',"type":"next","payload":' + body + b"}"


def _error(id: str, errors: list[dict[str, Any]]) -> bytes:
    return orjson.dumps({"id": id, "type": "error", "payload": errors})
