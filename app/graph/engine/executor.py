"""Runs one operation: a query or mutation to its result, a subscription to a live operation."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType, execute
from graphql.execution import Executor as CoreExecutor
from graphql.execution import create_source_event_stream
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.domain.access.credentials import Scope
from app.domain.errors import Forbidden
from app.graph.context import GraphContext
from app.graph.engine.documents import Document, Documents
from app.graph.engine.plan.fields import ObjectPlan
from app.graph.engine.plan.run import Outcome, PlanRun, replayed, serially
from app.graph.errors import coded, shaped

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client sends, whatever the transport."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The response of one operation; `executed` is false when the request itself was refused."""

    body: dict[str, Any]
    executed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A subscription that listens: its events, and how each is executed; `plan` is None where the library does it."""

    executor: CoreExecutor[Any]
    plan: ObjectPlan | None
    events: AsyncIterator[Any]


class Executor:
    """Executes requests against one schema."""

    def __init__(self, schema: strawberry.Schema, *, suggestions: bool, planned: bool = True) -> None:
        """`planned` off lets the library execute everything: what plans are compared with."""
        self._planned = planned
        self.schema: GraphQLSchema = schema._schema
        self._suggestions = suggestions
        self.documents = Documents(self.schema, suggestions=suggestions)

    def operation(self, request: Request) -> tuple[Document, OperationDefinitionNode]:
        """The document and the operation that a request names; RequestRefused when it may not run."""
        document = self.documents.get(request.query)
        if document.errors:
            raise RequestRefused(list(document.errors))
        try:
            return document, document.operation(request.operation_name)
        except GraphQLError as problem:
            raise RequestRefused([problem]) from problem

    async def run(self, request: Request, context: GraphContext) -> Answer:
        """The response to a query or mutation."""
        try:
            document, operation = self.operation(request)
        except RequestRefused as refusal:
            return refusal.answer(context.request_id)
        if operation.operation is OperationType.SUBSCRIPTION:
            wrong = coded("A subscription needs a WebSocket or `Accept: text/event-stream`.", "BAD_REQUEST")
            return RequestRefused([wrong]).answer(context.request_id)
        if operation.operation is OperationType.QUERY:
            unread = may_read(context)
            if unread is not None:
                return unread.answer(context.request_id)
        outcomes: dict[str, Outcome] = {}
        if self._planned:
            data = await self._by_plan(document, request, context, outcomes)
            if data is not None:
                return Answer(body={"data": data}, executed=True)
            context.fresh_loaders()
        return answer_of(await self._by_library(document, request, context, outcomes), context.request_id)

    async def _by_plan(
        self, document: Document, request: Request, context: GraphContext, outcomes: dict[str, Outcome]
    ) -> dict[str, Any] | None:
        """The data, or None where the library has to tell what is wrong; `outcomes` says what was done by then."""
        core = self._core(document, request, context)
        if isinstance(core, list):
            return None
        assert document.plans is not None
        plan = document.plans.get(core)
        if plan is None:
            return None
        run = PlanRun(core, context, outcomes)
        try:
            return await (run.mutation(plan) if serially(core) else run.query(plan))
        except Exception as problem:
            log.debug("graphql.replayed", request_id=context.request_id, reason=repr(problem))
            return None

    async def _by_library(
        self, document: Document, request: Request, context: GraphContext, outcomes: Mapping[str, Outcome]
    ) -> ExecutionResult:
        """The library's own result; what a mutation has done already is told, not done again."""
        assert document.node is not None
        result = execute(
            self.schema,
            document.node,
            context_value=context,
            variable_values=request.variables,
            operation_name=request.operation_name,
            executor_class=StrawberryGraphQLCoreExecutionContext,
            middleware=[replayed(outcomes)] if outcomes else None,
            hide_suggestions=not self._suggestions,
        )
        return result if isinstance(result, ExecutionResult) else await result

    def _core(
        self, document: Document, request: Request, context: GraphContext
    ) -> CoreExecutor[Any] | list[GraphQLError]:
        """The library's executor of one request: its variables are read; errors where they cannot be."""
        assert document.node is not None
        return StrawberryGraphQLCoreExecutionContext.build(
            self.schema,
            document.node,
            context_value=context,
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            hide_suggestions=not self._suggestions,
        )

    async def subscribe(self, request: Request, context: GraphContext) -> Source:
        """A subscription that listens already; RequestRefused when it may not."""
        document, operation = self.operation(request)
        if operation.operation is not OperationType.SUBSCRIPTION:
            raise RequestRefused([coded("This is no subscription.", "BAD_REQUEST")])
        unread = may_read(context)
        if unread is not None:
            raise unread
        executor = self._core(document, request, context)
        if isinstance(executor, list):
            raise RequestRefused(executor)
        opened = create_source_event_stream(executor)
        events = await opened if executor.is_awaitable(opened) else opened
        if isinstance(events, ExecutionResult):
            raise RequestRefused(list(events.errors or ()))
        assert document.plans is not None
        plan = document.plans.get(executor) if self._planned else None
        return Source(executor=executor, plan=plan, events=events)  # type: ignore[arg-type]  # graphql-core types an iterable, ours iterates


class RequestRefused(Exception):
    """The request did not come to execution."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors

    def answer(self, request_id: str) -> Answer:
        """The response that tells why."""
        return Answer(body={"errors": [shaped(e, request_id) for e in self.errors]}, executed=False)


def may_read(context: GraphContext) -> RequestRefused | None:
    """A refusal for a key that may not read; what a mutation may do is decided by its service."""
    if Scope.READ in context.viewer.scopes:
        return None
    return RequestRefused([coded("This key lacks the scope 'read'; use a key that has it.", Forbidden.code)])


def answer_of(result: ExecutionResult, request_id: str) -> Answer:
    """The response of a result; errors without a path mean that nothing was executed."""
    if not result.errors:
        return Answer(body={"data": result.data}, executed=True)
    errors = [shaped(error, request_id) for error in result.errors]
    executed = result.data is not None or any(error.path is not None for error in result.errors)
    body: dict[str, Any] = {"errors": errors}
    if executed:
        body["data"] = result.data
    return Answer(body=body, executed=executed)
