"""Which tasks a dashboard is about."""

from dataclasses import replace

import strawberry

from app.domain.actor import OriginKind, OwnerKind
from app.domain.tasks.draft import channel
from app.domain.tasks.status import TaskScope
from app.graph.inputs.task_list import shared_filter
from app.storage.task_filter import Filter


@strawberry.input(description="Which tasks the dashboard is about, and which of their runs; joined by AND.")
class TaskDashboardFilter:
    """Absent members mean any."""

    scope: TaskScope | None = strawberry.field(default=None, description="Tasks of this scope.")
    workspace_id: strawberry.ID | None = strawberry.field(default=None, description="Tasks of this workspace.")
    owner_kind: OwnerKind | None = strawberry.field(default=None, description="Belonging to this kind of being.")
    owner_ref: str | None = strawberry.field(default=None, description="Belonging to the being of this reference.")
    network_channel: str | None = strawberry.field(default=None, description="Tasks and runs for this channel.")
    origin_kind: OriginKind | None = strawberry.field(
        default=None, description="Tasks made and runs queued through this door."
    )


def dashboard_filter(given: TaskDashboardFilter | None) -> Filter:
    """The filter in the words of storage."""
    if given is None:
        return Filter()
    return replace(
        shared_filter(given.scope, given.workspace_id, given.owner_kind, given.owner_ref),
        network_channel=channel(given.network_channel),
        origin_kind=given.origin_kind.value if given.origin_kind else None,
    )
