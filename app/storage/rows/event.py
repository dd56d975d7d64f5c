"""An event as it is stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from app.domain.actor import Actor, ActorKind, Origin, OriginKind
from app.domain.tasks.events import EventType
from app.storage.rows.base import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow(Row):
    """One fact of the log; `task_path` holds the ancestors of its task, root first."""

    CONVERT: ClassVar = {"type": EventType, "actor_kind": ActorKind, "origin_kind": OriginKind}

    tenant_id: UUID
    sequence: int
    created_at: datetime
    type: EventType
    task_id: str | None
    task_path: list[str] | None
    run_id: UUID | None
    workspace_id: UUID | None
    actor_kind: ActorKind
    actor_ref: str
    origin_kind: OriginKind
    origin_ref: str
    payload: dict[str, Any]

    @property
    def cursor(self) -> str:
        """The place of the event in its tenant's log; `after` takes it."""
        return str(self.sequence)

    @property
    def actor(self) -> Actor:
        """Who caused it."""
        return Actor(kind=self.actor_kind, ref=self.actor_ref)

    @property
    def origin(self) -> Origin:
        """Through which operation."""
        return Origin(kind=self.origin_kind, ref=self.origin_ref)
