"""Mutations by name and input, as the walk and its world call them."""

import re
from typing import Any

from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type

from tests.support.graph import Answer, Graph
from tests.support.walk.trees import leaves


class Asking:
    """Calls mutations; what they answer is asked for as far as it has no fields of its own."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def document(self, name: str, want: str | None = None) -> str:
        """The text of a mutation with one input."""
        root = self.graph.executor.schema.mutation_type
        assert root is not None
        field = root.fields[name]
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        asked = f"{want or ''} {leaves(payload)} {_refusals(payload)}"
        return f"mutation($input: {field.args['input'].type}) {{ {name}(input: $input) {{ {asked} }} }}"

    async def ask(self, name: str, /, **given: Any) -> Answer:
        """The whole answer."""
        return await self.graph(self.document(name), {"input": given})

    async def do(self, name: str, want: str, /, **given: Any) -> Any:
        """The payload of a mutation that must succeed."""
        answer = await self.graph(self.document(name, want), {"input": given})
        assert "errors" not in answer, f"{name}: {answer['errors']}"
        payload = answer["data"][name]
        assert not payload.get("userErrors"), f"{name}: {payload['userErrors']}"
        return payload

    async def made(self, name: str, member: str, /, **given: Any) -> str:
        """The id of what a mutation made."""
        found: str = (await self.do(name, f"{member} {{ id }}", **given))[member]["id"]
        return found


def _refusals(payload: GraphQLObjectType) -> str:
    """What a payload says of its refusals, and of those of each of several."""
    own = _refusals_of(payload)
    if "results" not in payload.fields:
        return own
    return f"{own} results {{ {_refusals_of(get_named_type(payload.fields['results'].type))} }}"


def _refusals_of(payload: GraphQLNamedType) -> str:
    assert isinstance(payload, GraphQLObjectType)
    return "userErrors { code message field reason }" if "userErrors" in payload.fields else "__typename"


def told(answer: Answer, *ids: str) -> Any:
    """An answer without what differs between two calls: the ids that were asked for, and the time."""
    return _masked(answer, [id for id in ids if id])


def _masked(value: Any, ids: list[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: None if re.fullmatch(r"observedAt|requestId|.*[aA]geMs", name) else _masked(item, ids)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_masked(item, ids) for item in value]
    if isinstance(value, str):
        for id in ids:
            value = value.replace(id, "<id>")
    return value
