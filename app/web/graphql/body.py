"""From an HTTP request to an operation, or to the status that says why not."""

import re
from typing import Any, Final

import orjson
from starlette.requests import Request as HttpRequest

from app.graph.engine.executor import Request
from app.graph.errors import coded
from app.web.graphql.persisted import PersistedDocuments
from app.web.whole_body import NotWhole, whole_body

BODY_BYTES_MAX: Final = 1024 * 1024
CHARSET: Final = re.compile(r"charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)


class BadRequest(Exception):
    """The request is not one of GraphQL over HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = coded(message, "BAD_REQUEST")


async def request_of(http: HttpRequest, persisted: PersistedDocuments) -> Request:
    """The operation a GET or POST asks for; BadRequest with its status otherwise, RequestRefused for its document."""
    if http.method == "GET":
        return request_from(_from_query(http), persisted)
    kind, _, parameters = http.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != "application/json":
        raise BadRequest(415, "Send the operation as JSON with `Content-Type: application/json`.")
    charset = CHARSET.search(parameters)
    if charset is not None and charset[1].lower() not in ("utf-8", "utf8"):
        raise BadRequest(415, "Send the JSON in UTF-8.")
    if http.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadRequest(415, "Send the body without a content encoding.")
    try:
        body = await whole_body(http, bytes_max=BODY_BYTES_MAX)
    except NotWhole as problem:
        raise BadRequest(problem.status, problem.message) from problem
    return request_from(_parsed(body), persisted)


def request_from(given: object, persisted: PersistedDocuments) -> Request:
    """The operation in a parsed JSON value; unknown members are ignored."""
    if not isinstance(given, dict):
        raise BadRequest(400, "The body must be a JSON object with a member `query`.")
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest(400, "`variables` must be a JSON object or null.")
    if name is not None and not isinstance(name, str):
        raise BadRequest(400, "`operationName` must be a string or null.")
    extensions = given.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise BadRequest(400, "`extensions` must be a JSON object or null.")
    key = _hash_in(extensions or {}, given)
    if (query is not None or key is None) and (not isinstance(query, str) or not query.strip()):
        raise BadRequest(400, "`query` must be a string that holds a GraphQL document.")
    return Request(query=persisted.text(query, key), variables=variables, operation_name=name or None)


def _hash_in(extensions: dict[str, Any], given: dict[str, Any]) -> str | None:
    """The hash of a persisted document, as `extensions.persistedQuery` or as `documentId` in place of `query`."""
    asked = extensions.get("persistedQuery")
    if asked is not None:
        if not isinstance(asked, dict) or type(asked.get("version")) is not int or asked["version"] != 1:
            raise BadRequest(400, "`extensions.persistedQuery` must be an object with `version` 1 and `sha256Hash`.")
        key = asked.get("sha256Hash")
        if not isinstance(key, str) or not key:
            raise BadRequest(400, "`extensions.persistedQuery.sha256Hash` must be a string that is not empty.")
        return key
    key = given.get("documentId")
    if given.get("query") is not None or key is None:
        return None
    if not isinstance(key, str) or not key:
        raise BadRequest(400, "`documentId` must be a string that is not empty.")
    return key.removeprefix("sha256:")


def _from_query(http: HttpRequest) -> dict[str, Any]:
    given: dict[str, Any] = dict(http.query_params)
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = _parsed(given[name].encode(errors="surrogatepass"))
        else:
            given.pop(name, None)
    return given


def _parsed(text: bytes) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise BadRequest(400, f"The JSON cannot be read: {problem}.") from problem
