"""How an operation of the tasks API is declared: in one line what is its own, the rest is the same for all."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from app.web.rest.call import Call
from app.web.rest.operation import Operation

MEANINGS: Final[Mapping[int, str]] = {
    400: "The body is no JSON, or is missing.",
    401: "The credential, or the calling agent's identity, is missing or does not hold.",
    403: "The caller may not do this.",
    404: "There is no such thing for this caller.",
    408: "The caller went away while it waited.",
    409: "The state of things does not allow this now.",
    410: "What follows this event is no longer kept.",
    413: "The body, or a JSON value in it, is too large.",
    422: "A value breaks a published rule.",
    500: "Something went wrong on our side.",
    503: "The server cannot answer now; trying again later is right.",
}


def declared(
    id: str,
    route: str,
    summary: str,
    handler: Callable[[Call], Awaitable[object]],
    status: int,
    answer: type | None,
    refusals: Sequence[int],
    **more: Any,
) -> Operation:
    """An operation; besides these refusals it may give those that any may."""
    method, path = route.split(" ")
    invalid = more.get("invalid_status", 422)
    with_body = {400, 413} if "body" in more else set()
    known = {401, 403, invalid, 500, 503, *refusals, *with_body}
    return Operation(
        id=id,
        method=method,
        path=path,
        summary=summary,
        handler=handler,
        status=status,
        answer=answer,
        errors={code: MEANINGS[code] for code in sorted(known)},
        **more,
    )
