"""Inputs and payloads of conversations."""

import strawberry

from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.types.run import Run
from app.graph.types.thread import Thread, Turn
from app.graph.types.thread_message import Message


@strawberry.input(description="A conversation to begin.")
class CreateThreadInput(MutationInput):
    """Where."""

    workspace_id: strawberry.ID = strawberry.field(description="A workspace that you may read and that is in use.")


@strawberry.type(description="The answer to createThread.")
class CreateThreadPayload(RecordedPayload):
    """The new thread."""

    thread: Thread | None = strawberry.field(default=None, description="The new conversation.")


@strawberry.input(description="A message to post to a conversation of yours.")
class PostMessageInput(MutationInput):
    """Where and what."""

    thread_id: strawberry.ID = strawberry.field(description="The conversation; its last message must be answered.")
    content: str = strawberry.field(description="1 to 32768 characters.")
    idempotency_key: str | None = strawberry.field(
        default=None, description="The same key again answers what was posted under it first."
    )


@strawberry.type(description="The answer to postMessage.")
class PostMessagePayload(RecordedPayload):
    """What was posted, and what follows from it."""

    thread: Thread | None = strawberry.field(default=None, description="The conversation after the message.")
    message: Message | None = strawberry.field(default=None, description="The message.")
    turn: Turn | None = strawberry.field(default=None, description="The turn that it opened.")
    run: Run | None = strawberry.field(default=None, description="The run that carries out the turn.")


@strawberry.input(description="An open turn to stop.")
class CancelTurnInput(MutationInput):
    """Which."""

    turn_id: strawberry.ID = strawberry.field(description="The turn, of a conversation of yours.")


@strawberry.type(description="The answer to cancelTurn.")
class CancelTurnPayload(RecordedPayload):
    """The turn after that."""

    turn: Turn | None = strawberry.field(default=None, description="The turn; its answer is what had arrived.")
