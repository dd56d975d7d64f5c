"""graphql-transport-ws as raw messages: every close code, and subscriptions that listen when they say so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from app.main import App
from tests.support.listening import Listening, listening

INIT = {"type": "connection_init"}
SUBSCRIBE_ALL = "subscription { events { sequence type task { id } } }"


@pytest.fixture
async def server(app: App) -> AsyncIterator[Listening]:
    """The application on a port, with a key."""
    async with listening(app) as found:
        yield found


class Peer:
    """One raw client."""

    def __init__(self, ws: ClientConnection) -> None:
        self.ws = ws

    async def send(self, message: object) -> None:
        """JSON, or text as it is."""
        await self.ws.send(message if isinstance(message, str | bytes) else orjson.dumps(message).decode())

    async def receive(self) -> dict[str, Any]:
        """The next message."""
        found: dict[str, Any] = orjson.loads(await asyncio.wait_for(self.ws.recv(), 10))
        return found

    async def closed(self) -> tuple[int, str]:
        """The close code and its reason, after reading what is left."""
        with suppress(websockets.ConnectionClosed):
            while True:
                await asyncio.wait_for(self.ws.recv(), 15)
        assert self.ws.close_code is not None
        return self.ws.close_code, self.ws.close_reason or ""

    async def subscribe(self, document: str, id: str = "1", **variables: object) -> None:
        """Subscribe, and know that the subscription listens."""
        await self.send({"type": "subscribe", "id": id, "payload": {"query": document, "variables": variables}})
        await self.send({"type": "ping"})
        assert await self.receive() == {"type": "pong"}


@asynccontextmanager
async def peer(server: Listening, *, key: str | None = None, protocols: list[str] | None = None) -> AsyncIterator[Peer]:
    """A connected client; with a key it is initialised."""
    offered = ["graphql-transport-ws"] if protocols is None else protocols
    async with websockets.connect(server.ws, subprotocols=[websockets.Subprotocol(p) for p in offered] or None) as ws:
        found = Peer(ws)
        if key is not None:
            await found.send({**INIT, "payload": {"authorization": f"Bearer {key}"}})
            assert await found.receive() == {"type": "connection_ack"}
        yield found


@pytest.mark.parametrize("payload", [{"authorization": "Bearer KEY"}, {"apiKey": "KEY"}])
async def test_the_key_may_come_with_connection_init(server: Listening, payload: dict[str, str]) -> None:
    async with peer(server) as client:
        await client.send({**INIT, "payload": {k: v.replace("KEY", server.key) for k, v in payload.items()}})
        assert await client.receive() == {"type": "connection_ack"}


async def test_the_key_may_come_with_the_handshake(server: Listening) -> None:
    headers = {"X-API-Key": server.key}
    async with websockets.connect(
        server.ws, subprotocols=[websockets.Subprotocol("graphql-transport-ws")], additional_headers=headers
    ) as ws:
        client = Peer(ws)
        await client.send({**INIT, "payload": None})
        assert await client.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("payload", [None, {}, {"authorization": "Bearer nonsense"}, {"authorization": "Basic x"}])
async def test_nobody_is_forbidden(server: Listening, payload: object) -> None:
    async with peer(server) as client:
        await client.send({**INIT, "payload": payload})
        assert (await client.closed())[0] == 4403


@pytest.mark.parametrize(
    "frame",
    [
        "[]",
        "1",
        "null",
        '"x"',
        "not json",
        "{}",
        '{"type": 5}',
        '{"type": "nonsense"}',
        '{"type": "connection_ack"}',
        '{"type": "ping", "payload": []}',
        '{"type": "complete"}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{__typename}"}}',
        '{"type": "subscribe", "id": 5, "payload": {"query": "{__typename}"}}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 5}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{__typename}", "variables": []}}',
        b"{}",
    ],
)
async def test_a_message_that_breaks_the_protocol_closes_4400(server: Listening, frame: str | bytes) -> None:
    async with peer(server, key=server.key) as client:
        await client.send(frame)
        assert (await client.closed())[0] == 4400


async def test_subscribing_before_the_acknowledgement_closes_4401(server: Listening) -> None:
    async with peer(server) as client:
        await client.send({"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIBE_ALL}})
        assert (await client.closed())[0] == 4401


@pytest.mark.parametrize("protocols", [[], ["graphql-ws"]])
async def test_a_foreign_subprotocol_closes_4406(server: Listening, protocols: list[str]) -> None:
    try:
        async with peer(server, protocols=protocols) as client:
            assert (await client.closed())[0] == 4406
    except websockets.NegotiationError:
        pytest.fail("the handshake must be accepted, then closed")


async def test_a_second_subscription_with_the_same_id_closes_4409(server: Listening) -> None:
    async with peer(server, key=server.key) as client:
        await client.subscribe(SUBSCRIBE_ALL)
        await client.send({"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIBE_ALL}})
        assert (await client.closed())[0] == 4409


async def test_a_second_initialisation_closes_4429(server: Listening) -> None:
    async with peer(server, key=server.key) as client:
        await client.send(INIT)
        assert (await client.closed())[0] == 4429


async def test_an_error_of_one_operation_leaves_the_socket_open(server: Listening) -> None:
    async with peer(server, key=server.key) as client:
        for id, document, code in (
            ("1", "subscription {", "GRAPHQL_PARSE_FAILED"),
            ("2", "subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("3", 'subscription { taskEvents(taskId: "no-such-task") { sequence } }', "NOT_FOUND"),
            ("4", "subscription { events(after: -5) { sequence } }", "BAD_USER_INPUT"),
        ):
            await client.send({"type": "subscribe", "id": id, "payload": {"query": document}})
            answer = await client.receive()
            assert (answer["id"], answer["type"]) == (id, "error")
            assert answer["payload"][0]["extensions"]["code"] == code
        await client.subscribe(SUBSCRIBE_ALL, id="5")


async def test_a_write_after_the_pong_is_seen(server: Listening) -> None:
    async with peer(server, key=server.key) as client:
        for at in range(50):
            await client.subscribe(SUBSCRIBE_ALL, id=str(at))
            task = await server.create_task()
            answer = await client.receive()
            assert (answer["id"], answer["type"]) == (str(at), "next")
            assert answer["payload"]["data"]["events"]["task"] == {"id": task}
            await client.send({"type": "complete", "id": str(at)})
            # What was on its way may still arrive; nothing after the pong may.
            await client.send({"type": "ping"})
            while (await client.receive())["type"] != "pong":
                pass


async def test_queries_and_mutations_answer_over_the_socket(server: Listening) -> None:
    async with peer(server, key=server.key) as client:
        document = "query { viewer { user { email } } }"
        await client.send({"type": "subscribe", "id": "q", "payload": {"query": document}})
        answer = await client.receive()
        assert answer == {
            "id": "q",
            "type": "next",
            "payload": {"data": {"viewer": {"user": {"email": "owner@example.com"}}}},
        }
        assert await client.receive() == {"id": "q", "type": "complete"}


async def test_many_subscribers_of_one_document_get_equal_answers(server: Listening) -> None:
    async with peer(server, key=server.key) as one, peer(server, key=server.key) as two:
        await one.subscribe(SUBSCRIBE_ALL)
        await two.subscribe(SUBSCRIBE_ALL)
        await server.create_task()
        assert await one.receive() == await two.receive()


async def test_a_closed_socket_leaves_no_subscriber(server: Listening, app: App) -> None:
    async with peer(server, key=server.key) as client:
        await client.subscribe(SUBSCRIBE_ALL)
        assert app.hub.subscribers == 1
    await server.until(lambda: app.hub.subscribers == 0)


async def test_too_many_operations_are_refused_one_by_one(server: Listening) -> None:
    async with peer(server, key=server.key) as client:
        for at in range(100):
            await client.subscribe(SUBSCRIBE_ALL, id=str(at))
        await client.send({"type": "subscribe", "id": "more", "payload": {"query": SUBSCRIBE_ALL}})
        answer = await client.receive()
        assert (answer["id"], answer["payload"][0]["extensions"]["code"]) == ("more", "RATE_LIMITED")


async def test_a_frame_that_is_too_large_closes_the_socket(server: Listening) -> None:
    async with peer(server, key=server.key) as client:
        await client.send({"type": "ping", "payload": {"x": "y" * 300_000}})
        assert (await client.closed())[0] == 1009


async def test_a_stopping_server_closes_1012(server: Listening) -> None:
    async with peer(server, key=server.key) as client:
        await client.subscribe(SUBSCRIBE_ALL)
        await server.stop()
        assert (await client.closed())[0] == 1012
