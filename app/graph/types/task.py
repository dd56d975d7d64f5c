"""Tasks."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry

from app.domain.paging import page_size
from app.domain.tasks.dispatch import RetryPolicy as Policy
from app.domain.tasks.status import ApprovalPolicy, ApprovalState, TaskPriority, TaskScope, TaskStatus
from app.domain.tasks.triage import effective
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.relation import related, value
from app.graph.scalars import JSON, BigInt, position
from app.graph.types.actor import Actor, Origin, Owner
from app.graph.types.binding import BoundWorkspace
from app.graph.types.dispatch import RetryPolicy
from app.graph.types.node import Node
from app.graph.types.run import Run
from app.graph.types.tree import TaskTree
from app.graph.types.triage import TaskTriage
from app.loaders.pages import event_page
from app.storage.events import Range
from app.storage.rows.task import TaskRow

if TYPE_CHECKING:
    from app.graph.types.event import Event
    from app.graph.types.workspace import Workspace


@strawberry.type(description="Durable work. Making a task queues nothing; its runs are the work.")
class Task(Node):
    """A task."""

    identifier: str | None = value("A name its creator chose; not unique.")
    scope: TaskScope = value("Whom it belongs to.")
    title: str = value("What is to be done.")
    description: str | None = value("What is to be done, at length.")
    status: TaskStatus = value("Where it stands; derived from its runs, dependencies and approval.")
    priority: TaskPriority = value("How urgent it is.")
    max_attempts: int = value("How many runs it may have; 1 to 10.")
    last_attempt: int = value("How many attempts were made.")
    approval_policy: ApprovalPolicy = value("Whether a person must approve it.")
    approval_state: ApprovalState = value("What was decided.")
    required_capabilities: list[str] = value("What a worker must offer to claim its runs.")
    network_channel: str | None = value("The channel its runs are queued for.")
    metadata: JSON | None = value("Whatever its creator keeps with it; at most 16 KiB.")
    created_by: Actor = value("Who made it.")
    origin: Origin = value("Through which operation it was made.")
    child_count: int = value("How many direct children it has.")
    created_at: datetime = value("When it was made.")
    updated_at: datetime = value("When it changed last.")
    closed_at: datetime | None = value("When it ended.")
    preferred_capabilities: list[str] = value("What its runs would rather be claimed by.")
    not_before: datetime | None = value("No run of it is claimed before this instant.")
    concurrency_key: str | None = value("Runs that share this key are dispatched only so many at once.")
    unique_key: str | None = value("While it is open, no other task is made under this key.")
    enqueue_when_ready: bool = value("Whether a run is queued when the last task it waits for is completed.")
    paused_at: datetime | None = value("When it was paused itself; null if it was not.")
    runs: list[Run] = related(lambda x: x.runs_by_task, lambda task: task.id, "Its newest 50 runs, newest first.")
    active_run: Run | None = related(
        lambda x: x.run_by_id, lambda task: task.open_run_id, "Its one run that has not ended."
    )
    latest_run: Run | None = related(lambda x: x.run_by_id, lambda task: task.latest_run_id, "Its newest run.")
    parent: Annotated["Task", strawberry.lazy("app.graph.types.task")] | None = related(
        lambda x: x.task_by_id, lambda task: task.parent_task_id, "The task it is part of."
    )
    children: list[Annotated["Task", strawberry.lazy("app.graph.types.task")]] = related(
        lambda x: x.children_by_task, lambda task: task.id, "The tasks it is made of, oldest first."
    )
    dependencies: list[Annotated["Task", strawberry.lazy("app.graph.types.task")]] = related(
        lambda x: x.dependencies_by_task, lambda task: task.id, "The tasks it waits for, in the order they were added."
    )
    dependents: list[Annotated["Task", strawberry.lazy("app.graph.types.task")]] = related(
        lambda x: x.dependents_by_task, lambda task: task.id, "The tasks that wait for it; the first 100 of them."
    )
    tree: TaskTree | None = related(
        lambda x: x.tree_by_task, lambda task: task.id, "It with all its descendants; null if it was deleted just now."
    )
    workspace: Annotated["Workspace", strawberry.lazy("app.graph.types.workspace")] | None = related(
        lambda x: x.workspace_by_id, lambda task: task.workspace_id, "The workspace it belongs to."
    )
    bound_workspaces: list[BoundWorkspace] = related(
        lambda x: x.bindings_by_task, lambda task: task.id, "The workspaces it works on, as far as you read them."
    )

    @strawberry.field(description="Whether it is not published yet.")
    def draft(root: strawberry.Parent[TaskRow]) -> bool:
        """The same as status DRAFT."""
        return root.status is TaskStatus.DRAFT

    @strawberry.field(description="Whether it or a task it is part of is paused: no run of it is claimed.")
    def paused(root: strawberry.Parent[TaskRow]) -> bool:
        """While any of them is."""
        return root.pauses > 0

    @strawberry.field(description="What follows a failed attempt; null if nothing does.")
    def retry_policy(root: strawberry.Parent[TaskRow]) -> RetryPolicy | None:
        """As it was given."""
        found = Policy.of(root.retry_policy)
        return None if found is None else cast(RetryPolicy, found)

    @strawberry.field(description="How many attempts are left before it fails.")
    def attempts_left(root: strawberry.Parent[TaskRow]) -> int:
        """Attempts that were struck off when it was queued again do not count."""
        return max(root.max_attempts - (root.last_attempt - root.forgiven_attempts), 0)

    @strawberry.field(description="Whom it belongs to, if anybody.")
    def owner(root: strawberry.Parent[TaskRow]) -> Owner | None:
        """Null for nobody's."""
        if root.owner_kind is None or root.owner_ref is None:
            return None
        return Owner(kind=root.owner_kind, ref=root.owner_ref)

    @strawberry.field(description="When it or its newest run moved last; heartbeats do not count.")
    async def last_activity_at(root: strawberry.Parent[TaskRow], info: Info) -> datetime:
        """Never before it was updated."""
        found = await info.context.loaders.attention_by_task.load(root.id)
        return root.updated_at if found is None else found.last_activity_at

    @strawberry.field(description="What you did with it in your inbox, as far as that still holds.")
    async def triage(root: strawberry.Parent[TaskRow], info: Info) -> TaskTriage:
        """Unread for a task that was deleted just now."""
        found = await info.context.loaders.attention_by_task.load(root.id)
        unread = effective(root.id, info.context.viewer.actor, None, root.updated_at)
        return cast(TaskTriage, unread if found is None else found.triage)

    @strawberry.field(description="The events of this task, oldest first.")
    async def timeline(
        root: strawberry.Parent[TaskRow],
        info: Info,
        after: Annotated[BigInt | None, strawberry.argument(description="Only what follows this cursor.")] = None,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 25, at most 100.")] = None,
    ) -> Connection[Annotated["Event", strawberry.lazy("app.graph.types.event")]]:
        """Without the events of its descendants."""
        wanted = Range(task_id=root.id)
        page, count = await event_page(
            info.context.loaders.reader, wanted, after=position(after) or 0, first=page_size(first)
        )
        return Connection.of(page, count)

    @classmethod
    def is_type_of(cls, row: object, _info: Any) -> bool:
        """Rows stand for types."""
        return isinstance(row, TaskRow)
