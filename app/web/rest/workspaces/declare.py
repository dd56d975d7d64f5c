"""How an operation of the workspaces API is declared: what is its own, the rest follows from its route."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from app.web.rest.call import Call
from app.web.rest.operation import Operation

BASE: Final = "/api/v1/workspaces"
MEANINGS: Final[Mapping[int, str]] = {
    401: "The credential is missing or does not hold.",
    403: "The caller may see this, but not do it.",
    404: "There is no such thing for this caller.",
    409: "The state of things does not allow this now.",
    413: "The body is too large.",
    422: "Something that was sent breaks a rule; all that is known of it is listed.",
    500: "Something went wrong on our side.",
    503: "The server cannot answer now; trying again later is right.",
}


def declared(
    name: str,
    route: str,
    summary: str,
    handler: Callable[[Call], Awaitable[object]],
    answer: type | None,
    *,
    status: int = 200,
    conflicts: bool = False,
    **more: Any,
) -> Operation:
    """An operation below BASE; `conflicts` says that the state of things may forbid it."""
    method, _, tail = route.partition(" ")
    path = BASE + tail
    known = {401, 403, 422, 500, 503}
    # A new workspace may be made of things that are not there.
    known |= {404} if "{" in tail or "body" in more else set()
    known |= {409} if conflicts else set()
    known |= {413} if "body" in more else set()
    return Operation(
        # As the published server makes its ids of them.
        id=re.sub(r"\W", "_", f"{name}{path}_{method.lower()}"),
        method=method,
        path=path,
        summary=summary,
        handler=handler,
        status=204 if answer is None else status,
        answer=answer,
        errors={code: MEANINGS[code] for code in sorted(known)},
        **more,
    )
