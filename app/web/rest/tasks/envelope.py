"""Errors of the tasks API: a status and `{"error": text}`, nothing else."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import orjson
from starlette.responses import Response

from app.domain.errors import (
    BadInput,
    Conflict,
    CursorExpired,
    Forbidden,
    HeldByAnother,
    NotFound,
    RateLimited,
    ServiceUnavailable,
    TaskloomError,
    TooLarge,
    Unauthenticated,
)
from app.web.identify import CHALLENGE
from app.web.rest.operation import Operation

# The first class that fits decides.
STATUS_OF: Final[Mapping[type[TaskloomError], int]] = {
    Unauthenticated: 401,
    Forbidden: 403,
    HeldByAnother: 403,
    NotFound: 404,
    Conflict: 409,
    CursorExpired: 410,
    TooLarge: 413,
    BadInput: 422,
    RateLimited: 429,
    ServiceUnavailable: 503,
}
# What the graph calls these is no word of this API.
WIRE_NAMES: Final[Mapping[str, str]] = {
    "agentSessionId": "X-AGH-Session-ID",
    "approveTask": "approve",
    "clearOwner": "clear_owner",
    "dependsOnTaskId": "depends_on_task_id",
    "idempotencyKey": "idempotency_key",
    "leaseEpoch": "lease epoch",
    "leaseSeconds": "lease_seconds",
    "maxAttempts": "max_attempts",
    "networkChannel": "network_channel",
    "publishTask": "publish",
    "requiredCapabilities": "required_capabilities",
    "sessionId": "session_id",
    "startTask": "start",
    "workspaceId": "workspace_id",
}
NAMES: Final = re.compile(r"\b(?:" + "|".join(WIRE_NAMES) + r")\b")


class TasksEnvelope:
    """Says no in the tasks API's words."""

    def failed(self, problem: TaskloomError, operation: Operation) -> Response:
        """A refusal that the domain knows."""
        status = next((code for kind, code in STATUS_OF.items() if isinstance(problem, kind)), 500)
        headers = dict(CHALLENGE) if status == 401 else {"Retry-After": "1"} if status in (429, 503) else {}
        if status == 422:
            status = operation.invalid_status
        return self.refused(status, NAMES.sub(lambda found: WIRE_NAMES[found[0]], problem.message), headers)

    def refused(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """A refusal of the transport; what went wrong on our side is not told."""
        return refusal(status, HTTPStatus(status).phrase if status >= 500 else message, headers)


def refusal(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """The envelope."""
    return Response(orjson.dumps({"error": text}), status, headers, media_type="application/json")
