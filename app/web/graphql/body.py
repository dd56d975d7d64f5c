"""From an HTTP request to an operation, or to the status that says why not."""

import re
from typing import Any, Final

import orjson
from starlette.requests import Request as HttpRequest

from app.graph.engine.executor import Request
from app.graph.errors import coded

BODY_BYTES_MAX: Final = 1024 * 1024
CHARSET: Final = re.compile(r"charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)


class BadRequest(Exception):
    """The request is not one of GraphQL over HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = coded(message, "BAD_REQUEST")


async def request_of(http: HttpRequest) -> Request:
    """The operation a GET or POST asks for; BadRequest with its status otherwise."""
    if http.method == "GET":
        return _from_query(http)
    kind, _, parameters = http.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != "application/json":
        raise BadRequest(415, "Send the operation as JSON with `Content-Type: application/json`.")
    charset = CHARSET.search(parameters)
    if charset is not None and charset[1].lower() not in ("utf-8", "utf8"):
        raise BadRequest(415, "Send the JSON in UTF-8.")
    if http.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadRequest(415, "Send the body without a content encoding.")
    return request_from(_parsed(await _body(http)))


def request_from(given: object) -> Request:
    """The operation in a parsed JSON value; unknown members are ignored."""
    if not isinstance(given, dict):
        raise BadRequest(400, "The body must be a JSON object with a member `query`.")
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise BadRequest(400, "`query` must be a string that holds a GraphQL document.")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest(400, "`variables` must be a JSON object or null.")
    if name is not None and not isinstance(name, str):
        raise BadRequest(400, "`operationName` must be a string or null.")
    extensions = given.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise BadRequest(400, "`extensions` must be a JSON object or null.")
    return Request(query=query, variables=variables, operation_name=name or None)


def _from_query(http: HttpRequest) -> Request:
    given: dict[str, Any] = dict(http.query_params)
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = _parsed(given[name].encode(errors="surrogatepass"))
        else:
            given.pop(name, None)
    return request_from(given)


async def _body(http: HttpRequest) -> bytes:
    too_large = BadRequest(413, f"The body is larger than {BODY_BYTES_MAX} bytes; send less at once.")
    declared = http.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > BODY_BYTES_MAX:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    async for chunk in http.stream():
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def _parsed(text: bytes) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise BadRequest(400, f"The JSON cannot be read: {problem}.") from problem
