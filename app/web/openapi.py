"""The description of the REST APIs as OpenAPI 3.1, made from the table that their routes are made from."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.web.docs_page import DocsPage
from app.web.rest.operation import Operation
from app.web.rest.shape import Schemas, bare, hints_of, required_of
from app.web.rest.tasks import identity, shapes
from app.web.rest.tasks.table import OPERATIONS

PREFIX: Final = "#/components/schemas/"
JSON: Final = "application/json"
SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or token."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "vai_token"},
}
ABOUT: Final = "Durable work that workers claim under a lease; the same operations as in GraphQL."


def described(operations: Sequence[Operation] = OPERATIONS, error: type = shapes.Error) -> dict[str, Any]:
    """The whole document."""
    schemas = Schemas(PREFIX)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas, error)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {"title": "Taskloom", "version": "1.0.0", "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{name: []} for name in SECURITY],
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.named.items())), "securitySchemes": SECURITY},
    }


def openapi_routes() -> Sequence[BaseRoute]:
    """`/openapi.json` for programs, `/docs` for people."""
    document = described()
    encoded = orjson.dumps(document)

    async def show(_: Request) -> Response:
        return Response(encoded, media_type=JSON, headers={"Cache-Control": "no-cache"})

    return [Route("/openapi.json", show), Route("/docs", DocsPage(document).respond)]


def _operation(operation: Operation, schemas: Schemas, error: type) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.segments[1]],
        "parameters": _parameters(operation, schemas),
        "responses": _responses(operation, schemas, error),
    }
    if operation.body is not None:
        found["requestBody"] = {
            "required": not operation.body_optional,
            "content": {JSON: {"schema": schemas.of(operation.body)}},
        }
    return found


def _parameters(operation: Operation, schemas: Schemas) -> list[dict[str, Any]]:
    text = {"type": "string"}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": text} for name in operation.parameters
    ]
    if operation.query is not None:
        required = required_of(operation.query)
        for name, hint in hints_of(operation.query).items():
            schema = _inlined(schemas, hint)
            found.append({"name": name, "in": "query", "required": name in required, "schema": schema})
    for name, meaning in operation.headers.items():
        required_header = operation.before is not None and name not in identity.OPTIONAL_HEADERS
        found.append(
            {"name": name, "in": "header", "required": required_header, "schema": text, "description": meaning}
        )
    return found


def _inlined(schemas: Schemas, hint: Any) -> Mapping[str, Any]:
    """Words of a query stand where they are used."""
    kind, _ = bare(hint)
    schema = schemas.of(hint)
    if "$ref" not in schema:
        return schema
    named: dict[str, Any] = schemas.named[kind.__name__]
    return {"type": named["type"], "enum": named["enum"]}


def _responses(operation: Operation, schemas: Schemas, error: type) -> dict[str, Any]:
    done: dict[str, Any] = {"description": operation.summary}
    if operation.answer is not None:
        done["content"] = {operation.media_type: {"schema": schemas.of(operation.answer)}}
    found = {str(operation.status): done}
    if operation.nothing is not None:
        found["204"] = {"description": operation.nothing}
    refused = {JSON: {"schema": schemas.of(error)}}
    for status, meaning in operation.errors.items():
        found[str(status)] = {"description": meaning, "content": refused}
    return dict(sorted(found.items()))
