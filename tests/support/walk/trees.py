"""Selections made from the schema, so that a new field is asked for without anybody thinking of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_interface_type,
    is_leaf_type,
    is_required_argument,
)

# Fields that cannot be asked for without an argument: what to ask for, as text.
ARGUMENTS: Final[Mapping[str, str]] = {"Workspace.chart": "(id: $chart)", "Workspace.run": "(id: $run)"}

# A document has at most 2 000 tokens.
WORDS_MAX: Final = 1_200


def leaves(kind: GraphQLNamedType) -> str:
    """Every field of a type that has no fields of its own."""
    assert isinstance(kind, GraphQLObjectType)
    names = [name for name, field in kind.fields.items() if is_leaf_type(get_named_type(field.type))]
    return " ".join(["__typename", *names])


def relations(kind: GraphQLObjectType) -> Iterator[tuple[str, GraphQLField]]:
    """Every field of a type that has fields of its own."""
    for name, field in kind.fields.items():
        if not is_leaf_type(get_named_type(field.type)):
            yield name, field


def call(kind: GraphQLObjectType, name: str, field: GraphQLField) -> str:
    """The field with the arguments it needs; one that nobody thought of is a KeyError."""
    return name + ARGUMENTS[f"{kind.name}.{name}"] if any(map(is_required_argument, field.args.values())) else name


class Trees:
    """Selections of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    def below(self, kind: GraphQLNamedType, deep: int) -> str:
        """A selection of everything so many relations deep; pages count for nothing."""
        if is_interface_type(kind):  # its types are walked from their own ids
            return "__typename id"
        assert isinstance(kind, GraphQLObjectType)
        return " ".join([leaves(kind), *(self._one(kind, name, field, deep) for name, field in relations(kind))])

    def parts(self, kind: GraphQLObjectType, deep: int) -> Iterator[str]:
        """The same in parts, since a document may not be of any length."""
        part, words = [leaves(kind)], 0
        for name, field in relations(kind):
            one = self._one(kind, name, field, deep)
            if words + len(one.split()) > WORDS_MAX:
                yield " ".join(part)
                part, words = [leaves(kind)], 0
            part.append(one)
            words += len(one.split())
        yield " ".join(part)

    def _one(self, kind: GraphQLObjectType, name: str, field: GraphQLField, deep: int) -> str:
        below = get_named_type(field.type)
        left = deep if _page(kind) else deep - 1
        if left < 0:
            return ""
        if name == "edges":
            return "edges { cursor node { __typename } }"
        return f"{call(kind, name, field)} {{ {self.below(below, left)} }}"

    def kinds(self, chosen: Callable[[GraphQLObjectType], bool]) -> list[GraphQLObjectType]:
        """The object types that are chosen, without those of the introspection."""
        every = self._schema.type_map.values()
        return [k for k in every if isinstance(k, GraphQLObjectType) and not k.name.startswith("__") and chosen(k)]


def _page(kind: Any) -> bool:
    return str(kind.name).endswith(("Connection", "Edge", "PageInfo")) or kind.name == "TaskTree"
