"""Triage: an actor reads, dismisses or archives tasks in its own inbox; nobody else is told, no event is written."""

from collections.abc import Callable
from uuid import UUID

from app.db.engine import Database
from app.domain.access.policy import Action, TenantWide, require
from app.domain.access.viewer import Viewer
from app.domain.errors import NotFound
from app.domain.ids import is_task_id
from app.domain.tasks.triage import EFFECTS, Mark, Triage
from app.storage import triage

Marked = Callable[[UUID, UUID], None]


class TriageDesk:
    """The use cases of triage."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._on_mark: list[Marked] = []

    def on_mark(self, told: Marked) -> None:
        """Call `told` with tenant and user after each mark: the log does not tell of it."""
        self._on_mark.append(told)

    async def mark(self, viewer: Viewer, task_id: str, mark: Mark) -> Triage:
        """What holds for the viewer's own actor afterwards; repeating it changes nothing."""
        require(viewer, Action.WRITE, TenantWide(tenant_id=viewer.tenant_id), what="tenant", id=viewer.tenant_id)
        kept = None
        if is_task_id(task_id):
            kept = await triage.mark(self._db, viewer.tenant_id, viewer.user_id, viewer.actor, task_id, EFFECTS[mark])
        if kept is None:
            raise NotFound(f"There is no task {task_id[:140]!r}.", id=task_id[:140])
        for told in self._on_mark:
            told(viewer.tenant_id, viewer.user_id)
        return Triage(
            task_id=task_id,
            actor=viewer.actor,
            read=True,
            archived=kept.archived,
            dismissed=kept.dismissed,
            last_seen_activity_at=kept.last_seen_activity_at,
            updated_at=kept.updated_at,
        )
