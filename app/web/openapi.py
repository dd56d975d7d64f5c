"""The description of the REST APIs as OpenAPI 3.1, made from the tables that their routes are made from."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.web.docs_page import DocsPage
from app.web.rest.api import Api
from app.web.rest.operation import Operation
from app.web.rest.shape import Schemas, hints_of, required_of
from app.web.rest.tasks.table import TASKS_API
from app.web.rest.workspaces.table import WORKSPACES_API

PREFIX: Final = "#/components/schemas/"
JSON: Final = "application/json"
VERSION: Final = "v1"
APIS: Final = (TASKS_API, WORKSPACES_API)
SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or token."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "vai_token"},
}
ABOUT: Final = (
    "Durable work that workers claim under a lease, and workspaces on live or copied tables; the same operations as in"
    " GraphQL."
)


def described(apis: Sequence[Api] = APIS) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    named: dict[str, Any] = {}
    for api in apis:
        description = Description(api)
        for operation in api.operations:
            paths.setdefault(operation.path, {})[operation.method.lower()] = description.of(operation)
        twice = named.keys() & description.schemas.named.keys()
        if twice:
            raise TypeError(f"shapes of several APIs are called {', '.join(sorted(twice))}")
        named |= description.schemas.named
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {"title": "Taskloom", "version": "1.0.0", "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{name: []} for name in SECURITY],
        "paths": paths,
        "components": {"schemas": dict(sorted(named.items())), "securitySchemes": SECURITY},
    }


def openapi_routes() -> Sequence[BaseRoute]:
    """`/openapi.json` for programs, `/docs` for people."""
    document = described()
    encoded = orjson.dumps(document)

    async def show(_: Request) -> Response:
        return Response(encoded, media_type=JSON, headers={"Cache-Control": "no-cache"})

    return [Route("/openapi.json", show), Route("/docs", DocsPage(document).respond)]


class Description:
    """Describes the operations of one API."""

    def __init__(self, api: Api) -> None:
        self.schemas = Schemas(PREFIX, api.notation)
        self._api = api

    def of(self, operation: Operation) -> dict[str, Any]:
        """One operation."""
        found: dict[str, Any] = {
            "operationId": operation.id,
            "summary": operation.summary,
            "tags": [next(part for part in operation.segments[1:] if part != VERSION)],
            "parameters": self._parameters(operation),
            "responses": self._responses(operation),
        }
        if operation.body is not None:
            found["requestBody"] = {
                "required": not operation.body_optional,
                "content": {JSON: {"schema": self.schemas.of(operation.body)}},
            }
        return found

    def _parameters(self, operation: Operation) -> list[dict[str, Any]]:
        place = self.schemas.of(self._api.path_parameter)
        found: list[dict[str, Any]] = [
            {"name": name, "in": "path", "required": True, "schema": place} for name in operation.parameters
        ]
        if operation.query is not None:
            shape: Any = operation.query
            required, hints = required_of(shape), hints_of(shape)
            for field in fields(shape):
                schema = self.schemas.parameter(hints[field.name]) | self.schemas.default_of(field)
                found.append({"name": field.name, "in": "query", "required": field.name in required, "schema": schema})
        for name, meaning in operation.headers.items():
            needed = operation.before is not None and name not in self._api.optional_headers
            header = {"name": name, "in": "header", "required": needed}
            found.append(header | {"schema": {"type": "string"}, "description": meaning})
        return found

    def _responses(self, operation: Operation) -> dict[str, Any]:
        done: dict[str, Any] = {"description": operation.summary}
        if operation.answer is not None:
            done["content"] = {operation.media_type: {"schema": self.schemas.of(operation.answer)}}
        found = {str(operation.status): done}
        if operation.nothing is not None:
            found["204"] = {"description": operation.nothing}
        for status, meaning in operation.errors.items():
            refused = {JSON: {"schema": self.schemas.of(self._api.refusal(status))}}
            found[str(status)] = {"description": meaning, "content": refused}
        return dict(sorted(found.items()))
