"""Messages of conversations, and what a turn asks of whoever answers."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from app.domain.conversation import HISTORY_DEFAULT, MESSAGES_MAX, MessageFormat, MessageRole
from app.domain.paging import page_size
from app.graph.context import Info
from app.graph.enums import described
from app.graph.relation import related, value
from app.graph.scalars import JSON
from app.graph.types.node import Node
from app.graph.types.user import User
from app.storage.rows.thread import MessageRow, QuestionRow

if TYPE_CHECKING:
    from app.graph.types.thread import Thread, Turn

described(
    MessageRole,
    "Who speaks.",
    {
        "user": "A person.",
        "assistant": "The agent.",
        "system": "Whoever set the agent to work.",
        "tool": "A tool that the agent called.",
    },
)
described(
    MessageFormat,
    "What the whole message is written in.",
    {"pydantic_ai": "As pydantic-ai writes messages; tool calls are seen here only.", "text": "There is only text."},
)


@strawberry.type(description="Why there is no answer.")
class MessageError:
    """As people read it."""

    code: str = value("Stable: run_failed, or lease_expired where the agent vanished.")
    title: str = value("In a few words.")
    description: str = value("What the agent said, if it said anything.")
    reference_id: strawberry.ID = value("What to quote when asking for help: the run.")
    retryable: bool = value("Whether the same message may be answered another time.")


@strawberry.type(description="A message of a conversation; an answer is what the run of its turn gave.")
class Message(Node):
    """A message."""

    role: MessageRole = value("Who speaks.")
    content: str = value("In words; of an answer that did not end well, what had arrived.")
    raw_data: JSON | None = value("The whole message, if the agent gave it.")
    format: MessageFormat = value("What rawData is written in.")
    created_at: datetime = value("When it was posted; of an answer, when the run ended.")
    duration_seconds: float | None = value("How long the answer took; null for what people wrote.")
    canceled: bool = value("Whether the answer was stopped.", name="cancelled")
    error: MessageError | None = value("Why there is no answer; null unless the turn failed.")
    created_by: User | None = related(
        lambda x: x.user_by_id, lambda row: row.created_by, "The person who wrote it; null for the agent."
    )
    thread: Annotated["Thread", strawberry.lazy("app.graph.types.thread")] | None = related(
        lambda x: x.thread_by_id, lambda row: row.thread_id, "Its conversation, for the author of that."
    )
    turn: Annotated["Turn", strawberry.lazy("app.graph.types.thread")] | None = related(
        lambda x: x.turn_by_id, lambda row: row.turn_id, "Its turn, for the author of the conversation."
    )

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, MessageRow)


@strawberry.type(description="What a turn asks of its run; seen by whoever holds the lease, and by who asked.")
class Question:
    """The words, and what was said before."""

    thread_id: strawberry.ID = value("The conversation.")
    turn_id: strawberry.ID = value("The turn.")
    message_id: strawberry.ID = value("The message.")
    content: str = value("The words.")
    created_at: datetime = value("When it was posted.")

    @strawberry.field(description="What was said before, the oldest first.")
    async def history(
        root: strawberry.Parent[QuestionRow],
        info: Info,
        last: Annotated[
            int | None, strawberry.argument(description="The newest so many messages; 20, at most 200.")
        ] = None,
    ) -> list[Message]:
        """One statement for a whole list of runs."""
        most = page_size(last, most=MESSAGES_MAX, default=HISTORY_DEFAULT)
        return cast("list[Message]", await info.context.loaders.history_by_question.load((root, most)))
