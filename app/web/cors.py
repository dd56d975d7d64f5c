"""Pages of other origins: those that the operator names may call and read, all others may not."""

from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS: Final = b"GET, POST, PUT, PATCH, DELETE"
SHOWN: Final = b"X-Request-ID, Retry-After, WWW-Authenticate, Allow"
REMEMBERED_SECONDS: Final = b"600"
VARY: Final = (b"vary", b"Origin")


class Cors:
    """ASGI middleware for the whole site: answers preflights, marks answers; knows nothing of credentials."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what comes from no allowed origin is answered as if there were no CORS."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        if origin not in self._origins:
            # Also without Origin: a cache must not give this answer to a page that may read its own.
            await self._app(scope, receive, _adding([VARY], send))
        elif scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(headers, send)
        else:
            await self._app(scope, receive, _adding([*_allowing(origin), VARY], send))


def _allowing(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", SHOWN),
    ]


def _adding(added: list[tuple[bytes, bytes]], send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *added]
        await send(message)

    return marked


async def _preflight(headers: Headers, send: Send) -> None:
    """Whatever headers are asked for are allowed: who may call at all is decided by the origin."""
    asked = headers.get("access-control-request-headers", "").encode("latin-1")
    answer = [
        *_allowing(headers["origin"]),
        (b"access-control-allow-methods", METHODS),
        *([(b"access-control-allow-headers", asked)] if asked else []),
        (b"access-control-max-age", REMEMBERED_SECONDS),
        (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": answer})
    await send({"type": "http.response.body", "body": b""})
