"""How a REST call is answered: credential, identity, query, body, handler; refusals in the API's own envelope."""

from collections.abc import Mapping
from typing import Final, Protocol

import orjson
import structlog
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from app.domain.access.credentials import Scope as KeyScope
from app.domain.errors import Forbidden, NotFound, TaskloomError
from app.domain.invalid import require_sound
from app.domain.problems import Problem
from app.domain.text import is_storable
from app.web.identify import forgeable, viewer_of
from app.web.request_id import request_id_of
from app.web.rest.call import Call
from app.web.rest.operation import Methods, Operation
from app.web.rest.parse import body_of, query_of
from app.web.rest.shape import TERSE, Notation, wire
from app.web.state import WebState
from app.web.whole_body import NotWhole, whole_body

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


class Reading(Protocol):
    """How an API reads what is sent; what is wrong is gathered, and refused when all of it is known."""

    @property
    def notation(self) -> Notation:
        """How it writes."""

    def path(self, given: Mapping[str, str]) -> list[Problem]:
        """What is wrong with the names in the path."""

    def query(self, kind: type, given: QueryParams) -> tuple[object | None, list[Problem]]:
        """The query that an operation declares, or what is wrong with it."""

    def body(self, operation: Operation, text: bytes) -> tuple[object | None, frozenset[str], list[Problem]]:
        """The body, the members that were sent, and what is wrong."""

    def require_sound(self, problems: list[Problem]) -> None:
        """Pass, or refuse with all problems."""


class Lenient:
    """Strings are trimmed, words may be in any case, null is the same as absent."""

    notation = TERSE

    def path(self, given: Mapping[str, str]) -> list[Problem]:
        """An id that cannot exist is an unknown one."""
        for name, text in given.items():
            if not is_storable(text):
                raise NotFound(f"There is nothing with the {name} {text[:140]!r}.")
        return []

    def query(self, kind: type, given: QueryParams) -> tuple[object | None, list[Problem]]:
        """A blank value is none."""
        return query_of(kind, given)

    def body(self, operation: Operation, text: bytes) -> tuple[object | None, frozenset[str], list[Problem]]:
        """What is no JSON is not even looked at."""
        assert operation.body is not None
        if not text.strip():
            if operation.body_optional:
                return None, frozenset(), []
            raise Unreadable(400, "Send a JSON object as the body.")
        try:
            given = orjson.loads(text)
        except orjson.JSONDecodeError as problem:
            raise Unreadable(400, f"The JSON cannot be read: {problem}.") from problem
        found, problems = body_of(operation.body, given)
        return found, frozenset(given) if isinstance(given, dict) else frozenset(), problems

    def require_sound(self, problems: list[Problem]) -> None:
        """InvalidInput names them all."""
        require_sound(problems)


class Answering:
    """Answers the calls of one API."""

    def __init__(self, state: WebState, envelope: Envelope, reading: Reading | None = None) -> None:
        self._state = state
        self._envelope = envelope
        self._reading = reading or Lenient()

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
            return answered(operation, await operation.handler(call), self._reading.notation)
        except TaskloomError as problem:
            return self._envelope.failed(problem, operation)
        except (Unreadable, NotWhole) as problem:
            return self._envelope.refused(problem.status, problem.message)
        except Exception as problem:
            log.error("rest.failed", request_id=request_id_of(request), operation=operation.id, exc_info=problem)
            return self._envelope.refused(500, "Internal Server Error")

    async def _call(self, request: Request, operation: Operation, path: Mapping[str, str]) -> Call:
        viewer = await viewer_of(request, self._state.services.auth)
        if request.method not in SAFE and forgeable(request, self._state.origins):
            raise Forbidden("origin not allowed")
        if operation.method == "GET" and KeyScope.READ not in viewer.scopes:
            raise Forbidden("This key lacks the scope 'read'; use a key that has it.", scope="read")
        problems = self._reading.path(path)
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
        await self._read(call, operation, problems)
        return call

    async def _read(self, call: Call, operation: Operation, problems: list[Problem]) -> None:
        if operation.query is not None:
            call.query, wrong = self._reading.query(operation.query, call.request.query_params)
            problems += wrong
        if operation.body is not None:
            # Not every API here has published an answer to a sender that falls silent.
            text = await whole_body(call.request, bytes_max=BODY_BYTES_MAX, seconds_max=None)
            call.body, call.sent, wrong = self._reading.body(operation, text)
            problems += wrong
        self._reading.require_sound(problems)


def answered(operation: Operation, found: object, notation: Notation = TERSE) -> Response:
    """What a handler gave, as a response."""
    if isinstance(found, Response):
        return found
    if found is None:
        return Response(status_code=204)
    return Response(orjson.dumps(wire(found, notation)), operation.status, media_type="application/json")
