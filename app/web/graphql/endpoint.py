"""The /graphql endpoint: Strawberry's ASGI view with the parts replaced in which it falls short."""

from typing import Any, Final

import orjson
from graphql import OperationType
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry import Schema
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Forbidden, RateLimited, ServiceUnavailable, TaskloomError, Unauthenticated
from app.graph.context import GraphContext
from app.graph.engine.encoding import encoded
from app.graph.engine.executor import Answer, Request, RequestRefused
from app.graph.errors import coded, refusing, shaped
from app.web.graphiql import GraphiQLPage
from app.web.graphql import sse
from app.web.graphql.body import BadRequest, request_of
from app.web.graphql.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON, chosen, wants_html
from app.web.graphql.socket import Socket
from app.web.identify import CHALLENGE, PREFLIGHT_HEADERS, by_cookie_from_elsewhere, forgeable, viewer_of
from app.web.request_id import request_id_of
from app.web.state import WebState

STATUS_OF: Final = {Unauthenticated: 401, Forbidden: 403, RateLimited: 429, ServiceUnavailable: 503}
ASKING: Final = frozenset({"query", "extensions", "documentId"})
FORGEABLE: Final = (
    "A page of another origin could have sent this with the user's cookie. Send a key in a header; or, from a page "
    f"that may use the cookie, POST JSON or add one of {', '.join(PREFLIGHT_HEADERS)}."
)


class GraphQLEndpoint(GraphQL[Any, Any]):
    """GET and POST by our own rules, WebSockets by our own protocol handler."""

    def __init__(self, schema: Schema, state: WebState, page: GraphiQLPage) -> None:
        super().__init__(schema, subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL], graphql_ide=None)
        self._state = state
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one socket."""
        if scope["type"] == "websocket":
            await self._socket(WebSocket(scope, receive=receive, send=send))
            return
        request = HttpRequest(scope, receive)
        response = await self._respond(request)
        if request.method == "GET":
            # Whoever asks next may be somebody else, and a hash that is unknown now may be known then.
            response.headers.setdefault("cache-control", "no-store")
        await response(scope, receive, send)

    async def _socket(self, ws: WebSocket) -> None:
        if by_cookie_from_elsewhere(ws, self._state.origins):
            await ws.close(code=1008)
            return
        protocol = await self.pick_websocket_subprotocol(ws)
        await ws.accept(subprotocol=protocol)
        if protocol is None:
            await ws.close(4406, "Subprotocol not acceptable")
            return
        await Socket(ws, self._state).serve()

    async def _respond(self, http: HttpRequest) -> Response:
        request_id = request_id_of(http)
        if http.method not in ("GET", "POST"):
            return _refused(405, "Use POST, or GET for queries.", request_id, JSON, {"Allow": "GET, POST"})
        accept = ",".join(http.headers.getlist("accept"))
        if http.method == "GET" and wants_html(accept) and not ASKING & http.query_params.keys():
            if not self._state.graphiql:
                return _refused(404, "There is no page here.", request_id, JSON)
            return await self._page.respond(http)
        kind = chosen(accept)
        if kind is None:
            return _refused(406, f"Accept {JSON}, {GRAPHQL_JSON} or {EVENT_STREAM}.", request_id, JSON)
        try:
            if forgeable(http, self._state.origins):
                raise Forbidden(FORGEABLE)
            viewer = await viewer_of(http, self._state.services.auth)
            request = await request_of(http, self._state.persisted)
        except BadRequest as problem:
            return _refused(problem.status, problem.error.message, request_id, kind)
        except RequestRefused as refusal:
            return _answered(refusal.answer(request_id), kind)
        except TaskloomError as problem:
            return _failed(problem, request_id, kind)
        return await self._execute(http, request, viewer, kind)

    async def _execute(self, http: HttpRequest, request: Request, viewer: Viewer, kind: str) -> Response:
        request_id = request_id_of(http)
        context = self._state.context(viewer, request_id)
        try:
            _, operation = self._state.executor.operation(request)
        except RequestRefused as refusal:
            return _answered(refusal.answer(request_id), kind)
        if http.method == "GET" and operation.operation is OperationType.MUTATION:
            return _refused(405, "GET changes nothing; send a mutation by POST.", request_id, kind, {"Allow": "POST"})
        if operation.operation is OperationType.SUBSCRIPTION and kind == EVENT_STREAM:
            return await self._stream(http, request, context)
        return _answered(await self._state.executor.run(request, context), kind)

    async def _stream(self, http: HttpRequest, request: Request, context: GraphContext) -> Response:
        """The headers leave when the subscription listens: a write made after that is seen."""
        try:
            context.resume_after = _last_event_id(http)
            live = await self._state.live.open(request, context)
        except RequestRefused as refusal:
            return _answered(refusal.answer(context.request_id), EVENT_STREAM)
        except TaskloomError as problem:
            wrong = RequestRefused([refusing(problem)])
            return _answered(wrong.answer(context.request_id), EVENT_STREAM)
        return sse.EventStream(live, self._state.stopping, context.request_id)


def _last_event_id(http: HttpRequest) -> int | None:
    """Where an interrupted stream was left; one that is no cursor is refused, for the stream would skip events."""
    given = http.headers.get("last-event-id", "").strip()
    if given and not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise BadInput("Last-Event-ID is no cursor of an event; send back the id of the last event you got.")
    return int(given) if given else None


def _answered(answer: Answer, kind: str) -> Response:
    body = encoded(answer.body)
    if kind == EVENT_STREAM:
        return sse.single(body)
    status = 400 if kind == GRAPHQL_JSON and not answer.executed else 200
    headers = {}
    if _unavailable(answer):
        # Nothing was answered because the database is away: balancers and clients know this status.
        status, headers = 503, {"Retry-After": "1"}
    return Response(body, status, headers, media_type=f"{kind}; charset=utf-8" if kind == JSON else kind)


def _unavailable(answer: Answer) -> bool:
    errors = answer.body.get("errors", ())
    nothing = answer.body.get("data") is None
    return nothing and any(e["extensions"]["code"] == ServiceUnavailable.code for e in errors)


def _failed(problem: TaskloomError, request_id: str, kind: str) -> Response:
    status = next((code for cause, code in STATUS_OF.items() if isinstance(problem, cause)), 400)
    headers = dict(CHALLENGE) if status == 401 else {"Retry-After": "1"} if status == 503 else {}
    error = refusing(problem)
    return _json(status, {"errors": [shaped(error, request_id)]}, kind, headers)


def _refused(status: int, message: str, request_id: str, kind: str, headers: dict[str, str] | None = None) -> Response:
    return _json(status, {"errors": [shaped(coded(message, "BAD_REQUEST"), request_id)]}, kind, headers or {})


def _json(status: int, body: dict[str, Any], kind: str, headers: dict[str, str]) -> Response:
    shown = GRAPHQL_JSON if kind == GRAPHQL_JSON else JSON
    return Response(orjson.dumps(body), status, headers, media_type=shown)
