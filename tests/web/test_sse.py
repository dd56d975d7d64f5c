"""graphql-sse, distinct connections: what a client reads, resumes from and is told at the end."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.clock import monotonic
from app.main import App
from tests.support.answers import refusal
from tests.support.listening import Listening, listening
from tests.support.sse import Frame, event_source

EVENTS = "subscription($after: BigInt) { events(after: $after) { sequence cursor type task { id } } }"


@pytest.fixture
async def server(app: App) -> AsyncIterator[Listening]:
    """The application on a port, with a key."""
    async with listening(app) as found:
        yield found


def sequences(frames: list[Frame]) -> list[int]:
    """The sequences of the events in frames, after checking that each id is the cursor."""
    found = [frame.payload["data"]["events"] for frame in frames]
    assert [frame.id for frame in frames] == [event["cursor"] for event in found]
    assert {frame.event for frame in frames} <= {"next"}
    return [int(event["sequence"]) for event in found]


async def test_a_subscription_is_a_stream_of_next_events(server: Listening) -> None:
    async with event_source(server, EVENTS) as stream:
        assert stream.response.status_code == 200
        assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.response.headers["cache-control"] == "no-store"
        assert stream.response.headers["x-accel-buffering"] == "no"
        assert len(stream.response.headers["x-request-id"]) == 16
        task = await server.create_task()
        frame = await stream.next()
    assert frame is not None
    assert (frame.event, frame.id) == ("next", "1")
    assert frame.payload == {
        "data": {"events": {"sequence": "1", "cursor": "1", "type": "TASK_CREATED", "task": {"id": task}}}
    }


async def test_a_write_after_the_headers_is_seen(server: Listening) -> None:
    for at in range(1, 51):
        async with event_source(server, EVENTS) as stream:
            task = await server.create_task()
            frame = await stream.next()
            assert frame is not None
            assert (frame.id, frame.payload["data"]["events"]["task"]) == (str(at), {"id": task})


@pytest.mark.parametrize("get", [False, True])
async def test_a_resumed_stream_misses_nothing_and_repeats_nothing(server: Listening, get: bool) -> None:
    writing = asyncio.create_task(write(server, 60))
    seen: list[int] = []
    last: str | None = "0"
    while len(seen) < 60:
        async with event_source(server, EVENTS, last_event_id=last, get=get) as stream:
            seen += sequences(await stream.take(min(7, 60 - len(seen))))
            last = stream.seen[-1].id
    await writing
    assert seen == list(range(1, 61))


async def write(server: Listening, count: int) -> None:
    """So many events, one after another."""
    for _ in range(count):
        await server.create_task()


async def test_the_last_event_id_beats_the_cursor_of_the_document(server: Listening) -> None:
    await write(server, 5)
    async with event_source(server, EVENTS, after=0) as stream:
        assert sequences(await stream.take(5)) == [1, 2, 3, 4, 5]
    async with event_source(server, EVENTS, after=0, last_event_id="3") as stream:
        assert sequences(await stream.take(2)) == [4, 5]
    async with event_source(server, EVENTS, after=4, last_event_id="") as stream:
        assert sequences(await stream.take(1)) == [5]


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 30, "1 2", "0x10"])
async def test_a_last_event_id_that_is_no_cursor_is_refused(server: Listening, given: str) -> None:
    async with event_source(server, EVENTS, last_event_id=given) as stream:
        refused(await stream.rest(), "BAD_USER_INPUT")


def refused(frames: list[Frame], code: str) -> None:
    """The stream was one `next` with an error, then `complete`."""
    first, last = frames
    assert (first.event, last.event, last.data) == ("next", "complete", "")
    assert [error["extensions"]["code"] for error in first.payload["errors"]] == [code]
    assert "data" not in first.payload


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { events { sequence } other: events { sequence } }", "GRAPHQL_VALIDATION_FAILED"),
        ('subscription { taskEvents(taskId: "no-such-task") { sequence } }', "NOT_FOUND"),
        ("subscription { events(after: -5) { sequence } }", "BAD_USER_INPUT"),
        ("subscription { events(after: 5) { sequence } }", "BAD_USER_INPUT"),
        ("subscription($after: BigInt!) { events(after: $after) { sequence } }", "BAD_USER_INPUT"),
        ("subscription A { events { sequence } } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_what_cannot_run_is_told_as_next_then_complete(
    server: Listening, app: App, document: str, code: str
) -> None:
    async with event_source(server, document) as stream:
        assert stream.response.status_code == 200
        refused(await stream.rest(), code)
    assert app.hub.subscribers == 0


@pytest.mark.parametrize("get", [False, True])
async def test_a_query_over_sse_is_next_then_complete(server: Listening, get: bool) -> None:
    async with event_source(server, "{ viewer { user { email } } }", get=get) as stream:
        first, last = await stream.rest()
    assert first.payload == {"data": {"viewer": {"user": {"email": "owner@example.com"}}}}
    assert (first.id, last.event, last.data) == (None, "complete", "")


async def test_a_mutation_over_sse_is_next_then_complete(server: Listening) -> None:
    document = 'mutation { createTask(input: {title: "t", scope: GLOBAL}) { sequence } }'
    async with event_source(server, document) as stream:
        first, last = await stream.rest()
    assert (first.payload, last.event) == ({"data": {"createTask": {"sequence": "1"}}}, "complete")


async def test_without_a_key_there_is_no_stream(server: Listening) -> None:
    server.client.headers["authorization"] = "Bearer unknown-key-0001"
    async with event_source(server, EVENTS) as stream:
        await stream.response.aread()
        refusal(stream.response, 401, "UNAUTHENTICATED")


async def test_a_client_that_goes_away_frees_its_stream(server: Listening, app: App) -> None:
    async with event_source(server, EVENTS), event_source(server, EVENTS, after=0):
        assert app.hub.subscribers == 2
    await server.until(lambda: app.hub.subscribers == 0)


async def test_a_client_that_goes_away_while_events_flow_frees_its_stream(server: Listening, app: App) -> None:
    writing = asyncio.create_task(write(server, 40))
    for _ in range(20):
        async with event_source(server, EVENTS, after=0) as stream:
            await stream.next()
    await writing
    await server.until(lambda: app.hub.subscribers == 0)


async def test_variables_nested_deeper_than_can_be_written_still_stream(server: Listening, app: App) -> None:
    deep = "[" * 600 + "]" * 600
    body = f'{{"query": "subscription {{ events {{ sequence }} }}", "variables": {{"unused": {deep}}}}}'
    headers = {"accept": "text/event-stream", "content-type": "application/json"}
    async with server.client.stream("POST", f"{server.http}/graphql", content=body, headers=headers) as response:
        assert (response.status_code, app.hub.subscribers) == (200, 1)
    await server.until(lambda: app.hub.subscribers == 0)


async def test_a_stopping_server_ends_the_stream_without_complete(server: Listening, app: App) -> None:
    async with event_source(server, EVENTS) as stream:
        await server.create_task()
        assert sequences(await stream.take(1)) == [1]
        started = monotonic()
        await server.stop()
        assert await stream.rest() == []
        assert monotonic() - started < 3
    assert app.hub.subscribers == 0
