"""The data of a chart, to watch."""

from collections.abc import Hashable, Sequence
from typing import Final
from uuid import UUID

import orjson

from app.domain.access.policy import unknown
from app.domain.access.viewer import Viewer
from app.domain.charts.filters import parse_filters
from app.domain.errors import NotFound
from app.domain.invalid import accepted
from app.domain.tasks.events import TABLE_CHANGES, EventType
from app.loaders.chart_data import DrawnData, chart_data
from app.loaders.reader import Reader
from app.loaders.workspaces import workspace_by_id
from app.storage import catalog, charts
from app.storage.events import Range
from app.storage.rows.workspace import ChartRow

# As many as a workspace has charts.
WATCHED_MAX: Final = 100
# The end of the workspace is the end of its charts.
CHART_CHANGES: Final = (
    EventType.WORKSPACE_CHART_UPDATED,
    EventType.WORKSPACE_CHART_DELETED,
    EventType.WORKSPACE_DELETED,
)


class WatchedChart:
    """A chart's data under a caller's filters; whoever may read it sees the same."""

    most = WATCHED_MAX

    def __init__(self, reader: Reader, chart: ChartRow, table_id: UUID | None, filters: Sequence[object]) -> None:
        self._reader = reader
        self._chart = chart
        self._filters = [one.to_wire() for one in accepted(parse_filters(list(filters), ("filters",)))]
        self._filters_text = orjson.dumps(self._filters)
        self.place = chart.workspace_id
        # A workspace without data has no table that could change.
        watched = table_id or chart.workspace_id
        self.listens = (
            Range(workspace_id=chart.workspace_id, types=CHART_CHANGES),
            Range(workspace_id=chart.workspace_id, table_id=watched, types=tuple(sorted(TABLE_CHANGES))),
        )

    @property
    def viewer(self) -> Viewer:
        """Whose right to read it is looked at."""
        return self._reader.viewer

    @property
    def key(self) -> Hashable:
        """One right, one view."""
        return (self.shared_key, self.viewer.user_id)

    @property
    def shared_key(self) -> Hashable:
        """All who see it see the same."""
        return ("chart", self.viewer.tenant_id, self._chart.id, self._filters_text)

    async def mark(self) -> object:
        """Its spec and the last change of its rows; NotFound once it is gone for this viewer."""
        viewer = self.viewer
        found = await charts.state(self._reader.db, viewer.tenant_id, viewer.user_id, self._chart.id)
        if found is None:
            raise await self._gone()
        self._chart, mark = found
        return mark

    async def _gone(self) -> NotFound:
        """Whoever lost the workspace is told so, whether this view or the guard of rights sees it first."""
        [place] = await workspace_by_id(self._reader, [self.place])
        what, id = ("chart", self._chart.id) if place else ("workspace", self.place)
        message = f"There is no {what} {str(id)!r} any more: it is not shared with you now, or was deleted."
        return NotFound(message, id=str(id), reason=unknown(what))

    async def compute(self) -> DrawnData:
        """What it shows now."""
        shown = await catalog.shown_by(self._reader.db, self.viewer.tenant_id, [self._chart.workspace_id])
        return await chart_data(self._reader, self._chart, shown[0][1] if shown else None, self._filters)

    def facts(self, value: DrawnData) -> object:
        """All of it."""
        return value

    def good_seconds(self, value: DrawnData) -> float | None:
        """Time alone changes nothing here."""
        return None
