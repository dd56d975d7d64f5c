"""How a REST call is answered: credential, identity, query, body, handler; refusals in the API's own envelope."""

from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from app.domain.access.credentials import Scope as KeyScope
from app.domain.errors import Forbidden, NotFound, TaskloomError
from app.domain.invalid import require_sound
from app.domain.problems import Problem
from app.domain.text import is_storable
from app.web.identify import COOKIE, viewer_of
from app.web.request_id import request_id_of
from app.web.rest.call import Call
from app.web.rest.operation import Methods, Operation
from app.web.rest.parse import body_of, query_of
from app.web.rest.shape import wire
from app.web.state import WebState

log = structlog.get_logger(__name__)

BODY_BYTES_MAX: Final = 1024 * 1024
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Unreadable(Exception):
    """The body is no JSON, or too large to look at."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Envelope(Protocol):
    """How an API says no."""

    def failed(self, problem: TaskloomError, operation: Operation) -> Response:
        """A refusal that the domain knows."""

    def refused(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """A refusal of the transport."""


class Answering:
    """Answers the calls of one API."""

    def __init__(self, state: WebState, envelope: Envelope) -> None:
        self._state = state
        self._envelope = envelope

    async def __call__(self, scope: Scope, receive: Receive, methods: Methods, path: Mapping[str, str]) -> Response:
        """One call; whatever happens, a complete answer."""
        request = Request(scope, receive)
        if not methods:
            return self._envelope.refused(404, "There is nothing here; /openapi.json names all that there is.")
        operation = methods.get(request.method)
        if operation is None:
            allowed = ", ".join(sorted(methods))
            return self._envelope.refused(405, f"Use {allowed}.", {"Allow": allowed})
        try:
            call = await self._call(request, operation, path)
            return answered(operation, await operation.handler(call))
        except TaskloomError as problem:
            return self._envelope.failed(problem, operation)
        except Unreadable as problem:
            return self._envelope.refused(problem.status, problem.message)
        except Exception as problem:
            log.error("rest.failed", request_id=request_id_of(request), operation=operation.id, exc_info=problem)
            return self._envelope.refused(500, "Internal Server Error")

    async def _call(self, request: Request, operation: Operation, path: Mapping[str, str]) -> Call:
        viewer = await viewer_of(request, self._state.services.auth)
        _refuse_foreign_page(request)
        if operation.method == "GET" and KeyScope.READ not in viewer.scopes:
            raise Forbidden("This key lacks the scope 'read'; use a key that has it.", scope="read")
        for name, text in path.items():
            if not is_storable(text):
                raise NotFound(f"There is nothing with the {name} {text[:140]!r}.")
        call = Call(
            request=request,
            viewer=viewer,
            services=self._state.services,
            streams=self._state.streams,
            stopping=self._state.stopping,
            path=path,
        )
        if operation.before is not None:
            await operation.before(call)
        await _read(call, operation)
        return call


def answered(operation: Operation, found: object) -> Response:
    """What a handler gave, as a response."""
    if isinstance(found, Response):
        return found
    if found is None:
        return Response(status_code=204)
    return Response(orjson.dumps(wire(found)), operation.status, media_type="application/json")


async def _read(call: Call, operation: Operation) -> None:
    problems: list[Problem] = []
    if operation.query is not None:
        call.query, problems = query_of(operation.query, call.request.query_params)
    if operation.body is not None:
        given = await _json(call.request, optional=operation.body_optional)
        if given is not Nothing:
            call.body, wrong = body_of(operation.body, given)
            problems += wrong
    require_sound(problems)


Nothing: Final = object()


async def _json(request: Request, *, optional: bool) -> Any:
    text = await _bytes(request)
    if not text.strip():
        if optional:
            return Nothing
        raise Unreadable(400, "Send a JSON object as the body.")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise Unreadable(400, f"The JSON cannot be read: {problem}.") from problem


async def _bytes(request: Request) -> bytes:
    too_large = Unreadable(413, f"The body is larger than {BODY_BYTES_MAX} bytes; send less at once.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > BODY_BYTES_MAX:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def _refuse_foreign_page(request: Request) -> None:
    """A cookie goes along with what other sites' pages send; their changes are refused."""
    origin = request.headers.get("origin")
    if request.method in SAFE or origin is None or COOKIE not in request.cookies:
        return
    if urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("origin not allowed")
