"""The routes of the server."""

from typing import Final

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from strawberry import Schema

from app.graph.errors import coded, shaped
from app.observability.metrics import Metrics
from app.web.access_log import AccessLog
from app.web.cors import Cors
from app.web.graphiql import GraphiQLPage
from app.web.graphql.endpoint import GraphQLEndpoint
from app.web.health import Health
from app.web.openapi import openapi_routes
from app.web.request_id import request_id_of
from app.web.rest.data.table import data_api
from app.web.rest.tasks.table import tasks_api
from app.web.rest.workspaces.table import workspaces_api
from app.web.state import WebState
from app.web.static_files import static_routes

MESSAGES: Final = {
    404: ("There is nothing here.", "NOT_FOUND"),
    405: ("This path does not answer that method.", "BAD_REQUEST"),
}


def build_site(schema: Schema, state: WebState, health: Health, metrics: Metrics) -> Starlette:
    """The ASGI application."""
    endpoint = GraphQLEndpoint(schema, state, GraphiQLPage())
    return Starlette(
        routes=[
            Route("/", _home),
            Route("/graphql", endpoint),
            WebSocketRoute("/graphql", endpoint),
            Route("/healthz", health.live),
            Route("/readyz", health.ready),
            Route("/metrics", health.show_metrics),
            data_api(state),
            tasks_api(state),
            workspaces_api(state),
            *openapi_routes(),
            *static_routes(),
        ],
        # Outermost, so that a page of an allowed origin can read every answer, failures too.
        middleware=[
            *([Middleware(Cors, origins=state.origins)] if state.origins else []),
            Middleware(AccessLog, metrics=metrics),
        ],
        exception_handlers={HTTPException: _refused},
    )


async def _refused(request: Request, problem: Exception) -> Response:
    """What no route takes is refused in the same form as everything else."""
    assert isinstance(problem, HTTPException)
    message, code = MESSAGES.get(problem.status_code, (problem.detail, "BAD_REQUEST"))
    body = {"errors": [shaped(coded(message, code), request_id_of(request))]}
    return Response(orjson.dumps(body), problem.status_code, problem.headers, media_type="application/json")


async def _home(_: Request) -> Response:
    return RedirectResponse("graphql")
