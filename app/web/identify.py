"""Who is calling over HTTP or WebSocket."""

from collections.abc import Collection, Mapping
from typing import Final

from starlette.requests import HTTPConnection, Request
from strawberry.http.websocket_origin import is_same_origin

from app.domain.access.viewer import Viewer
from app.domain.errors import Unauthenticated
from app.services.auth import Authentication

COOKIE: Final = "vai_token"
CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="taskloom"'}
# What a browser sends for a page of any site without asking the server first.
SIMPLE_METHODS: Final = frozenset({"GET", "HEAD", "POST"})
SIMPLE_TYPES: Final = frozenset({"", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"})
# Each of them makes it ask first.
PREFLIGHT_HEADERS: Final = ("x-requested-with", "apollo-require-preflight", "x-apollo-operation-name")


async def viewer_of(
    connection: HTTPConnection, auth: Authentication, parameters: Mapping[str, object] | None = None
) -> Viewer:
    """The viewer by header, by `connection_init` payload, or by cookie; Unauthenticated otherwise."""
    given = parameters or {}
    found = await auth.viewer(
        authorization=_carried(connection, "authorization", given, "authorization", "Authorization"),
        api_key=_carried(connection, "x-api-key", given, "apiKey", "X-API-Key"),
        cookie=connection.cookies.get(COOKIE),
    )
    if found is None:
        raise Unauthenticated("Send an API key: `Authorization: Bearer <key>` or `X-API-Key: <key>`.")
    return found


def by_cookie_from_elsewhere(connection: HTTPConnection, allowed: Collection[str]) -> bool:
    """Whether a page of an origin that is neither ours nor allowed makes a browser send the user's cookie, with no
    credential of its own.
    """
    if not _by_cookie_alone(connection):
        return False
    origin = connection.headers.get("origin")
    if origin is not None:
        return origin not in allowed and not is_same_origin(origin, connection.headers.get("host"))
    # A browser leaves Origin out of many a GET, but tells by itself where the page is from.
    return connection.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def forgeable(http: Request, allowed: Collection[str]) -> bool:
    """Whether this may be the work of a page of another site, sent with the user's cookie."""
    headers = http.headers
    if "origin" in headers or "sec-fetch-site" in headers:
        return by_cookie_from_elsewhere(http, allowed)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    simple = http.method in SIMPLE_METHODS and kind in SIMPLE_TYPES
    return simple and _by_cookie_alone(http) and not any(name in headers for name in PREFLIGHT_HEADERS)


def _by_cookie_alone(connection: HTTPConnection) -> bool:
    headers = connection.headers
    return COOKIE in connection.cookies and "authorization" not in headers and "x-api-key" not in headers


def _carried(connection: HTTPConnection, header: str, given: Mapping[str, object], *names: str) -> str | None:
    """A header that is there decides, even a blank one: a stale credential must not turn a caller into another."""
    found = connection.headers.get(header)
    if found is not None:
        return found
    for name in names:
        text = given.get(name)
        if isinstance(text, str) and text:
            return text
    return None
