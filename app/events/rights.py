"""Rights: whoever may not read a workspace any more is told so, and hears nothing more of it."""

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.domain.errors import NotFound
from app.events.hub import Hub, Listening
from app.storage import visibility

# A share ends by itself at a moment that nothing tells; a revocation is looked at as soon as the tailer reads of it.
CHECK_SECONDS: Final = 0.5


class Rights:
    """Ends the subscriptions of those who lost the right to what they listen to."""

    def __init__(self, db: Database, hub: Hub) -> None:
        self._db = db
        self._hub = hub
        self._told: list[Callable[[UUID], None]] = []

    def on_change(self, told: Callable[[UUID], None]) -> None:
        """Call `told` with each tenant in which somebody got or lost the right to a workspace."""
        self._told.append(told)

    async def changed(self, tenants: Collection[UUID]) -> None:
        """The log says that somebody got or lost a right."""
        for tenant_id in tenants:
            for told in self._told:
                told(tenant_id)
        await self.run_once()

    async def run_once(self) -> int:
        """One statement for all subscribers of this process; returns how many were ended."""
        listening: defaultdict[tuple[UUID, UUID, UUID], list[Listening]] = defaultdict(list)
        for subscriber in self._hub.placed():
            assert subscriber.place is not None
            listening[subscriber.tenant_id, subscriber.user_id, subscriber.place].append(subscriber)
        if not listening:
            return 0
        ended = 0
        for lost, left_behind in await visibility.no_longer(self._db, list(listening)):
            for subscriber in listening[lost]:
                # Whoever deleted it hears of it in the log, and ends there.
                if not (left_behind and subscriber.hears_the_end):
                    subscriber.end(gone(lost[2]))
                    ended += 1
        return ended


def gone(workspace_id: UUID) -> NotFound:
    """What somebody is told who could read a workspace and no longer can."""
    return NotFound(
        f"There is no workspace {str(workspace_id)!r} any more: it is not shared with you now, or was deleted.",
        id=str(workspace_id),
        reason="workspace_not_found",
    )
