"""How large a document may be; each limit is told with the number it exceeds."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from app.graph.errors import coded


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one document may hold."""

    characters_max: int = 100_000
    tokens_max: int = 2_000
    depth_max: int = 12
    aliases_max: int = 30
    directives_max: int = 50


@dataclass(slots=True)
class Size:
    """What a document holds."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0


def check_size(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """The limits the document exceeds; introspection may be as deep as clients make it."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    found: list[GraphQLError] = []
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            size = Size(directives=len(operation.directives or ()))
            _measure(operation.selection_set, 0, fragments, frozenset(), size, limits)
            found += _exceeded(size, limits)
    return found


def _exceeded(size: Size, limits: Limits) -> list[GraphQLError]:
    checks = (
        (size.depth, limits.depth_max, "nests deeper than", "levels", "QUERY_TOO_DEEP"),
        (size.aliases, limits.aliases_max, "uses more than", "aliases", "QUERY_TOO_COMPLEX"),
        (size.directives, limits.directives_max, "uses more than", "directives", "QUERY_TOO_COMPLEX"),
    )
    return [
        coded(f"The operation {verb} {most} {what}; ask in several operations.", code)
        for amount, most, verb, what, code in checks
        if amount > most
    ]


def _measure(
    selections: SelectionSetNode,
    depth: int,
    fragments: Mapping[str, FragmentDefinitionNode],
    inside: frozenset[str],
    size: Size,
    limits: Limits,
) -> None:
    size.depth = max(size.depth, depth)
    for node in selections.selections:
        if size.depth > limits.depth_max or size.aliases > limits.aliases_max:
            return
        size.directives += len(node.directives or ())
        if isinstance(node, FieldNode):
            size.aliases += node.alias is not None
            if node.selection_set is not None and not node.name.value.startswith("__"):
                _measure(node.selection_set, depth + 1, fragments, inside, size, limits)
        elif isinstance(node, InlineFragmentNode):
            _measure(node.selection_set, depth, fragments, inside, size, limits)
        elif isinstance(node, FragmentSpreadNode):
            name = node.name.value
            target = fragments.get(name)
            if target is not None and name not in inside:
                _measure(target.selection_set, depth, fragments, inside | {name}, size, limits)
