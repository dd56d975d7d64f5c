"""The routes of the server."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from strawberry import Schema

from app.observability.metrics import Metrics
from app.web.access_log import AccessLog
from app.web.graphiql import GraphiQLPage
from app.web.graphql.endpoint import GraphQLEndpoint
from app.web.health import Health
from app.web.state import WebState
from app.web.static_files import static_routes


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
            *static_routes(),
        ],
        middleware=[Middleware(AccessLog, metrics=metrics)],
    )


async def _home(_: Request) -> Response:
    return RedirectResponse("graphql")
