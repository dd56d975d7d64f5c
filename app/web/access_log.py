"""The outermost layer: request ids, metrics, one log line a request, and a complete answer whatever happens."""

from typing import Final

import orjson
import structlog
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.clock import monotonic
from app.observability.metrics import Metrics
from app.web.request_id import HEADER, request_id_of

log = structlog.get_logger("taskloom.http")

CLIENT_GONE: Final = 499  # for logs and metrics only: nobody is left to answer


class AccessLog:
    """ASGI middleware; costs little, because it wraps nothing but `send`."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; WebSockets and lifespan pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = monotonic()
        request_id = request_id_of(HTTPConnection(scope))
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER.encode(), request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            status = status or CLIENT_GONE
        except Exception as problem:
            log.error("request.failed", request_id=request_id, path=scope["path"], exc_info=problem)
            if status == 0:
                status = 500
                await _answer_500(noting, request_id)
        finally:
            seconds = monotonic() - started
            self._metrics.http_requests.labels(scope["method"], str(status)).inc()
            self._metrics.http_seconds.observe(seconds)
            log.info(
                "request.answered",
                request_id=request_id,
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(seconds * 1000, 2),
            )


async def _answer_500(send: Send, request_id: str) -> None:
    error = {
        "message": "Something went wrong on our side; the request id helps us to find it.",
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id},
    }
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps({"errors": [error]})})
