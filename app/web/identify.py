"""Who is calling over HTTP or WebSocket."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import HTTPConnection
from strawberry.http.websocket_origin import is_same_origin

from app.domain.access.viewer import Viewer
from app.domain.errors import Unauthenticated
from app.services.auth import Authentication

COOKIE: Final = "vai_token"
CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="taskloom"'}


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


def by_cookie_from_elsewhere(connection: HTTPConnection) -> bool:
    """Whether a page of another origin makes a browser send the user's cookie, with no credential of its own."""
    headers = connection.headers
    if COOKIE not in connection.cookies or "authorization" in headers or "x-api-key" in headers:
        return False
    origin = headers.get("origin")
    return origin is not None and not is_same_origin(origin, headers.get("host"))


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
