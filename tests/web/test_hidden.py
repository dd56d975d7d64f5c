"""What breaks inside is logged here and hidden there: no SQL, no address, no stack trace in any answer."""

from collections.abc import AsyncIterator

import pytest

from app.main import App
from app.storage.statements import composed
from tests.support.answers import refusal, tells_nothing_inside
from tests.support.listening import Listening, listening
from tests.support.sse import event_source

HIDDEN = "Something went wrong on our side; the request id helps us to find it."
CREATE = 'mutation { createTask(input: {title: "t", scope: GLOBAL}) { task { id } } }'


@pytest.fixture
async def server(app: App) -> AsyncIterator[Listening]:
    """The application on a port, with a key."""
    async with listening(app) as found:
        yield found


async def drop(app: App, table: str) -> None:
    """Break the database as no release ever would."""
    await app.db.fetch(composed(f"DROP TABLE {table} CASCADE"))


@pytest.mark.parametrize("query", ["{ tasks { totalCount } }", "{ tasks { nodes { id } } }", CREATE])
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_resolver_that_breaks_is_an_internal_error(
    server: Listening, app: App, query: str, accept: str
) -> None:
    await drop(app, "tasks")
    headers = {"accept": accept, "x-request-id": "find-me-0001"}
    response = await server.client.post(f"{server.http}/graphql", json={"query": query}, headers=headers)
    assert response.status_code == 200
    tells_nothing_inside(response.text)
    body = response.json()
    assert body["data"] is None
    [told] = body["errors"]
    assert told["message"] == HIDDEN
    assert told["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "requestId": "find-me-0001"}


async def test_a_subscription_that_breaks_is_an_internal_error(server: Listening, app: App) -> None:
    await drop(app, "tasks")
    async with event_source(server, 'subscription { taskEvents(taskId: "x") { sequence } }') as stream:
        first, last = await stream.rest()
    tells_nothing_inside(first.data)
    assert (first.payload["errors"][0]["message"], last.event) == (HIDDEN, "complete")
    assert app.hub.subscribers == 0


async def test_a_server_that_breaks_before_the_operation_still_answers_json(server: Listening, app: App) -> None:
    await drop(app, "api_keys")
    server.client.headers["authorization"] = "Bearer never-seen-before-0001"
    response = await server.client.post(f"{server.http}/graphql", json={"query": "{ __typename }"})
    assert refusal(response, 500, "INTERNAL_SERVER_ERROR")["message"] == HIDDEN
    assert app.metrics.http_requests.labels("POST", "500")._value.get() == 1


async def test_a_database_that_is_away_is_told_without_its_address(server: Listening, app: App) -> None:
    await server.graphql("{ __typename }")  # the key is known from here on
    await app.db.close()
    response = await server.client.post(f"{server.http}/graphql", json={"query": "{ tasks { totalCount } }"})
    tells_nothing_inside(response.text)
    assert response.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
