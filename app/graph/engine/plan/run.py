"""One execution of a plan, and the plans that were made so far of one document."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Final

from graphql import DocumentNode, OperationType, VariableNode, visit
from graphql.execution import Executor as CoreExecutor
from graphql.execution.values import get_argument_values
from graphql.language import Visitor
from graphql.pyutils import Path

from app.graph.context import GraphContext
from app.graph.engine.plan.compiler import Compiler
from app.graph.engine.plan.fields import Asked, ObjectPlan, Resolved
from app.graph.engine.plan.unplanned import Unplanned
from app.loaders.registry import Loaders

# Of one document: each operation, for each outcome of its conditions.
PLANS_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a root field of a mutation came to: it is never asked again."""

    value: Any = None
    error: Exception | None = None

    def told(self) -> Any:
        """The value, or the error raised."""
        if self.error is not None:
            raise self.error
        return self.value


@dataclass(slots=True, eq=False)
class PlanRun:
    """What the fields of a plan are given while it runs."""

    executor: CoreExecutor[Any]
    context: GraphContext
    # Of a mutation, the root fields that were carried out, by response key.
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    _infos: dict[Asked, Any] = field(default_factory=dict)

    @property
    def loaders(self) -> Loaders:
        """The loaders as they are now: a mutation replaces them when something changed."""
        return self.context.loaders

    def info_of(self, asked: Asked) -> Any:
        """What the resolvers of a field are given; one for all parents, so without their places in lists."""
        known = self._infos.get(asked)
        if known is None:
            nodes = [details.node for details in asked.details]
            path = Path(None, asked.key, asked.parent.name)
            known = self._infos[asked] = self.executor.build_resolve_info(asked.definition, nodes, asked.parent, path)
        return known

    def resolver_of(self, asked: Asked) -> Callable[[Any], Any]:
        """The field's resolver with its arguments, to be called with each parent."""
        first = asked.details[0]
        definition = asked.definition
        arguments: dict[str, Any] = {}
        if definition.args or first.node.arguments:
            arguments = get_argument_values(
                definition,
                first.node,
                self.executor.variable_values,
                first.fragment_variable_values,
                self.executor.hide_suggestions,
            )
        resolve = definition.resolve or self.executor.field_resolver
        info = self.info_of(asked)
        return lambda parent: resolve(parent, info, **arguments)

    async def query(self, plan: ObjectPlan, root: Any = None) -> dict[str, Any]:
        """The data of a query, or of one event of a subscription."""
        (answer,) = await plan.later([root], self)
        return answer

    async def mutation(self, plan: ObjectPlan, root: Any = None) -> dict[str, Any]:
        """The data of a mutation: its root fields one after the other, each exactly once."""
        answer: dict[str, Any] = {}
        for one in plan.fields:
            if isinstance(one, Resolved):
                answer[one.key] = await one.complete(await self._carried_out(one, root), self)
            else:
                (answer[one.key],) = one.now([root], self)
        return answer

    async def _carried_out(self, one: Resolved, root: Any) -> Any:
        try:
            value = one.resolve(root, self)
            if isawaitable(value):
                value = await value
        except Exception as problem:
            self.outcomes[one.key] = Outcome(error=problem)
            raise
        self.outcomes[one.key] = Outcome(value=value)
        return value


class Plans:
    """The plans of one document."""

    __slots__ = ("_conditions", "_known")

    def __init__(self, node: DocumentNode) -> None:
        self._conditions = _condition_variables(node)
        # None: the library had better execute this one.
        self._known: OrderedDict[tuple[object, ...], ObjectPlan | None] = OrderedDict()

    def __len__(self) -> int:
        """How many plans are remembered."""
        return len(self._known)

    def get(self, executor: CoreExecutor[Any]) -> ObjectPlan | None:
        """The plan for the operation and the conditions of this request; None if there can be none."""
        coerced: Mapping[str, Any] = executor.variable_values.coerced
        name = executor.operation.name
        key = (name and name.value, *[coerced.get(variable) for variable in self._conditions])
        if key in self._known:
            return self._known[key]
        try:
            # Of a copy that holds nothing of this request: the plan outlives it.
            lasting = copy(executor)
            lasting.context_value = None
            plan = Compiler(lasting).root()
        except Unplanned:
            plan = None
        self._known[key] = plan
        while len(self._known) > PLANS_MAX:
            self._known.popitem(last=False)
        return plan


def serially(executor: CoreExecutor[Any]) -> bool:
    """Whether the root fields of the operation change something, one after the other."""
    return executor.operation.operation is OperationType.MUTATION


def replayed(outcomes: Mapping[str, Outcome]) -> Callable[..., Any]:
    """A middleware for the library: what was carried out is told, not done again."""

    def middleware(resolve: Callable[..., Any], root: Any, info: Any, **arguments: Any) -> Any:
        if info.path.prev is None and info.path.key in outcomes:
            return outcomes[info.path.key].told()
        return resolve(root, info, **arguments)

    return middleware


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}

    def enter_directive(self, node: Any, *_: Any) -> None:
        for argument in node.arguments:
            if isinstance(argument.value, VariableNode):
                self.found[argument.value.name.value] = None


def _condition_variables(node: DocumentNode) -> tuple[str, ...]:
    conditions = _Conditions()
    visit(node, conditions)
    return tuple(conditions.found)
