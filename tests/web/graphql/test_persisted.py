"""Persisted documents: taught by clients or listed by the operator, over every transport."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import orjson
import pytest
import websockets
from websockets.typing import Subprotocol

from app.graph.engine.executor import RequestRefused
from app.main import App, Storage
from app.settings import Settings
from app.web.graphql.persisted import DOCUMENT_CHARACTERS_MAX, TAUGHT_CHARACTERS_MAX, TAUGHT_MAX, PersistedDocuments
from tests.support.answers import refusal
from tests.support.database import TestDatabases
from tests.support.listening import Listening, listening

GRAPHQL: Final = "application/graphql-response+json"
LISTED: Final = "query Listed { viewer { user { email } } }"
OWNER: Final = {"data": {"viewer": {"user": {"email": "owner@example.com"}}}}
CREATE: Final = 'mutation { createTask(input: {title: "t", scope: GLOBAL}) { task { id } } }'


def sha256(text: str) -> str:
    """The hash of a document."""
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(key: object, version: object = 1) -> dict[str, Any]:
    """The extension that names a document."""
    return {"extensions": {"persistedQuery": {"version": version, "sha256Hash": key}}}


async def post(site: Listening, body: object, accept: str = "application/json") -> httpx.Response:
    """An operation by POST."""
    return await site.client.post(f"{site.http}/graphql", json=body, headers={"accept": accept})


async def get(site: Listening, key: str, accept: str = "application/json", **more: str) -> httpx.Response:
    """An operation by GET that names a document."""
    parameters = {**more, "extensions": orjson.dumps(persisted(key)["extensions"]).decode()}
    return await site.client.get(f"{site.http}/graphql", params=parameters, headers={"accept": accept})


@pytest.fixture(scope="module")
async def guarded(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Listening]:
    """A server that runs only what is on its list."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "documents.json").write_bytes(orjson.dumps({"listed-1": LISTED, sha256(LISTED): LISTED}))
    async with databases.clone() as dsn:
        settings = Settings.read(
            {
                "DATABASE_URL": dsn,
                "DATA_DIR": str(folder),
                "TRUSTED_DOCUMENTS": str(folder / "documents.json"),
                "TRUSTED_DOCUMENTS_MODE": "only",
            }
        )
        app = App(settings, await Storage.open(settings))
        await app.start()
        async with listening(app) as found:
            yield found
        await app.stop()


async def test_a_document_is_taught_once_and_then_named(site: Listening) -> None:
    document = "query Taught { viewer { user { email } } }"
    key = sha256(document)
    unknown = refusal(await post(site, persisted(key)), 200, "PERSISTED_QUERY_NOT_FOUND")
    assert unknown["message"] == "PersistedQueryNotFound"
    refusal(await post(site, persisted(key), GRAPHQL), 400, "PERSISTED_QUERY_NOT_FOUND")
    assert (await post(site, {"query": document, **persisted(key)})).json() == OWNER
    assert (await post(site, persisted(key))).json() == OWNER
    assert (await post(site, persisted(key), GRAPHQL)).json() == OWNER
    assert (await post(site, {"query": None, **persisted(key)})).json() == OWNER
    assert (await post(site, {"documentId": f"sha256:{key}"})).json() == OWNER
    assert (await get(site, key)).json() == OWNER


async def test_a_document_is_taught_by_get_too(site: Listening) -> None:
    document = "query A($x: ID!) { task(id: $x) { id } } query B { viewer { user { email } } }"
    refusal(await get(site, sha256(document)), 200, "PERSISTED_QUERY_NOT_FOUND")
    assert (await get(site, sha256(document), query=document, operationName="B")).json() == OWNER
    named = await get(site, sha256(document), operationName="A", variables='{"x": "none"}')
    assert named.json() == {"data": {"task": None}}


async def test_a_browser_that_names_a_document_gets_its_answer_and_no_page(site: Listening) -> None:
    await post(site, {"query": LISTED, **persisted(sha256(LISTED))})
    response = await get(site, sha256(LISTED), "text/html, */*;q=0.8")
    assert (response.status_code, response.json()) == (200, OWNER)


async def test_a_taught_mutation_is_still_not_for_get(site: Listening) -> None:
    assert (await post(site, {"query": CREATE, **persisted(sha256(CREATE))})).json()["data"]["createTask"]["task"]
    refusal(await get(site, sha256(CREATE)), 405, "BAD_REQUEST")


async def test_a_document_under_the_hash_of_another_is_refused_and_not_remembered(site: Listening) -> None:
    before = (await site.graphql("{ tasks { totalCount } }"))["data"]
    for key in (sha256("another"), "A" * 64, sha256(CREATE + " ").upper(), "x" * 100_000):
        wrong = refusal(await post(site, {"query": CREATE + " ", **persisted(key)}), 200, "BAD_REQUEST")
        assert "SHA-256" in wrong["message"]
        refusal(await post(site, persisted(key)), 200, "PERSISTED_QUERY_NOT_FOUND")
    assert (await site.graphql("{ tasks { totalCount } }"))["data"] == before


async def test_what_is_taught_may_be_wrong_and_says_so_each_time(site: Listening) -> None:
    document = "{ nothing }"
    for body in ({"query": document, **persisted(sha256(document))}, persisted(sha256(document))):
        refusal(await post(site, body), 200, "GRAPHQL_VALIDATION_FAILED")


ODD: Final[tuple[object, ...]] = (5, "", [], {})
NO_NAMES: Final[tuple[object, ...]] = (5, "x", [], {}, {"version": 1}, {"sha256Hash": "0" * 64}, None)
VERSIONS: Final[tuple[object, ...]] = (2, 0, "1", None, True, 1.0)
MALFORMED: Final[list[Any]] = [
    *({"extensions": {"persistedQuery": wrong}} for wrong in NO_NAMES),
    *(persisted(key) for key in (*ODD, None)),
    *(persisted("0" * 64, version) for version in VERSIONS),
    *({"documentId": key} for key in (*ODD, False)),
    {"query": "", **persisted("0" * 64)},
    {"query": 5, **persisted("0" * 64)},
]


@pytest.mark.parametrize("body", MALFORMED, ids=str)
async def test_a_name_of_the_wrong_form_is_a_bad_request(site: Listening, body: object) -> None:
    refusal(await post(site, body), 400, "BAD_REQUEST")


async def test_beside_a_query_an_id_of_another_kind_is_ignored(site: Listening) -> None:
    assert (await post(site, {"query": LISTED, "documentId": 5})).json() == OWNER
    assert (await post(site, {"query": LISTED, "extensions": {"persistedQuery": None}})).json() == OWNER


# Other transports


EVENTS: Final = "subscription Persisted($after: BigInt) { events(after: $after) { type } }"
CREATED: Final = {"data": {"events": {"type": "TASK_CREATED"}}}


class Peer:
    """One raw client of graphql-transport-ws."""

    def __init__(self, ws: websockets.ClientConnection) -> None:
        self._ws = ws

    async def ask(self, id: str, payload: object) -> dict[str, Any]:
        """The first message that answers an operation."""
        await self._ws.send(orjson.dumps({"type": "subscribe", "id": id, "payload": payload}).decode())
        return await self.receive()

    async def receive(self) -> dict[str, Any]:
        """The next message."""
        found: dict[str, Any] = orjson.loads(await asyncio.wait_for(self._ws.recv(), 10))
        return found


async def acknowledged(site: Listening, ws: websockets.ClientConnection) -> Peer:
    """A peer that may ask."""
    peer = Peer(ws)
    await ws.send(orjson.dumps({"type": "connection_init", "payload": {"apiKey": site.key}}).decode())
    assert await peer.receive() == {"type": "connection_ack"}
    return peer


def socket_of(site: Listening) -> websockets.connect:
    """A socket of the protocol."""
    return websockets.connect(site.ws, subprotocols=[Subprotocol("graphql-transport-ws")])


async def test_over_a_socket_an_unknown_hash_ends_the_operation_and_not_the_socket(site: Listening) -> None:
    await site.create_task()
    document = EVENTS + " # socket"
    first = {"variables": {"after": "0"}}
    async with socket_of(site) as ws:
        peer = await acknowledged(site, ws)
        unknown = await peer.ask("1", {**persisted(sha256(document)), **first})
        assert (unknown["type"], unknown["id"]) == ("error", "1")
        assert [error["extensions"]["code"] for error in unknown["payload"]] == ["PERSISTED_QUERY_NOT_FOUND"]
        taught = await peer.ask("1", {"query": document, **persisted(sha256(document)), **first})
        assert taught == {"id": "1", "type": "next", "payload": CREATED}
    async with socket_of(site) as ws:
        peer = await acknowledged(site, ws)
        named = await peer.ask("2", {**persisted(sha256(document)), **first})
        assert named == {"id": "2", "type": "next", "payload": CREATED}


async def test_over_an_event_stream_a_hash_stands_for_a_subscription(site: Listening) -> None:
    await site.create_task()
    document = EVENTS + " # stream"
    unknown = await post(site, persisted(sha256(document)), "text/event-stream")
    assert unknown.status_code == 200
    assert "PERSISTED_QUERY_NOT_FOUND" in unknown.text
    assert unknown.text.endswith("event: complete\ndata:\n\n")
    for query in (document, None):
        body = {"query": query, **persisted(sha256(document)), "variables": {"after": "0"}}
        headers = {"accept": "text/event-stream"}
        async with site.client.stream("POST", f"{site.http}/graphql", json=body, headers=headers) as response:
            lines = (line async for line in response.aiter_lines() if line.startswith("data: "))
            async with asyncio.timeout(10):
                assert orjson.loads((await anext(lines)).removeprefix("data: ")) == CREATED


# A list of trusted documents


async def test_a_listed_document_is_run_by_its_hash_or_by_its_text(guarded: Listening) -> None:
    for body in (
        persisted("listed-1"),
        persisted(sha256(LISTED)),
        {"documentId": "listed-1"},
        {"query": LISTED},
        {"query": LISTED, **persisted("listed-1")},
        {"query": LISTED, **persisted(sha256(LISTED))},
    ):
        assert (await post(guarded, body)).json() == OWNER
    assert (await get(guarded, "listed-1")).json() == OWNER


@pytest.mark.parametrize("document", [CREATE, LISTED + " ", "{ __schema { types { name } } }", "{", EVENTS])
async def test_nothing_else_is_run_taught_or_even_read(guarded: Listening, document: str) -> None:
    for body in ({"query": document}, {"query": document, **persisted(sha256(document))}):
        error = refusal(await post(guarded, body), 200, "FORBIDDEN")
        assert "persistedQuery.sha256Hash" in error["message"]
    unknown = refusal(await post(guarded, persisted(sha256(document))), 200, "PERSISTED_QUERY_NOT_SUPPORTED")
    assert unknown["message"] == "PersistedQueryNotSupported"
    refusal(await get(guarded, "x", query=document), 200, "FORBIDDEN")
    async with socket_of(guarded) as ws:
        peer = await acknowledged(guarded, ws)
        refused = await peer.ask("1", {"query": document})
        assert [error["extensions"]["code"] for error in refused["payload"]] == ["FORBIDDEN"]
        listed = await peer.ask("1", persisted("listed-1"))
        assert listed == {"id": "1", "type": "next", "payload": OWNER}


def code_of(known: PersistedDocuments, query: str | None, key: str | None) -> str:
    """Why a document is not to be had."""
    with pytest.raises(RequestRefused) as refused:
        known.text(query, key)
    return str(refused.value.answer("request").body["errors"][0]["extensions"]["code"])


def test_beside_a_list_clients_may_teach_but_not_replace() -> None:
    known = PersistedDocuments({sha256(LISTED): LISTED, "named": LISTED})
    assert known.text(CREATE, sha256(CREATE)) == CREATE
    assert known.text(None, sha256(CREATE)) == CREATE
    assert code_of(known, CREATE, "named") == "BAD_REQUEST"
    assert known.text(None, "named") == LISTED


def test_the_documents_used_longest_ago_are_forgotten() -> None:
    known = PersistedDocuments()
    documents = [f"{{ a{at} }}" for at in range(TAUGHT_MAX + 1)]
    for document in documents[:-1]:
        known.text(document, sha256(document))
    assert known.text(None, sha256(documents[0])) == documents[0]
    known.text(documents[-1], sha256(documents[-1]))
    assert code_of(known, None, sha256(documents[1])) == "PERSISTED_QUERY_NOT_FOUND"
    for kept in (documents[0], *documents[2:]):
        assert known.text(None, sha256(kept)) == kept


def test_long_documents_do_not_fill_the_memory() -> None:
    known = PersistedDocuments()
    size = DOCUMENT_CHARACTERS_MAX
    documents = [f"{at:#>{size}}" for at in range(TAUGHT_CHARACTERS_MAX // size + 1)]
    for document in documents:
        assert known.text(document, sha256(document)) == document
    assert code_of(known, None, sha256(documents[0])) == "PERSISTED_QUERY_NOT_FOUND"
    assert all(known.text(None, sha256(kept)) == kept for kept in documents[1:])
    longer = "#" * (size + 1)
    assert known.text(longer, sha256(longer)) == longer
    assert code_of(known, None, sha256(longer)) == "PERSISTED_QUERY_NOT_FOUND"
