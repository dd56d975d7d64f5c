"""Root fields about the event log: a list and the live subscriptions."""

from collections.abc import AsyncIterator
from typing import Annotated, cast
from uuid import UUID

import strawberry

from app.domain.access.policy import Action
from app.domain.errors import NotFound
from app.domain.ids import parse_uuid
from app.domain.paging import page_size
from app.domain.tasks.events import TABLE_CHANGES
from app.events.stream import Stream
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.inputs.events import EventFilter, to_range
from app.graph.scalars import BigInt, position
from app.graph.types.event import Event
from app.loaders.pages import event_page
from app.resolvers.places import visible_place
from app.services.access import known_id
from app.storage.events import Range

After = Annotated[
    BigInt | None,
    strawberry.argument(description="Continue after this cursor; 0 for all that is kept; absent: from now."),
]


@strawberry.type
class EventQueries:
    """Reads."""

    @strawberry.field(description="The events you may see, oldest first.")
    async def events(
        self,
        info: Info,
        after: Annotated[BigInt | None, strawberry.argument(description="Only what follows this cursor.")] = None,
        filter: Annotated[EventFilter | None, strawberry.argument(description="Which of them.")] = None,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 25, at most 100.")] = None,
    ) -> Connection[Event]:
        """A page of the log."""
        page, count = await event_page(
            info.context.loaders.reader, to_range(filter), after=position(after) or 0, first=page_size(first)
        )
        return Connection.of(page, count)


@strawberry.type
class EventSubscriptions:
    """Live. Each returns only when it listens: a write made after that is seen."""

    @strawberry.subscription(description="Every event of a task and its descendants, once and in order.")
    async def task_events(
        self,
        info: Info,
        task_id: Annotated[strawberry.ID, strawberry.argument(description="The task.")],
        after: After = None,
    ) -> AsyncIterator[Event]:
        """Descendants made later are included."""
        task = await info.context.services.access.task(info.context.viewer, task_id, Action.READ)
        return await _open(info, Range(task_id=task_id, with_descendants=True), after, task.workspace_id)

    @strawberry.subscription(description="Every event of a run, once and in order.")
    async def run_events(
        self,
        info: Info,
        run_id: Annotated[strawberry.ID, strawberry.argument(description="The run.")],
        after: After = None,
    ) -> AsyncIterator[Event]:
        """From queued to ended."""
        id = parse_uuid(run_id)
        run = None if id is None else await info.context.loaders.run_by_id.load(id)
        if run is None:
            raise NotFound(f"There is no run {run_id[:140]!r}.", id=run_id[:140])
        return await _open(info, Range(run_id=id), after, run.workspace_id)

    @strawberry.subscription(description="Every event of a workspace, once and in order.")
    async def workspace_events(
        self,
        info: Info,
        workspace_id: Annotated[strawberry.ID, strawberry.argument(description="The workspace.")],
        after: After = None,
    ) -> AsyncIterator[Event]:
        """Its tasks and runs included."""
        place = await info.context.services.access.workspace(
            info.context.viewer, known_id(workspace_id, "workspace"), Action.READ
        )
        return await _open(info, Range(workspace_id=place.id), after, place.id)

    @strawberry.subscription(
        description="What changes the rows that a workspace shows, once and in order, wherever it is done: edits of"
        " cells in any workspace on the same table, and imports. An event that names no cell means: ask for the page."
    )
    async def table_changes(
        self,
        info: Info,
        workspace_id: Annotated[strawberry.ID, strawberry.argument(description="The workspace.")],
        after: After = None,
    ) -> AsyncIterator[Event]:
        """For an open grid; the payload of WORKSPACE_CELL_UPDATED holds the row's identity and the new value."""
        place = await info.context.services.access.workspace(
            info.context.viewer, known_id(workspace_id, "workspace"), Action.READ
        )
        # A workspace without data has no table that could change; it listens all the same, and ends like any other.
        table_id = place.table_id or place.id
        wanted = Range(workspace_id=place.id, table_id=table_id, types=tuple(sorted(TABLE_CHANGES)))
        return await _open(info, wanted, after, place.id)

    @strawberry.subscription(description="Every event you may see, once and in order.")
    async def events(
        self,
        info: Info,
        filter: Annotated[EventFilter | None, strawberry.argument(description="Which of them.")] = None,
        after: After = None,
    ) -> AsyncIterator[Event]:
        """All of the tenant that is yours to see."""
        wanted = to_range(filter)
        return await _open(info, wanted, after, await visible_place(info, wanted.workspace_id))


async def _open(info: Info, wanted: Range, after: int | None, place: UUID | None) -> AsyncIterator[Event]:
    """A stream that ends once the viewer may not read the workspace `place` any more."""
    resumed = info.context.resume_after
    start = after if resumed is None else resumed
    stream: Stream = await info.context.streams.open(info.context.viewer, wanted, start, place)
    return cast("AsyncIterator[Event]", stream)
