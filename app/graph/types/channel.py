"""Channels on which agents coordinate runs."""

from datetime import datetime

import strawberry

from app.domain.tasks.channels import CoordinationMessageKind
from app.graph.relation import value


@strawberry.type(description="The channel on which agents talk about a run; what is said on it changes no run.")
class CoordinationChannel:
    """A channel, as one run is bound to it; others may be bound to it as well."""

    id: strawberry.ID = value("Its name; another workspace may have another channel of that name.")
    channel: str = value("Its name on the network.")
    display_name: str = value("What people call it.")
    purpose: str = value("What it is for.")
    workspace_id: strawberry.ID = value("The workspace it belongs to.")
    task_id: strawberry.ID = value("The task of the run.")
    run_id: strawberry.ID = value("The run.")
    workflow_id: str | None = value("The workflow_id in the metadata of the run.")
    last_activity_at: datetime = value("When something was last known to happen on it.")
    allowed_message_kinds: list[CoordinationMessageKind] = value("What may be said on it; always all kinds.")
