"""What every refusal over HTTP must look like, whatever was wrong."""

import re
from typing import Any, Final

import httpx

# Traces of the inside that no client may ever see.
INSIDE: Final = re.compile(
    r"Traceback|File \"|asyncpg|sqlalchemy|SELECT |INSERT |UPDATE |postgres(ql)?://|pg_|\.py\b|site-packages|/tmp/",
    re.IGNORECASE,
)
KINDS: Final = ("application/json", "application/graphql-response+json")


def kind_of(response: httpx.Response) -> str:
    """The media type without its parameters."""
    return response.headers["content-type"].partition(";")[0]


def tells_nothing_inside(text: str) -> None:
    """Fail when an answer holds SQL, a DSN, a path or a stack trace."""
    found = INSIDE.search(text)
    assert found is None, f"{found!r} in {text[:500]}"


def refusal(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The one error of a refused request, after checking its whole form."""
    assert response.status_code == status, response.text[:500]
    assert kind_of(response) in KINDS
    body = response.json()
    assert list(body) == ["errors"], body
    error: dict[str, Any] = body["errors"][0]
    assert error["extensions"]["code"] == code, body
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    assert error["message"]
    tells_nothing_inside(response.text)
    return error
