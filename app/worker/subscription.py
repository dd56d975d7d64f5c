"""One subscription on one WebSocket, by the graphql-transport-ws protocol."""

import asyncio
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from app.worker.errors import ClientError, Unauthorized, Unavailable, failure

PROTOCOL: Final = Subprotocol("graphql-transport-ws")
OPEN_SECONDS: Final = 10.0
MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024
# A link that is dead without a word is noticed within twice this time.
PING_SECONDS: Final = 10.0
CLOSED_FOR_GOOD: Final = frozenset({4401, 4403})
OPERATION: Final = "1"


class Subscription:
    """Entering it returns when the server listens: whatever is written after that will be seen."""

    def __init__(self, url: str, key: str, document: str, variables: Mapping[str, Any], *, local: bool) -> None:
        self._url = url
        self._key = key
        self._local = local
        self._request = {"query": document, "variables": dict(variables)}
        self._early: deque[dict[str, Any]] = deque()
        self._socket: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await self._open()
        except TimeoutError as problem:
            await self.close()
            raise Unavailable(f"{self._url} did not answer in {OPEN_SECONDS:g} s.", sent=False) from problem
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        """The `data` of the next result; the end of the subscription ends the iteration, a lost link raises."""
        if self._early:
            return self._early.popleft()
        while True:
            found = self._result(await self._receive())
            if found is not None:
                return found

    async def close(self) -> None:
        """Close the socket; a second time does nothing."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def _open(self) -> None:
        try:
            self._socket = await connect(
                self._url,
                subprotocols=[PROTOCOL],
                additional_headers={"Authorization": f"Bearer {self._key}"},
                compression=None,
                max_size=MESSAGE_BYTES_MAX,
                ping_interval=PING_SECONDS,
                ping_timeout=PING_SECONDS,
                open_timeout=None,
                close_timeout=1,
                proxy=None if self._local else True,
            )
        except InvalidStatus as problem:
            if problem.response.status_code in (401, 403):
                raise Unauthorized("The server does not accept this key; give one that is valid.") from problem
            raise Unavailable(f"{self._url} refused the WebSocket: {problem}", sent=False) from problem
        except (OSError, InvalidHandshake) as problem:
            raise Unavailable(f"{self._url} cannot be reached: {problem}", sent=False) from problem
        await self._say({"type": "connection_init", "payload": {"authorization": f"Bearer {self._key}"}})
        while (await self._receive())["type"] != "connection_ack":
            pass
        await self._say({"type": "subscribe", "id": OPERATION, "payload": self._request})
        await self._listening()

    async def _listening(self) -> None:
        """The server handles messages in order: its pong says that the subscription before the ping listens."""
        await self._say({"type": "ping"})
        while True:
            message = await self._receive()
            if message["type"] == "pong":
                return
            try:
                found = self._result(message)
            except StopAsyncIteration:
                raise Unavailable("The subscription ended before it listened.", sent=False) from None
            if found is not None:
                self._early.append(found)

    async def _say(self, message: Mapping[str, Any]) -> None:
        if self._socket is None:
            raise Unavailable("The subscription is closed.", sent=False)
        try:
            await self._socket.send(orjson.dumps(message).decode())
        except ConnectionClosed as problem:
            raise _gone(problem) from problem

    async def _receive(self) -> dict[str, Any]:
        """The next message that is not a ping; pings are answered here."""
        while True:
            if self._socket is None:
                raise Unavailable("The subscription is closed.", sent=False)
            try:
                message = orjson.loads(await self._socket.recv())
            except ConnectionClosed as problem:
                raise _gone(problem) from problem
            except orjson.JSONDecodeError as problem:
                raise Unavailable(f"{self._url} sent what is no JSON.", sent=False) from problem
            if message["type"] != "ping":
                return dict(message)
            await self._say({"type": "pong"})

    @staticmethod
    def _result(message: Mapping[str, Any]) -> dict[str, Any] | None:
        """The data of a `next`; None for what is no result of the operation."""
        if message["type"] == "next":
            result = message["payload"]
            if result.get("errors"):
                raise failure(result["errors"])
            return dict(result["data"])
        if message["type"] == "error":
            raise failure(message["payload"])
        if message["type"] == "complete":
            raise StopAsyncIteration
        return None


def _gone(problem: ConnectionClosed) -> ClientError:
    close = problem.rcvd
    if close is not None and close.code in CLOSED_FOR_GOOD:
        return Unauthorized(
            f"The server closed the WebSocket with {close.code} {close.reason}: the key is not accepted."
        )
    return Unavailable(f"The WebSocket was closed: {problem}", sent=False)
