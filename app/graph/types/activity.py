"""What happened on a workspace."""

from datetime import datetime

import strawberry

from app.domain.sharing.activity import ActivityKind
from app.graph.enums import described
from app.graph.relation import value
from app.graph.scalars import JSON

described(
    ActivityKind,
    "What an item of the activity is about.",
    {
        "run": "A run of one of its tasks; one item, whose status changes.",
        "cell_mutation": "A cell was edited.",
        "chart": "A chart was made, changed or deleted.",
        "session": "A conversation of yours; one item, with the status of its last turn.",
        "share": "Its share changed; only its owner sees this.",
        "task_binding": "A task was bound, changed or unbound.",
        "workspace": "It was made, changed, archived or restored.",
    },
)


@strawberry.type(description="Something that happened on a workspace.")
class ActivityItem:
    """An item."""

    id: strawberry.ID = value("Names it within the workspace, such as run:… or chart:….")
    kind: ActivityKind = value("What it is about.")
    title: str = value("In a few words.")
    status: str | None = value("Where a run or a conversation stands, the state of a share or of the workspace.")
    detail: JSON | None = value("What it is about, by id; never the values of cells.")
    created_at: datetime = value("When it happened; for a run when it was queued.")
