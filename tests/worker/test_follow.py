"""Following the event log over cut lines, and what a client says about a server."""

import asyncio
from contextlib import aclosing
from typing import Any

import asyncpg
import pytest

from app.worker import GraphQLClient, Refused, Unauthorized, Unavailable
from app.worker.client import endpoint, is_local
from app.worker.follow import follow
from tests.support.server import ServerProcess
from tests.worker.office import CANCEL, Office
from tests.worker.proxy import Proxy

QUEUED = """subscription Queued($after: BigInt) {
  events(filter: { types: [TASK_RUN_ENQUEUED] }, after: $after) { cursor run { id } task { title } }
}"""


async def test_events_come_once_and_in_order_over_cut_lines(server: ServerProcess, office: Office) -> None:
    listening = asyncio.Event()
    made: list[str] = []
    heard: list[str] = []
    all_heard = asyncio.Event()

    async def listen(client: GraphQLClient) -> None:
        async with aclosing(follow(client, QUEUED, {}, after=start, listening=listening.set)) as events:
            async for event in events:
                if event["task"]["title"] == office.skill:
                    heard.append(event["run"]["id"])
                    if len(heard) == 8:
                        all_heard.set()

    async with Proxy(server.url) as proxy, GraphQLClient(proxy.url, server.key) as client:
        start = await last_cursor(office)
        listener = asyncio.create_task(listen(client))
        for _ in range(4):
            await listening.wait()
            made.append(await office.start(office.skill))
            await proxy.cut()
            listening.clear()
            made.append(await office.start(office.skill))
            await proxy.mend()
        async with asyncio.timeout(10):
            await all_heard.wait()
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
    assert heard == made
    for run_id in made:
        await office.cancel(run_id)


async def test_a_cursor_that_has_expired_is_told_by_listening_anew(
    own_server: ServerProcess, own_office: Office, dsn: str
) -> None:
    for title in ("one", "two", "three"):
        await own_office.start(title)
    database = await asyncpg.connect(dsn)
    await database.execute("DELETE FROM events WHERE sequence < (SELECT max(sequence) FROM events)")
    await database.close()
    listening = asyncio.Event()
    events = follow(own_office.client, QUEUED, {}, after="1", listening=listening.set)
    async with aclosing(events), asyncio.timeout(10):
        hearing = asyncio.create_task(anext(events))
        await listening.wait()
        await own_office.start("four")
        assert (await hearing)["task"]["title"] == "four"


async def last_cursor(office: Office) -> str:
    """The place in the log of a write that was just made."""
    run_id = await office.start("a place in the log")
    answer = await office.client.send(CANCEL.replace("run { id }", "sequence"), {"input": {"runId": run_id}})
    cursor: str = answer["cancelRun"]["sequence"]
    return cursor


async def test_a_refused_subscription_says_why(server: ServerProcess) -> None:
    async with GraphQLClient(server.url, server.key) as client:
        with pytest.raises(Refused, match="GRAPHQL_VALIDATION_FAILED"):
            async with client.subscribe("subscription { nothing }"):
                pass


async def test_a_subscription_with_a_wrong_key_is_unauthorized(server: ServerProcess) -> None:
    async with GraphQLClient(server.url, "tlk_wrong") as client:
        with pytest.raises(Unauthorized):
            async with client.subscribe("subscription { events { cursor } }"):
                pass


async def test_a_refused_query_has_its_code(server: ServerProcess) -> None:
    async with GraphQLClient(server.url, server.key) as client:
        with pytest.raises(Refused) as caught:
            await client.send("{ nothing }")
    assert caught.value.code == "GRAPHQL_VALIDATION_FAILED"


async def test_a_server_that_is_away_is_unavailable_and_nothing_was_sent(server: ServerProcess) -> None:
    async with Proxy(server.url) as proxy:
        await proxy.cut()
        async with GraphQLClient(proxy.url, server.key) as client:
            with pytest.raises(Unavailable) as caught:
                await client.send("{ viewer { tenantId } }")
            assert caught.value.sent is False
            with pytest.raises(Unavailable):
                async with client.subscribe("subscription { events { cursor } }"):
                    pass
        await proxy.mend()


async def test_a_query_waits_for_a_server_that_is_away(server: ServerProcess) -> None:
    async with Proxy(server.url) as proxy, GraphQLClient(proxy.url, server.key) as client:
        await proxy.cut()
        asking = asyncio.create_task(client.query("{ viewer { tenantId } }"))
        await proxy.mend()
        async with asyncio.timeout(10):
            answer: dict[str, Any] = await asking
    assert set(answer["viewer"]) == {"tenantId"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://localhost:8000", "http://localhost:8000/graphql"),
        ("https://example.com/", "https://example.com/graphql"),
        (" http://[::1]:80/tasks/graphql/ ", "http://[::1]:80/tasks/graphql"),
    ],
)
def test_the_address_of_a_server_leads_to_its_graph(given: str, expected: str) -> None:
    assert endpoint(given) == expected


@pytest.mark.parametrize("given", ["", "localhost:8000", "ftp://example.com", "http://"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="no address of a server"):
        endpoint(given)


def test_only_this_machine_is_local() -> None:
    here = ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost", "http://0.0.0.0:8000"]
    elsewhere = ["http://10.0.0.1", "http://example.com", "http://localhost.example.com"]
    assert [is_local(place) for place in here + elsewhere] == [True] * 4 + [False] * 3
