"""Compiles an operation to a plan: what the document says is looked at once, not once an object.

The library's own code decides which fields a type is asked for (fragments, `@skip`, `@include`, merging), so a plan
holds for one outcome of the conditions on variables; there is one for each that clients ask for.
"""

from collections.abc import Callable
from inspect import iscoroutinefunction, signature
from typing import Any, Final

from graphql import (
    GraphQLAbstractType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationType,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution import Executor as CoreExecutor
from graphql.execution import default_type_resolver
from graphql.execution.collect_fields import FieldDetails, GroupedFieldSet, collect_fields, collect_subfields
from graphql.type import TypeNameMetaFieldDef
from strawberry.types.field import StrawberryField

from app.graph.engine.plan.fields import Asked, Attribute, Called, Found, ObjectPlan, Related, Resolved, TypeName
from app.graph.engine.plan.leaves import leaf_column
from app.graph.engine.plan.shapes import Leaf, Many, Objects, One, OneOfMany, Shape
from app.graph.engine.plan.unplanned import Unplanned
from app.graph.relation import relation_of

DEFINITION: Final = "strawberry-definition"
# Fragments that spread each other twice make a document of twelve levels ask for a million fields, to most of which no
# object will ever come: such a one is left to the library, which looks at a field when an object is there.
FIELDS_MAX: Final = 500
# Resolvers that take nothing but the parent.
ALONE: Final = (["root"], ["self"])


class Compiler:
    """Compiles the operation of one request; what it makes serves all requests with the same conditions."""

    def __init__(self, executor: CoreExecutor[Any]) -> None:
        self._executor = executor
        self._schema = executor.schema
        self._fields = 0

    def root(self) -> ObjectPlan:
        """The plan of the operation's root type; Unplanned for one that the library had better execute."""
        operation = self._executor.operation
        kind = self._schema.get_root_type(operation.operation)
        if kind is None:
            raise Unplanned("no such root")
        executor = self._executor
        grouped = collect_fields(
            self._schema, executor.fragments, executor.variable_values, kind, operation, executor.hide_suggestions
        )
        if operation.operation is OperationType.SUBSCRIPTION and len(grouped.grouped_field_set) != 1:
            raise Unplanned("a subscription with several fields")
        return ObjectPlan([self._field(kind, key, details, root=True) for key, details in _fields(grouped)])

    def _object(self, kind: GraphQLObjectType, details: list[FieldDetails]) -> ObjectPlan:
        executor = self._executor
        grouped = collect_subfields(
            self._schema,
            executor.fragments,
            executor.variable_values,
            executor.operation,
            kind,
            details,
            executor.hide_suggestions,
        )
        return ObjectPlan([self._field(kind, key, below) for key, below in _fields(grouped)])

    def _field(self, kind: GraphQLObjectType, key: str, details: list[FieldDetails], *, root: bool = False) -> Found:
        self._fields += 1
        if self._fields > FIELDS_MAX:
            raise Unplanned("more fields than a plan holds")
        node = details[0].node
        definition = self._schema.get_field(kind, node.name.value)
        if definition is None:
            raise Unplanned("an unknown field")
        asked = Asked(parent=kind, definition=definition, details=details, key=key)
        if definition is TypeNameMetaFieldDef:
            return TypeName(key, kind.name, self._shape(definition.type, asked))
        if node.name.value.startswith("__"):
            raise Unplanned("introspection")
        shape = self._shape(definition.type, asked)
        return Resolved(asked, shape) if root else self._found(asked, shape)

    def _found(self, asked: Asked, shape: Shape) -> Found:
        declared = _declared(asked.definition)
        if declared is None or declared.permission_classes or declared.extensions:
            return Resolved(asked, shape)
        if declared.base_resolver is None:
            return Attribute(asked.key, declared.python_name, shape)
        resolve: Any = declared.base_resolver.wrapped_func
        relation = relation_of(resolve)
        if relation is not None:
            return Related(asked.key, relation, shape)
        if (
            not asked.definition.args
            and not iscoroutinefunction(resolve)
            and list(signature(resolve).parameters) in ALONE
        ):
            return Called(asked.key, resolve, shape)
        return Resolved(asked, shape)

    def _shape(self, kind: GraphQLOutputType, asked: Asked, *, nullable: bool = True) -> Shape:
        if isinstance(kind, GraphQLNonNull):
            return self._shape(kind.of_type, asked, nullable=False)
        if isinstance(kind, GraphQLList):
            return Many(self._shape(kind.of_type, asked), nullable=nullable)
        if is_leaf_type(kind):
            return Leaf(leaf_column(kind, nullable=nullable))
        if is_abstract_type(kind):
            return OneOfMany(self._type_of(kind, asked), self._plans(asked.details), nullable=nullable)
        assert isinstance(kind, GraphQLObjectType)
        return One(self._object(kind, asked.details), _test_of(kind, asked), nullable=nullable)

    def _plans(self, details: list[FieldDetails]) -> Callable[[GraphQLObjectType], Objects]:
        """Plans by concrete type, made when the first object of it comes."""
        known: dict[str, ObjectPlan] = {}

        def plan_of(kind: GraphQLObjectType) -> ObjectPlan:
            found = known.get(kind.name)
            if found is None:
                found = known[kind.name] = self._object(kind, details)
            return found

        return plan_of

    def _type_of(self, kind: GraphQLAbstractType, asked: Asked) -> Callable[[Any, Any], GraphQLObjectType]:
        """The concrete type of an object, as the library finds it."""
        possible = {one.name: one for one in self._schema.get_possible_types(kind)}
        resolve: Any = kind.resolve_type or default_type_resolver

        def type_of(value: Any, run: Any) -> GraphQLObjectType:
            name = resolve(value, run.info_of(asked), kind)
            found = possible.get(name) if isinstance(name, str) else None
            if found is None:
                raise Unplanned("an object of no possible type")
            return found

        return type_of


def _test_of(kind: GraphQLObjectType, asked: Asked) -> Callable[[Any, Any], bool] | None:
    """The type's own test of its objects; one that has to be awaited is left to the library."""
    test: Any = kind.is_type_of
    return None if test is None else lambda value, run: test(value, run.info_of(asked)) is True


def _fields(grouped: Any) -> list[tuple[str, list[FieldDetails]]]:
    if grouped.new_defer_usages or grouped.forbidden_directive_instances:
        raise Unplanned("an answer in parts")
    found: GroupedFieldSet = grouped.grouped_field_set
    return list(found.items())


def _declared(definition: GraphQLField) -> StrawberryField | None:
    found = (definition.extensions or {}).get(DEFINITION)
    return found if isinstance(found, StrawberryField) else None
