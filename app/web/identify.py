"""Who is calling over HTTP or WebSocket."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import HTTPConnection

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
        authorization=connection.headers.get("authorization") or _text(given, "authorization", "Authorization"),
        api_key=connection.headers.get("x-api-key") or _text(given, "apiKey", "X-API-Key"),
        cookie=connection.cookies.get(COOKIE),
    )
    if found is None:
        raise Unauthenticated("Send an API key: `Authorization: Bearer <key>` or `X-API-Key: <key>`.")
    return found


def _text(given: Mapping[str, object], *names: str) -> str | None:
    for name in names:
        found = given.get(name)
        if isinstance(found, str) and found:
            return found
    return None
