"""What of an inbox is wanted, and what a viewer does with a task in it."""

from dataclasses import replace
from typing import Final

import strawberry

from app.domain.actor import OwnerKind
from app.domain.errors import BadInput
from app.domain.paging import FIRST_DEFAULT, FIRST_MAX
from app.domain.tasks.inbox import InboxLane
from app.domain.tasks.status import TaskScope
from app.graph.inputs.base import MutationInput, RecordedPayload
from app.graph.inputs.task_list import searched, shared_filter
from app.graph.types.task import Task
from app.graph.types.triage import TaskTriage
from app.storage.inbox import View

LIMIT_DEFAULT: Final = FIRST_DEFAULT
LIMIT_MAX: Final = FIRST_MAX


@strawberry.input(description="Which tasks of your inbox are wanted; conditions are joined by AND.")
class TaskInboxFilter:
    """Absent members mean any; what is counted passes all of them."""

    scope: TaskScope | None = strawberry.field(default=None, description="Tasks of this scope.")
    workspace_id: strawberry.ID | None = strawberry.field(default=None, description="Tasks of this workspace.")
    owner_kind: OwnerKind | None = strawberry.field(default=None, description="Belonging to this kind of being.")
    owner_ref: str | None = strawberry.field(default=None, description="Belonging to the being of this reference.")
    search: str | None = strawberry.field(
        default=None, description="Part of title or identifier, in any case; % and _ stand for themselves."
    )
    lane: InboxLane | None = strawberry.field(default=None, description="Only this lane.")
    unread: bool = strawberry.field(default=False, description="Only what you have not read.")
    limit: int = strawberry.field(
        default=LIMIT_DEFAULT, description="At most so many items of each lane, at most 100; all are counted."
    )


def inbox_view(given: TaskInboxFilter | None) -> View:
    """The filter in the words of storage."""
    if given is None:
        return View(limit=LIMIT_DEFAULT)
    if not 1 <= given.limit <= LIMIT_MAX:
        raise BadInput(f"filter.limit is {given.limit}; give 1 to {LIMIT_MAX}.", field="filter.limit", limit=LIMIT_MAX)
    tasks = shared_filter(given.scope, given.workspace_id, given.owner_kind, given.owner_ref)
    return View(
        tasks=replace(tasks, search=searched(given.search)),
        lane=given.lane,
        unread=given.unread,
        limit=given.limit,
    )


@strawberry.input(description="A task of your inbox.")
class TriageTaskInput(MutationInput):
    """Which task."""

    task_id: strawberry.ID = strawberry.field(description="The task.")


@strawberry.input(description="A task you have read.")
class MarkTaskReadInput(TriageTaskInput):
    """Which task."""


@strawberry.input(description="A task to leave out of your inbox until something newer happens to it.")
class DismissTaskInput(TriageTaskInput):
    """Which task."""


@strawberry.input(description="A task to put into the archive of your inbox, for good.")
class ArchiveTaskInput(TriageTaskInput):
    """Which task."""


@strawberry.type(description="The answer to markTaskRead, dismissTask and archiveTask; nobody else is told, no event.")
class TriagePayload(RecordedPayload):
    """The task and what holds for you."""

    task: Task | None = strawberry.field(default=None, description="The task, which did not change.")
    triage: TaskTriage | None = strawberry.field(default=None, description="What you did with it.")


@strawberry.type(description="The answer to markTaskRead.")
class MarkTaskReadPayload(TriagePayload):
    """As for all three."""


@strawberry.type(description="The answer to dismissTask.")
class DismissTaskPayload(TriagePayload):
    """As for all three."""


@strawberry.type(description="The answer to archiveTask.")
class ArchiveTaskPayload(TriagePayload):
    """As for all three."""
