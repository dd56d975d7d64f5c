"""Errors of the workspaces API: a sentence, a stable code and facts; a list of places for what breaks a rule."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

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
    Unauthenticated,
    WorkspaceArchived,
)
from app.domain.invalid import InvalidInput
from app.domain.problems import Loc, Problem
from app.web.identify import CHALLENGE
from app.web.rest.operation import Operation
from app.web.rest.shape import wire
from app.web.rest.workspaces.reading import NOTATION, Misread
from app.web.rest.workspaces.shapes import ErrorResponse

# The first class that fits decides on the status and, where no reason is given, on the code.
STATUS_OF: Final[Mapping[type[TaskloomError], tuple[int, str]]] = {
    Unauthenticated: (401, "unauthenticated"),
    Forbidden: (403, "forbidden"),
    NotFound: (404, "not_found"),
    WorkspaceArchived: (409, "workspace_archived"),
    Conflict: (409, "conflict"),
    RateLimited: (429, "rate_limited"),
    ServiceUnavailable: (503, "service_unavailable"),
}
CODES_OF_TRANSPORT: Final[Mapping[int, str]] = {413: "body_too_large", 500: "internal_error"}
# Reasons of the domain that are published as codes.
REASONS: Final = frozenset(
    {
        "workspace_not_found",
        "chart_not_found",
        "run_not_found",
        "session_not_found",
        "task_not_found",
        "binding_not_found",
        "artifact_not_found",
        "table_not_found",
        "row_not_found",
        "share_not_found",
        "workspace_archived",
        "workspace_read_only",
        "cell_conflict",
        "task_already_bound",
        "chart_timeout",
    }
)
# Types of problems that are published; every other rule is a `value_error`.
TYPES: Final = frozenset(
    {
        "dict_type",
        "extra_forbidden",
        "greater_than_equal",
        "int_type",
        "less_than_equal",
        "list_type",
        "literal_error",
        "missing",
        "string_too_long",
        "string_too_short",
        "string_type",
        "too_long",
        "too_short",
    }
)
# What these hold is judged by the type of a column, which only the data tells.
JUDGED_BY_DATA: Final = frozenset({"newValue", "expectedOldValue", "rowIdentity"})
# Facts that speak of the graph, or that the code or the sentence tells.
UNTOLD: Final = frozenset({"reason", "problems", "id", "scope"})
# What the services call parameters of queries.
QUERY_NAMES: Final[Mapping[Loc, Loc]] = {
    ("sort", "column"): ("sort_column",),
    ("tags",): ("tag",),
    ("after",): ("cursor",),
}
NOWHERE: Final[Mapping[int, str]] = {404: "Not Found", 405: "Method Not Allowed"}


class WorkspacesEnvelope:
    """Says no in the workspaces API's words."""

    def failed(self, problem: TaskloomError, operation: Operation) -> Response:
        """A refusal that the domain knows."""
        if isinstance(problem, BadInput):
            return listed(_problems(problem, operation))
        found = (known for kind, known in STATUS_OF.items() if isinstance(problem, kind))
        status, code = next(found, (500, CODES_OF_TRANSPORT[500]))
        headers = dict(CHALLENGE) if status == 401 else {"Retry-After": "1"} if status in (429, 503) else {}
        reason = str(problem.facts.get("reason"))
        facts = {name: fact for name, fact in problem.facts.items() if name not in UNTOLD}
        text = problem.message if status < 500 or reason in REASONS else HTTPStatus(status).phrase
        return refusal(status, text, reason if reason in REASONS else code, facts, headers)

    def refused(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """A refusal of the transport; what is not there has no code either."""
        if status in NOWHERE:
            return _json(status, {"detail": NOWHERE[status]}, headers)
        text = HTTPStatus(status).phrase if status >= 500 else message
        return refusal(status, text, CODES_OF_TRANSPORT[status], {}, headers)


def refusal(
    status: int, text: str, code: str, facts: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Response:
    """The envelope."""
    error = ErrorResponse(detail=text, code=code, context=dict(facts) or None)
    return _json(status, wire(error, NOTATION), headers)


def listed(problems: Sequence[Problem]) -> Response:
    """The list of what is wrong."""
    items = [{"loc": list(one.loc), "msg": one.message, "type": one.code} for one in problems]
    return _json(422, {"detail": items})


def _problems(problem: BadInput, operation: Operation) -> Sequence[Problem]:
    if isinstance(problem, Misread):
        return problem.problems
    if isinstance(problem, InvalidInput):
        return [Problem(_place(one.loc, operation), _type(one), one.message) for one in problem.problems]
    field = tuple(int(step) if step.isdecimal() else step for step in (problem.field or "").split(".") if step)
    return [Problem(_place(field, operation), "value_error", problem.message)]


def _place(loc: Loc, operation: Operation) -> Loc:
    """Where on the wire, for a problem that a service found."""
    if operation.body is not None:
        return ("body", *loc)
    return ("query", *QUERY_NAMES.get(loc, loc)) if operation.query is not None else ("path", *loc)


def _type(problem: Problem) -> str:
    by_data = bool(problem.loc) and problem.loc[0] in JUDGED_BY_DATA
    return problem.code if problem.code in TYPES and not by_data else "value_error"


def _json(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, media_type="application/json")
