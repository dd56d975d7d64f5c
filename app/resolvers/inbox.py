"""Root fields about a viewer's inbox: read it, watch it, and put tasks away."""

from collections.abc import AsyncIterator
from typing import Annotated, TypeVar, cast

import strawberry

from app.domain.tasks.triage import Mark
from app.graph.context import Info
from app.graph.inputs.inbox import (
    ArchiveTaskInput,
    ArchiveTaskPayload,
    DismissTaskInput,
    DismissTaskPayload,
    MarkTaskReadInput,
    MarkTaskReadPayload,
    TaskInboxFilter,
    TriagePayload,
    TriageTaskInput,
    inbox_view,
)
from app.graph.types.inbox import TaskInbox
from app.graph.types.task import Task
from app.graph.types.triage import TaskTriage
from app.loaders.inbox import WatchedInbox, task_inbox
from app.resolvers.outcome import outcome, shown
from app.resolvers.places import visible_place

Filter = Annotated[TaskInboxFilter | None, strawberry.argument(description="Which tasks of it.")]
Payload = TypeVar("Payload", bound=TriagePayload)


@strawberry.type
class InboxQueries:
    """Reads."""

    @strawberry.field(description="Your inbox: the tasks that wait for you, and those you put away.")
    async def task_inbox(self, info: Info, filter: Filter = None) -> TaskInbox:
        """One statement, however many tasks there are."""
        return shown(TaskInbox, await task_inbox(info.context.loaders.reader, inbox_view(filter)))


@strawberry.type
class InboxSubscriptions:
    """Live."""

    @strawberry.subscription(description="Your inbox now, and again when it changes, at most twice a second.")
    async def task_inbox(self, info: Info, filter: Filter = None) -> AsyncIterator[TaskInbox]:
        """Computed once for all who watch the same."""
        wanted = inbox_view(filter)
        place = await visible_place(info, wanted.tasks.workspace_id)
        watched = WatchedInbox(info.context.loaders.reader, wanted, place)
        return cast("AsyncIterator[TaskInbox]", await info.context.streams.views.watch(watched))


@strawberry.type
class InboxMutations:
    """Writes: only the viewer's own inbox changes."""

    @strawberry.mutation(description="Note that you have read what happened to a task.")
    async def mark_task_read(
        self, info: Info, input: Annotated[MarkTaskReadInput, strawberry.argument(description="Which task.")]
    ) -> MarkTaskReadPayload:
        """Until something newer happens."""
        return await _mark(MarkTaskReadPayload, info, input, Mark.READ)

    @strawberry.mutation(description="Leave a task out of your inbox until something newer happens to it.")
    async def dismiss_task(
        self, info: Info, input: Annotated[DismissTaskInput, strawberry.argument(description="Which task.")]
    ) -> DismissTaskPayload:
        """It is read, too."""
        return await _mark(DismissTaskPayload, info, input, Mark.DISMISS)

    @strawberry.mutation(description="Put a task into the archive of your inbox, for good.")
    async def archive_task(
        self, info: Info, input: Annotated[ArchiveTaskInput, strawberry.argument(description="Which task.")]
    ) -> ArchiveTaskPayload:
        """It stays read, whatever happens."""
        return await _mark(ArchiveTaskPayload, info, input, Mark.ARCHIVE)


async def _mark(kind: type[Payload], info: Info, input: TriageTaskInput, mark: Mark) -> Payload:
    async def work() -> Payload:
        context = info.context
        done = await context.services.triage.mark(context.viewer, input.task_id, mark)
        context.fresh_loaders()
        task = await context.loaders.task_by_id.load(input.task_id)
        return kind(task=shown(Task, task), triage=shown(TaskTriage, done))

    return await outcome(kind, input, work())
