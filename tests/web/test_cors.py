"""Pages of other origins: what browsers send for them, with and without the user's cookie, and who may read answers."""

from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

import httpx
import pytest
import websockets
from websockets.typing import Subprotocol

from app.main import App, Storage
from app.settings import Settings
from tests.support.answers import refusal
from tests.support.database import TestDatabases
from tests.support.listening import KEY, Listening, listening

FRIEND: Final = "https://app.example"
EVIL: Final = "https://evil.example"
COOKIE: Final = {"cookie": f"vai_token={KEY}"}
BEARER: Final = {"authorization": f"Bearer {KEY}"}
QUERY: Final = {"query": "{ viewer { user { email } } }"}
CREATE: Final = {"query": 'mutation { createTask(input: {title: "t", scope: GLOBAL}) { task { id } } }'}
PROTOCOL: Final = Subprotocol("graphql-transport-ws")
GET: Final = f"/graphql?query={quote(QUERY['query'])}"
PREFLIGHT: Final = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type",
}


@pytest.fixture(scope="module")
async def site(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Listening]:
    """A server that allows one other origin."""
    async with databases.clone() as dsn:
        data_dir = str(tmp_path_factory.mktemp("cors"))
        settings = Settings.read({"DATABASE_URL": dsn, "DATA_DIR": data_dir, "CORS_ORIGINS": FRIEND})
        app = App(settings, await Storage.open(settings))
        await app.start()
        async with listening(app) as found:
            yield found
        await app.stop()


async def send(site: Listening, method: str, path: str, headers: dict[str, str], body: object = None) -> httpx.Response:
    """A request with these headers and no credential of its own."""
    async with httpx.AsyncClient() as client:
        return await client.request(method, site.http + path, headers=headers, json=body)


async def count_tasks(site: Listening) -> int:
    """How many tasks there are."""
    total: int = (await site.graphql("{ tasks { totalCount } }"))["data"]["tasks"]["totalCount"]
    return total


def grants(response: httpx.Response) -> dict[str, str]:
    """What the answer allows to pages."""
    return {name: text for name, text in response.headers.items() if name.startswith("access-control-")}


SHARED: Final = {
    "access-control-allow-origin": FRIEND,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "X-Request-ID, Retry-After, WWW-Authenticate, Allow",
}


@pytest.mark.parametrize("path", ["/graphql", "/api/tasks", "/api/v1/workspaces", "/api/v1/tables/x/rows"])
async def test_a_preflight_of_an_allowed_origin_is_granted(site: Listening, path: str) -> None:
    response = await send(site, "OPTIONS", path, {"origin": FRIEND, **PREFLIGHT})
    assert (response.status_code, response.content) == (204, b"")
    assert grants(response) == {
        **SHARED,
        "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": "authorization, content-type",
        "access-control-max-age": "600",
    }
    assert response.headers["vary"] == "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


@pytest.mark.parametrize("path", ["/graphql", "/api/tasks", "/api/v1/workspaces"])
@pytest.mark.parametrize("origin", [EVIL, "null", "http://app.example", f"{FRIEND}.evil.example", f"{FRIEND}:444", ""])
async def test_a_preflight_of_any_other_origin_is_not(site: Listening, path: str, origin: str) -> None:
    response = await send(site, "OPTIONS", path, {"origin": origin, **PREFLIGHT})
    assert (response.status_code, grants(response)) == (405, {})
    assert response.headers["vary"] == "Origin"


async def test_options_that_is_no_preflight_is_a_method_like_others(site: Listening) -> None:
    response = await send(site, "OPTIONS", "/graphql", {"origin": FRIEND})
    assert (response.status_code, grants(response)) == (405, SHARED)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/graphql", BEARER, 200),
        ("POST", "/graphql", COOKIE, 200),
        ("GET", GET, COOKIE, 200),
        ("POST", "/graphql", {}, 401),
        ("GET", "/api/tasks", BEARER, 200),
        ("GET", "/api/v1/workspaces", COOKIE, 200),
        ("GET", "/api/tasks", {}, 401),
        ("GET", "/nothing", {}, 404),
    ],
)
async def test_an_allowed_origin_may_read_answers_and_failures(
    site: Listening, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    body = QUERY if method == "POST" else None
    response = await send(site, method, path, {**headers, "origin": FRIEND}, body)
    assert (response.status_code, grants(response), response.headers["vary"]) == (status, SHARED, "Origin")


@pytest.mark.parametrize("headers", [{}, {"origin": EVIL}])
@pytest.mark.parametrize("path", [GET, "/api/tasks", "/api/v1/workspaces", "/healthz"])
async def test_no_other_answer_grants_anything_but_all_vary(
    site: Listening, path: str, headers: dict[str, str]
) -> None:
    response = await send(site, "GET", path, {**BEARER, **headers})
    assert (response.status_code, grants(response), response.headers["vary"]) == (200, {}, "Origin")


async def test_an_event_stream_is_for_an_allowed_origin_too(site: Listening) -> None:
    headers = {**COOKIE, "origin": FRIEND, "accept": "text/event-stream"}
    async with httpx.AsyncClient() as client:
        asked = {"query": "subscription { events { sequence } }"}
        async with client.stream("GET", f"{site.http}/graphql", params=asked, headers=headers) as response:
            assert (response.status_code, grants(response)) == (200, SHARED)


# The cookie: whoever makes a browser send it must be a page of the server, or of an allowed origin


FORGED: Final = [
    {"origin": EVIL},
    {"origin": "null"},
    {"origin": EVIL, "x-requested-with": "x"},
    {"origin": EVIL, "sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "x-requested-with": "x"},
]


@pytest.mark.parametrize("headers", FORGED, ids=str)
async def test_the_cookie_is_not_for_pages_of_other_origins(site: Listening, headers: dict[str, str]) -> None:
    before = await count_tasks(site)
    error = refusal(await send(site, "POST", "/graphql", {**COOKIE, **headers}, CREATE), 403, "FORBIDDEN")
    assert "x-requested-with" in error["message"]
    refusal(await send(site, "GET", GET, {**COOKIE, **headers}), 403, "FORBIDDEN")
    made = {"title": "t", "scope": "global"}
    assert (await send(site, "POST", "/api/tasks", {**COOKIE, **headers}, made)).status_code == 403
    assert (await send(site, "POST", "/api/v1/workspaces", {**COOKIE, **headers}, {"title": "w"})).status_code == 403
    assert await count_tasks(site) == before


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "Text/Plain;x"]
)
async def test_a_form_with_the_cookie_changes_nothing_whatever_the_browser_leaves_out(
    site: Listening, kind: str
) -> None:
    before = await count_tasks(site)
    headers = {**COOKIE, "content-type": kind}
    for path in ("/graphql", "/api/tasks", "/api/v1/workspaces", "/api/tasks/x/cancel"):
        assert (await send(site, "POST", path, headers, CREATE)).status_code == 403
    assert await count_tasks(site) == before


@pytest.mark.parametrize("name", ["x-requested-with", "apollo-require-preflight", "x-apollo-operation-name"])
async def test_a_get_with_the_cookie_needs_a_sign_that_no_other_site_made_it(site: Listening, name: str) -> None:
    refusal(await send(site, "GET", GET, COOKIE), 403, "FORBIDDEN")
    assert (await send(site, "GET", GET, {**COOKIE, name: "1"})).status_code == 200


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {"origin": FRIEND}])
async def test_pages_of_the_server_and_of_allowed_origins_use_the_cookie(
    site: Listening, headers: dict[str, str]
) -> None:
    assert (await send(site, "GET", GET, {**COOKIE, **headers})).status_code == 200
    assert (await send(site, "POST", "/graphql", {**COOKIE, **headers}, CREATE)).status_code == 200
    assert (await send(site, "POST", "/api/v1/workspaces", {**COOKIE, **headers}, {"title": "w"})).status_code == 201


@pytest.mark.parametrize("headers", FORGED, ids=str)
async def test_a_key_in_a_header_is_no_business_of_the_browser(site: Listening, headers: dict[str, str]) -> None:
    for credential in (BEARER, {"x-api-key": KEY}):
        assert (await send(site, "POST", "/graphql", {**credential, **headers}, QUERY)).status_code == 200


def socket_of(site: Listening, origin: str | None) -> websockets.connect:
    """A socket with the cookie, asked for by a page of that origin."""
    headers = {**COOKIE, **({} if origin is None else {"Origin": origin})}
    return websockets.connect(site.ws, subprotocols=[PROTOCOL], additional_headers=headers)


async def test_a_socket_by_cookie_opens_for_the_same_pages(site: Listening) -> None:
    for origin in (FRIEND, site.http, None):
        async with socket_of(site, origin) as opened:
            assert opened.subprotocol == PROTOCOL
    for origin in (EVIL, "null"):
        with pytest.raises(websockets.InvalidStatus, match="403"):
            await socket_of(site, origin)
