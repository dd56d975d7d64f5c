"""The shape of errors on the GraphQL surface: a code, a request id, the facts, and nothing of the inside."""

from typing import Any, Final

import strawberry
import structlog
from graphql import GraphQLError, GraphQLSyntaxError

from app.domain.errors import BadInput, Conflict, Forbidden, NotFound, TaskloomError

log = structlog.get_logger(__name__)

CODE_OF_KIND: Final = "taskloom_code"
AS_DATA: Final = (BadInput, NotFound, Conflict, Forbidden)


@strawberry.type(description="Why a mutation changed nothing, for a reason its caller can mend.")
class UserError:
    """A foreseeable refusal, as data."""

    code: str = strawberry.field(description="A stable code, such as NOT_FOUND, CONFLICT or LEASE_LOST.")
    message: str = strawberry.field(description="What was wrong, what is allowed and what to do next.")
    field: str | None = strawberry.field(description="The input field at fault, if one is.")
    reason: str | None = strawberry.field(
        default=None, description="Which of the cases of its code this is, if there are several."
    )

    @classmethod
    def of(cls, problem: TaskloomError) -> "UserError":
        """The refusal as data."""
        reason = problem.facts.get("reason")
        return cls(
            code=problem.code,
            message=problem.message,
            field=problem.field,
            reason=reason if isinstance(reason, str) else None,
        )


def coded(message: str, code: str) -> GraphQLError:
    """An error of the request itself, with its code."""
    return GraphQLError(message, extensions={CODE_OF_KIND: code})


def refusing(problem: TaskloomError) -> GraphQLError:
    """A refusal of ours, with its facts, where the library raises none."""
    return GraphQLError(problem.message, original_error=problem)


def shaped(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """The error as clients see it; anything unforeseen is logged and hidden."""
    answer = dict(error.formatted)
    message, extensions = _told(error, request_id)
    answer["message"] = message
    answer["extensions"] = {**extensions, "requestId": request_id}
    return answer


def _told(error: GraphQLError, request_id: str) -> tuple[str, dict[str, object]]:
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, TaskloomError):
        facts = dict(cause.facts)
        if cause.field is not None:
            facts["field"] = cause.field
        return cause.message, {"code": cause.code, **facts}
    given = dict(error.extensions or {})
    if CODE_OF_KIND in given:
        return error.message, {"code": given[CODE_OF_KIND]}
    if isinstance(error, GraphQLSyntaxError):
        return error.message, {"code": "GRAPHQL_PARSE_FAILED"}
    if cause is None or isinstance(cause, GraphQLError):
        # The library refuses a variable's or argument's value, or a result it cannot complete.
        return error.message, {"code": "BAD_USER_INPUT" if error.path is None else "INTERNAL_SERVER_ERROR"}
    log.error("graphql.resolver_failed", request_id=request_id, path=error.path, exc_info=cause)
    return "Something went wrong on our side; the request id helps us to find it.", {"code": "INTERNAL_SERVER_ERROR"}
