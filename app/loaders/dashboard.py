"""The dashboard as a viewer sees it, to read once or to watch."""

from collections.abc import Hashable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app.domain.access.viewer import Viewer
from app.domain.tasks.activity import MOVES
from app.domain.tasks.dashboard import Dashboard
from app.domain.tasks.events import EventType
from app.loaders.facts import without_lease
from app.loaders.reader import Reader
from app.storage import dashboard, events
from app.storage.events import Range
from app.storage.rows.dashboard import ActiveRunRow
from app.storage.task_filter import Filter

WATCHED_MAX: Final = 20
NO_MOMENT: Final = datetime.min.replace(tzinfo=UTC)
# A session that ends makes orphans of its runs.
MOVED_BY: Final = (*MOVES, EventType.AGENT_SESSION_ENDED)


async def task_dashboard(reader: Reader, wanted: Filter) -> Dashboard[ActiveRunRow]:
    """The dashboard of the tasks the viewer may see."""
    return await dashboard.read(reader.db, reader.viewer.tenant_id, reader.viewer.user_id, wanted)


class WatchedDashboard:
    """A dashboard to watch."""

    listens = (Range(types=MOVED_BY),)
    shared_key = None
    most = WATCHED_MAX

    def __init__(self, reader: Reader, wanted: Filter, place: UUID | None = None) -> None:
        self._reader = reader
        self._wanted = wanted
        self.place = place

    @property
    def viewer(self) -> Viewer:
        """Whose it is."""
        return self._reader.viewer

    @property
    def key(self) -> Hashable:
        """What two keys of one user see is the same."""
        return ("dashboard", self.viewer.tenant_id, self.viewer.user_id, self._wanted, self.place)

    async def mark(self) -> object:
        """The end of the log: whatever is counted writes an event."""
        return (await events.bounds(self._reader.db, self.viewer.tenant_id))[1]

    async def compute(self) -> Dashboard[ActiveRunRow]:
        """As it is now."""
        return await task_dashboard(self._reader, self._wanted)

    def facts(self, value: Dashboard[ActiveRunRow]) -> object:
        """All but ages and the moment of looking."""
        queue = value.queue
        return replace(
            value,
            good_seconds=None,
            queue=replace(
                queue,
                oldest_queue_age_ms=0,
                depth=tuple(replace(channel, oldest_queue_age_ms=0) for channel in queue.depth),
            ),
            active_runs=replace(value.active_runs, items=tuple(map(_ageless, value.active_runs.items))),
            freshness=replace(value.freshness, observed_at=NO_MOMENT, age_ms=0),
        )

    def good_seconds(self, value: Dashboard[ActiveRunRow]) -> float | None:
        """Until something becomes stuck, a backlog or stale."""
        return value.good_seconds


def _ageless(item: ActiveRunRow) -> ActiveRunRow:
    return replace(item, age_ms=0, run=without_lease(item.run))
