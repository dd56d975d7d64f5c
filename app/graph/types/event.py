"""Events: the facts of the log."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.domain.tasks.events import EventType
from app.graph.relation import related, value
from app.graph.scalars import JSON, BigInt
from app.graph.types.actor import Actor, Origin
from app.graph.types.run import Run
from app.graph.types.task import Task
from app.storage.rows.event import EventRow

if TYPE_CHECKING:
    from app.graph.types.workspace import Workspace


@strawberry.type(description="A fact of the tenant's log, written in the transaction that made it true.")
class Event:
    """An event; what it refers to is shown as it is now."""

    sequence: BigInt = value("Rises in commit order within the tenant; gaps mean nothing.")
    cursor: str = value("Its place in the log; after takes it.")
    type: EventType = value("What happened.")
    actor: Actor = value("Who caused it.")
    origin: Origin = value("Through which operation.")
    payload: JSON = value("The details, as they were.")
    task: Task | None = related(lambda x: x.task_by_id, lambda event: event.task_id, "The task, as it is now.")
    run: Run | None = related(lambda x: x.run_by_id, lambda event: event.run_id, "The run, as it is now.")
    workspace: Annotated["Workspace", strawberry.lazy("app.graph.types.workspace")] | None = related(
        lambda x: x.workspace_by_id, lambda event: event.workspace_id, "The workspace, as it is now."
    )

    @strawberry.field(description="When it was written, by the database's clock.")
    def timestamp(root: strawberry.Parent[EventRow]) -> datetime:
        """The row's time of creation."""
        return root.created_at
