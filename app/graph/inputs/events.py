"""The filter of event lists and subscriptions."""

import strawberry

from app.domain.errors import BadInput
from app.domain.ids import parse_uuid
from app.domain.tasks.events import EventType
from app.storage.events import Range


@strawberry.input(description="Which events are wanted; conditions are joined by AND.")
class EventFilter:
    """Absent members mean any."""

    types: list[EventType] | None = strawberry.field(default=None, description="Of one of these types.")
    task_id: strawberry.ID | None = strawberry.field(
        default=None, description="About this task or one of its descendants."
    )
    run_id: strawberry.ID | None = strawberry.field(default=None, description="About this run.")
    workspace_id: strawberry.ID | None = strawberry.field(default=None, description="About this workspace.")


def to_range(given: EventFilter | None) -> Range:
    """The filter in the words of storage."""
    if given is None:
        return Range()
    for name, text in (("runId", given.run_id), ("workspaceId", given.workspace_id)):
        if text is not None and parse_uuid(text) is None:
            raise BadInput(f"filter.{name} is no id; send one that a query or an event gave.", field=f"filter.{name}")
    return Range(
        task_id=given.task_id,
        with_descendants=given.task_id is not None,
        run_id=parse_uuid(given.run_id) if given.run_id else None,
        workspace_id=parse_uuid(given.workspace_id) if given.workspace_id else None,
        types=tuple(given.types) if given.types is not None else None,
    )
