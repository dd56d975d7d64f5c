"""How a mutation answers: its payload, or the same payload with the reason why nothing changed."""

from collections.abc import Awaitable
from typing import TypeVar, cast

from app.domain.errors import TaskloomError
from app.graph.errors import AS_DATA, UserError
from app.graph.inputs.base import MutationInput, MutationPayload

Payload = TypeVar("Payload", bound=MutationPayload)
Type = TypeVar("Type")


async def outcome(kind: type[Payload], input: MutationInput, work: Awaitable[Payload]) -> Payload:
    """The payload of `work`; a refusal its caller can mend becomes `userErrors`, anything else stays an error."""
    try:
        payload = await work
    except TaskloomError as problem:
        if not isinstance(problem, AS_DATA):
            raise
        payload = kind(user_errors=[UserError.of(problem)])
    payload.client_mutation_id = input.client_mutation_id
    return payload


def shown(kind: type[Type], row: object) -> Type:
    """A row where the schema's type is expected: fields are read from it by name."""
    return cast(Type, row)
