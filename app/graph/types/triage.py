"""Triage: what an actor did with a task in its inbox."""

from datetime import datetime

import strawberry

from app.graph.relation import value
from app.graph.types.actor import Actor


@strawberry.type(description="What you did with a task in your inbox, as far as it still holds; nobody else sees it.")
class TaskTriage:
    """Read, dismissed, archived."""

    task_id: strawberry.ID = value("The task.")
    actor: Actor = value("Whose inbox: yours.")
    read: bool = value("Whether you read it and nothing happened since; archived tasks stay read.")
    archived: bool = value("Whether it is in the archive, which nothing leaves.")
    dismissed: bool = value("Whether it is left out until something newer happens.")
    last_seen_activity_at: datetime | None = value("What had happened last when you read it.")
    updated_at: datetime | None = value("When you did something with it last; null for never.")
