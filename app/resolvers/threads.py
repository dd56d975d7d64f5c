"""Root fields about conversations."""

from typing import Annotated

import strawberry

from app.domain.ids import parse_uuid
from app.graph.context import Info
from app.graph.inputs.threads import (
    CancelTurnInput,
    CancelTurnPayload,
    CreateThreadInput,
    CreateThreadPayload,
    PostMessageInput,
    PostMessagePayload,
)
from app.graph.scalars import BigInt, known_sequence
from app.graph.types.run import Run
from app.graph.types.thread import Thread, Turn
from app.graph.types.thread_message import Message
from app.resolvers.outcome import shown
from app.resolvers.problems import each_problem


@strawberry.type
class ThreadQueries:
    """Reads."""

    @strawberry.field(description="A conversation of yours; null if there is none with this id.")
    async def thread(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The conversation.")]
    ) -> Thread | None:
        """By id."""
        thread_id = parse_uuid(id)
        found = None if thread_id is None else await info.context.loaders.thread_by_id.load(thread_id)
        return None if found is None else shown(Thread, found)


@strawberry.type
class ThreadMutations:
    """Writes."""

    @strawberry.mutation(description="Begin a conversation about a workspace; always a new one.")
    async def create_thread(
        self, info: Info, input: Annotated[CreateThreadInput, strawberry.argument(description="Where.")]
    ) -> CreateThreadPayload:
        """Without a message yet."""

        async def work() -> CreateThreadPayload:
            begun = await info.context.services.threads.create(info.context.viewer, input.workspace_id)
            return CreateThreadPayload(thread=shown(Thread, begun.thread), sequence=BigInt(begun.sequence))

        return await each_problem(CreateThreadPayload, info, input, work())

    @strawberry.mutation(
        description="Post a message to a conversation of yours. It opens a turn, which is a run of the workspace's"
        " agent; CONFLICT while the last turn is open."
    )
    async def post_message(
        self, info: Info, input: Annotated[PostMessageInput, strawberry.argument(description="Where and what.")]
    ) -> PostMessagePayload:
        """Message, turn, run and their events at once or not at all."""

        async def work() -> PostMessagePayload:
            viewer, threads = info.context.viewer, info.context.services.threads
            done = await threads.post(viewer, input.thread_id, input.content, key=input.idempotency_key)
            return PostMessagePayload(
                thread=shown(Thread, done.thread),
                message=shown(Message, done.message),
                turn=shown(Turn, done.turn),
                run=None if done.run is None else shown(Run, done.run),
                sequence=known_sequence(done.sequence),
            )

        return await each_problem(PostMessagePayload, info, input, work())

    @strawberry.mutation(
        description="Stop the open turn of a conversation of yours; also where the workspace is shared with you."
    )
    async def cancel_turn(
        self, info: Info, input: Annotated[CancelTurnInput, strawberry.argument(description="Which.")]
    ) -> CancelTurnPayload:
        """As cancelRun, for whoever asked."""

        async def work() -> CancelTurnPayload:
            done = await info.context.services.threads.cancel(info.context.viewer, input.turn_id)
            return CancelTurnPayload(turn=shown(Turn, done.turn), sequence=BigInt(done.sequence))

        return await each_problem(CancelTurnPayload, info, input, work())
