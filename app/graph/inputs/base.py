"""What every input and payload of a mutation shares."""

import strawberry

from app.graph.errors import UserError
from app.graph.scalars import BigInt


@strawberry.input(description="What every mutation accepts.")
class MutationInput:
    """Base of inputs."""

    client_mutation_id: str | None = strawberry.field(
        default=None, description="Returned unchanged, to tell answers apart."
    )


@strawberry.type(description="What every mutation answers.")
class MutationPayload:
    """Base of payloads: `user_errors` is empty when the mutation did what it was asked to do."""

    client_mutation_id: str | None = strawberry.field(default=None, description="As it was given.")
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why nothing changed; empty on success."
    )


@strawberry.type(description="What a mutation that writes an event answers.")
class RecordedPayload(MutationPayload):
    """A payload with the place of its event."""

    sequence: BigInt | None = strawberry.field(
        default=None, description="The sequence of the event this caused; null where nothing changed."
    )
