"""Conversations on a workspace and their turns."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from app.domain.conversation import MESSAGES_DEFAULT, MESSAGES_MAX, AgentLifecycle, ScopeKind, TurnStatus
from app.domain.paging import page_size
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.enums import described
from app.graph.inputs.search import After, First
from app.graph.relation import related, value
from app.graph.scalars import BigInt
from app.graph.types.node import Node
from app.graph.types.thread_message import Message
from app.graph.types.user import User
from app.loaders.threads import message_count, message_place, turn_place
from app.storage.rows.thread import AgentSpecRow, ThreadRow, TurnRow

if TYPE_CHECKING:
    from app.graph.types.run import Run
    from app.graph.types.task import Task
    from app.graph.types.workspace import Workspace

described(
    AgentLifecycle,
    "Whether new conversations may be had with an agent.",
    {"active": "They may.", "archived": "It only finishes what it has."},
    name="AgentLifecycleStatus",
)
described(
    ScopeKind,
    "What a conversation is about.",
    {
        "general": "Nothing that is there: its workspace was deleted.",
        "workspace": "A workspace.",
        "document": "A document.",
    },
    name="ThreadScopeKind",
)
described(
    TurnStatus,
    "Where a turn stands; it is open until its run has ended.",
    {
        "pending": "No agent has taken it yet.",
        "running": "An agent is at work.",
        "awaiting_approval": "A person must approve the task first.",
        "completed": "It is answered.",
        "failed": "It ended with an error.",
        "canceled": "It was stopped.",
    },
)


@strawberry.type(description="An agent that answers; shown also after it is deleted.")
class AgentSpec(Node):
    """Who speaks."""

    slug: str = value("What it is called in addresses.")
    name: str = value("What people call it.")
    lifecycle_status: AgentLifecycle = value("Whether new conversations may be had with it.")
    is_deleted: bool = value("Whether it is gone from every list.")

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, AgentSpecRow)


@strawberry.type(description="What a conversation is about.")
class ThreadScope:
    """One kind of thing, and which."""

    kind: ScopeKind = value("The kind of thing.")
    workspace_id: strawberry.ID | None = value("The workspace; null once it is deleted.")
    document_id: strawberry.ID | None = value("The document; always null today.")


@strawberry.type(description="A message and its answer, carried out as a run of the conversation's task.")
class Turn(Node):
    """A turn."""

    number: int = value("Its place in the conversation, from 1.")
    status: TurnStatus = value("Where it stands.")
    created_at: datetime = value("When it was opened.")
    ended_at: datetime | None = value("When it was answered or ended otherwise.")
    run_id: strawberry.ID = value("Its run; runEvents shows the answer while it comes.")
    run: Annotated["Run", strawberry.lazy("app.graph.types.run")] | None = related(
        lambda x: x.run_by_id, lambda row: row.run_id, "Its run; null once that was deleted with its task."
    )
    thread: Annotated["Thread", strawberry.lazy("app.graph.types.thread")] | None = related(
        lambda x: x.thread_by_id, lambda row: row.thread_id, "Its conversation."
    )
    message: Message | None = related(lambda x: x.message_by_turn, lambda row: row.id, "What was asked.")
    answer: Message | None = related(
        lambda x: x.message_by_id,
        lambda row: None if row.is_open else row.answer_id,
        "What was answered; null while it is open.",
    )

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, TurnRow)


async def _latest(thread: ThreadRow, info: Info) -> TurnRow | None:
    return await info.context.loaders.latest_turn_by_thread.load(thread.id)


async def _active(thread: ThreadRow, info: Info) -> TurnRow | None:
    found = await _latest(thread, info)
    return found if found is not None and found.is_open else None


@strawberry.type(description="A conversation of yours with the agent of a workspace; nobody else sees it.")
class Thread(Node):
    """A thread."""

    title: str | None = value("The first words of its first message; null before.")
    turn_count: int = value("How many turns it has.")
    created_at: datetime = value("When it was begun.")
    updated_at: datetime = value("When it was begun or posted to last.")
    user: User | None = related(lambda x: x.user_by_id, lambda row: row.user_id, "Whose it is: you.")
    workspace: Annotated["Workspace", strawberry.lazy("app.graph.types.workspace")] | None = related(
        lambda x: x.workspace_by_id, lambda row: row.workspace_id, "What it is about; null once that is deleted."
    )
    agent_spec: AgentSpec | None = related(
        lambda x: x.agent_spec_by_id, lambda row: row.agent_spec_id, "The agent that answers."
    )
    task: Annotated["Task", strawberry.lazy("app.graph.types.task")] | None = related(
        lambda x: x.task_by_id, lambda row: row.task_id, "The task of which the next turn is a run; null before any."
    )

    @strawberry.field(description="What it is about, by id.")
    def scope(root: strawberry.Parent[ThreadRow]) -> ThreadScope:
        """The workspace, for as long as there is one."""
        place = root.workspace_id
        id = None if place is None else strawberry.ID(str(place))
        return ThreadScope(kind=root.scope_kind, workspace_id=id, document_id=None)

    @strawberry.field(description="The turn that is not answered yet; one at a time.")
    async def active_turn(root: strawberry.Parent[ThreadRow], info: Info) -> Turn | None:
        """Null while nothing is asked."""
        return cast("Turn | None", await _active(root, info))

    @strawberry.field(description="The id of the turn that is not answered yet.")
    async def active_turn_id(root: strawberry.Parent[ThreadRow], info: Info) -> strawberry.ID | None:
        """Null while nothing is asked."""
        found = await _active(root, info)
        return None if found is None else strawberry.ID(str(found.id))

    @strawberry.field(description="Where the turn stands that is not answered yet.")
    async def active_turn_status(root: strawberry.Parent[ThreadRow], info: Info) -> TurnStatus | None:
        """Null while nothing is asked."""
        found = await _active(root, info)
        return None if found is None else found.status

    @strawberry.field(description="The last event of that turn's run: whoever reconnects asks for what follows it.")
    async def active_turn_last_event_seq(root: strawberry.Parent[ThreadRow], info: Info) -> BigInt | None:
        """Null while nothing is asked."""
        found = await _active(root, info)
        last = None if found is None else await info.context.loaders.last_event_by_run.load(found.run_id)
        return None if last is None else BigInt(last)

    @strawberry.field(description="Where the newest turn stands; null before any.")
    async def last_turn_status(root: strawberry.Parent[ThreadRow], info: Info) -> TurnStatus | None:
        """Open or ended."""
        found = await _latest(root, info)
        return None if found is None else found.status

    @strawberry.field(description="Its messages, the newest first; what is written later moves no page.")
    async def messages(
        root: strawberry.Parent[ThreadRow],
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 50, at most 200.")] = None,
        after: After = None,
    ) -> Connection[Message]:
        """One statement for a whole list of threads."""
        most = page_size(first, most=MESSAGES_MAX, default=MESSAGES_DEFAULT)
        loaders = info.context.loaders
        page = await loaders.messages_by_thread.load((root.id, message_place(after), most))
        return Connection.of(page, message_count(loaders.reader, root.id))

    @strawberry.field(description="Its turns, the newest first.")
    async def turns(
        root: strawberry.Parent[ThreadRow], info: Info, first: First = None, after: After = None
    ) -> Connection[Turn]:
        """One statement for a whole list of threads."""
        loaders = info.context.loaders
        page = await loaders.turns_by_thread.load((root.id, turn_place(after), page_size(first)))

        async def count() -> int:
            return root.turn_count

        return Connection.of(page, count)

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, ThreadRow)
