"""Errors of the routes for files: `detail`, a stable `code`, and `context` where it helps; 422 lists every problem."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import orjson
from starlette.responses import Response

from app.domain.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    RateLimited,
    ServiceUnavailable,
    TaskloomError,
    TooLarge,
    Unauthenticated,
)
from app.domain.invalid import InvalidInput
from app.domain.problems import Problem
from app.web.identify import CHALLENGE
from app.web.rest.operation import Operation

# The first class that fits decides.
STATUS_OF: Final[Mapping[type[TaskloomError], int]] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    BadInput: 422,
    RateLimited: 429,
    ServiceUnavailable: 503,
}
CODE_OF_STATUS: Final[Mapping[int, str]] = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    413: "too_large",
    429: "rate_limited",
    503: "service_unavailable",
}


class DataEnvelope:
    """Says no in the workspaces API's form."""

    def failed(self, problem: TaskloomError, operation: Operation) -> Response:
        """A refusal that the domain knows."""
        status = next((code for kind, code in STATUS_OF.items() if isinstance(problem, kind)), 500)
        if status == 422:
            return _listed(problem, "query" if operation.method == "GET" else "body")
        headers = dict(CHALLENGE) if status == 401 else {"Retry-After": "1"} if status in (429, 503) else {}
        reason = problem.facts.get("reason")
        code = reason if isinstance(reason, str) else CODE_OF_STATUS.get(status)
        if status == 404 and not isinstance(reason, str):
            code = f"{operation.segments[2].removesuffix('s')}_not_found"
        message = HTTPStatus(500).phrase if status == 500 else problem.message
        return _body(status, {"detail": message, "code": code, "context": None}, headers)

    def refused(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """A refusal of the transport; what went wrong on our side is not told."""
        text = HTTPStatus(status).phrase if status >= 500 else message
        return _body(status, {"detail": text, "code": CODE_OF_STATUS.get(status), "context": None}, headers)


def _listed(problem: TaskloomError, where: str) -> Response:
    problems: Sequence[Problem] = (
        problem.problems
        if isinstance(problem, InvalidInput)
        else [Problem(() if problem.field is None else (problem.field,), "value_error", problem.message)]
    )
    items = [{"loc": [where, *one.loc], "msg": one.message, "type": one.code} for one in problems]
    return _body(422, {"detail": items})


def _body(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, media_type="application/json")
