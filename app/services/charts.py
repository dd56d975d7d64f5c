"""Charts: each is an artifact with versions that stands in a workspace."""

from dataclasses import dataclass
from typing import Final

import orjson

from app.clock import Now
from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.charts.option import compile_option
from app.domain.charts.parse import parse_spec
from app.domain.charts.rules import spec_problems
from app.domain.charts.spec import ChartSpec
from app.domain.errors import Conflict
from app.domain.grid.column import Column
from app.domain.ids import uuid7
from app.domain.invalid import accepted, require_sound
from app.domain.tasks.events import EventType
from app.services.access import Access, known_id
from app.services.workspaces import active
from app.storage import artifacts, catalog, charts, events, workspaces
from app.storage.rows.grid import ArtifactKind
from app.storage.rows.workspace import ChartRow, WorkspaceRow

CHARTS_MAX: Final = 100
UNTITLED: Final = "Untitled chart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new chart and the sequence of its event."""

    chart: ChartRow
    sequence: int


class Charts:
    """The use cases of charts."""

    def __init__(self, db: Database, access: Access, now: Now) -> None:
        self._db = db
        self._access = access
        self._now = now

    async def create(self, viewer: Viewer, workspace_id: str, spec: object) -> Made:
        """A new chart behind the others; a spec that cannot be drawn from the workspace's columns is refused."""
        place = await self._access.workspace(viewer, known_id(workspace_id, "workspace"), Action.WRITE)
        active(place)
        shown = await catalog.shown_by(self._db, viewer.tenant_id, [place.id])
        columns = shown[0][1].column_list if shown else ()
        parsed = accepted(parse_spec(spec, ("spec",)))
        require_sound(spec_problems(parsed, columns, ("spec",)))
        async with self._db.transaction() as tx:
            active(await workspaces.touch(tx, viewer.tenant_id, place.id))
            chart = await self._insert(tx, viewer, place, parsed, columns)
            if chart.position >= CHARTS_MAX:
                raise Conflict(f"The workspace has {CHARTS_MAX} charts already; delete one first.", limit=CHARTS_MAX)
            sequence = await events.append(tx, viewer.tenant_id, [_created(viewer, chart)])
        return Made(chart=chart, sequence=sequence)

    async def _insert(
        self, tx: Tx, viewer: Viewer, place: WorkspaceRow, spec: ChartSpec, columns: tuple[Column, ...]
    ) -> ChartRow:
        artifact = artifacts.NewArtifact(
            id=uuid7(self._now()),
            name=spec.title or UNTITLED,
            kind=ArtifactKind.CHART.value,
            workspace_id=place.id,
            created_by=viewer.user_id,
        )
        wire = spec.to_wire()
        version = artifacts.NewVersion(
            id=uuid7(self._now()),
            artifact_id=artifact.id,
            version=1,
            content=None,
            metadata=orjson.dumps({"chart_spec": wire}).decode(),
            row_count=None,
            created_by=viewer.user_id,
        )
        await artifacts.insert(tx, viewer.tenant_id, artifact)
        await artifacts.insert_version(tx, viewer.tenant_id, version)
        new = charts.NewChart(
            id=uuid7(self._now()),
            workspace_id=place.id,
            artifact_id=artifact.id,
            spec=orjson.dumps(wire).decode(),
            renderer_config=orjson.dumps(compile_option(spec, columns)).decode(),
            title=spec.title,
            created_by=viewer.user_id,
        )
        return await charts.insert(tx, viewer.tenant_id, new)


def _created(viewer: Viewer, chart: ChartRow) -> events.NewEvent:
    return events.NewEvent(
        type=EventType.WORKSPACE_CHART_CREATED,
        payload={
            "chartId": str(chart.id),
            "title": chart.title,
            "position": chart.position,
            "chartSpecVersion": chart.chart_spec_version,
        },
        actor=viewer.actor,
        origin=Origin(kind=OriginKind.HTTP, ref="charts.create"),
        workspace_id=chart.workspace_id,
    )
