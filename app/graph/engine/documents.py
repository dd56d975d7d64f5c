"""Documents: parsed, measured and validated once, then remembered in a bounded cache."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged as merging
from graphql.validation.validate import ValidationAbortedError

from app.graph.engine.limits import Limits, check_size
from app.graph.engine.plan.run import Plans
from app.graph.errors import coded

REMEMBERED_MAX: Final = 1_000
REMEMBERED_CHARACTERS_MAX: Final = 8_000_000
ERRORS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Document:
    """A document that may run, with the plans that were made of it; `errors` holds why it may not."""

    text: str
    node: DocumentNode | None
    errors: tuple[GraphQLError, ...]
    plans: Plans | None = None

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of that name, or the only one; GraphQLError otherwise."""
        assert self.node is not None
        found = [d for d in self.node.definitions if isinstance(d, OperationDefinitionNode)]
        if name is not None:
            found = [d for d in found if d.name is not None and d.name.value == name]
            if not found:
                raise coded(f"The document holds no operation {name[:80]!r}.", "OPERATION_RESOLUTION_FAILURE")
        if len(found) != 1:
            raise coded(
                "The document holds several operations; name one in operationName.", "OPERATION_RESOLUTION_FAILURE"
            )
        return found[0]


class Documents:
    """The documents of one schema, most recently used last."""

    def __init__(self, schema: GraphQLSchema, limits: Limits | None = None, *, suggestions: bool = True) -> None:
        self._schema = schema
        self._suggestions = suggestions
        self._limits = limits or Limits()
        self._known: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0
        # The library knows this bound as a setting of its module only; its default lets a document of 2 000 tokens
        # hold the loop for most of a second.
        merging.MAX_COMPLEXITY_BUDGET = self._limits.comparisons_max

    def get(self, text: str) -> Document:
        """The document of a text, parsed and validated at most once."""
        known = self._known.get(text)
        if known is not None:
            self._known.move_to_end(text)
            return known
        document = self._read(text)
        if len(text) > self._limits.characters_max:
            return document
        self._known[text] = document
        self._characters += len(text)
        while len(self._known) > REMEMBERED_MAX or self._characters > REMEMBERED_CHARACTERS_MAX:
            dropped, _ = self._known.popitem(last=False)
            self._characters -= len(dropped)
        return document

    def _read(self, text: str) -> Document:
        if len(text) > self._limits.characters_max:
            too_long = coded(
                f"The document has {len(text)} characters; at most {self._limits.characters_max} are allowed.",
                "QUERY_TOO_COMPLEX",
            )
            return Document(text, None, (too_long,))
        try:
            node = parse(text, max_tokens=self._limits.tokens_max)
        except GraphQLSyntaxError as problem:
            return Document(text, None, (self._as_parsed(problem),))
        errors = check_size(node, self._limits)
        if not errors:
            found = validate(
                self._schema,
                node,
                max_errors=ERRORS_MAX,
                hide_suggestions=not self._suggestions,
                allow_empty_selection_sets=False,
            )
            errors = [_as_validation(error) for error in found]
        if errors:
            return Document(text, None, tuple(errors))
        return Document(text, node, (), Plans(node))

    def _as_parsed(self, problem: GraphQLSyntaxError) -> GraphQLError:
        """The library stops reading at its bounds with errors of syntax; these say what was exceeded."""
        if "tokens. Parsing aborted" in problem.description:
            most = self._limits.tokens_max
            return coded(f"The document has more than {most} tokens; ask in several operations.", "QUERY_TOO_COMPLEX")
        if "nested too deeply" in problem.description:
            return coded(f"The document nests deeper than {self._limits.depth_max} levels.", "QUERY_TOO_DEEP")
        return problem


def _as_validation(error: GraphQLError) -> GraphQLError:
    if isinstance(error, ValidationAbortedError) and "Too many validation errors" not in error.message:
        return coded(
            "The operation selects the same fields or fragments too often to be checked; ask in several operations.",
            "QUERY_TOO_COMPLEX",
        )
    found = coded(error.message, "GRAPHQL_VALIDATION_FAILED")
    return GraphQLError(error.message, nodes=error.nodes, extensions=found.extensions)
