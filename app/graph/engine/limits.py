"""How large a document may be; each limit is told with the number it exceeds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from graphql import (
    DirectiveNode,
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
    """What one document may hold; `comparisons_max` bounds the work of finding fields that cannot be merged."""

    characters_max: int = 100_000
    tokens_max: int = 2_000
    depth_max: int = 12
    aliases_max: int = 30
    directives_max: int = 50
    comparisons_max: int = 100_000


@dataclass(frozen=True, slots=True)
class Size:
    """What an operation or a fragment holds, all it spreads included."""

    depth: int
    aliases: int
    directives: int


@dataclass(slots=True)
class Own:
    """What a definition holds itself, and the fragments it spreads: name, depth, and whether their depth counts."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    spreads: list[tuple[str, int, int]] = field(default_factory=list)


NOTHING = Size(0, 0, 0)


def check_size(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """The limits the document exceeds; introspection may be as deep as clients make it."""
    fragments = {d.name.value: _own(d) for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    known: dict[str, Size] = {}
    found: list[GraphQLError] = []
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            found += _exceeded(_whole(_own(operation), fragments, known), limits)
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


def _whole(own: Own, fragments: Mapping[str, Own], known: dict[str, Size]) -> Size:
    """The size with every spread filled in; each fragment is measured once, however often it is spread."""
    depth, aliases, directives = own.depth, own.aliases, own.directives
    for name, at, step in own.spreads:
        if name not in fragments:
            continue
        if name not in known:
            known[name] = NOTHING  # what a cycle finds of itself; validation refuses cycles
            known[name] = _whole(fragments[name], fragments, known)
        spread = known[name]
        depth = max(depth, at + step * spread.depth)
        aliases += spread.aliases
        directives += spread.directives
    return Size(depth, aliases, directives)


def _own(definition: OperationDefinitionNode | FragmentDefinitionNode) -> Own:
    own = Own(directives=_count(definition.directives))
    own.directives += sum(_count(variable.directives) for variable in definition.variable_definitions or ())
    # Without recursion: inline fragments may nest deeper than Python's stack.
    waiting: list[tuple[SelectionSetNode, int, int]] = [(definition.selection_set, 0, 1)]
    while waiting:
        selections, depth, step = waiting.pop()
        own.depth = max(own.depth, depth)
        for node in selections.selections:
            own.directives += _count(node.directives)
            if isinstance(node, FragmentSpreadNode):
                own.spreads.append((node.name.value, depth, step))
            elif isinstance(node, FieldNode):
                own.aliases += node.alias is not None
                below = 0 if node.name.value.startswith("__") else step
                if node.selection_set is not None:
                    waiting.append((node.selection_set, depth + below, below))
            elif isinstance(node, InlineFragmentNode):
                waiting.append((node.selection_set, depth, step))
    return own


def _count(directives: Iterable[DirectiveNode] | None) -> int:
    return len(tuple(directives or ()))
