"""Charts: each is an artifact with versions that stands in a workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from app.clock import Now
from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.policy import Action, unknown
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.charts.option import compile_option
from app.domain.charts.parse import parse_spec, patch_spec
from app.domain.charts.rules import spec_problems
from app.domain.charts.spec import ChartSpec
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.grid.column import Column
from app.domain.ids import uuid7
from app.domain.invalid import accepted, require_sound
from app.domain.tasks.events import EventType
from app.services.access import Access, known_id
from app.services.presence import active
from app.storage import artifacts, catalog, charts, events, workspaces
from app.storage.rows.grid import ArtifactKind
from app.storage.rows.workspace import ChartRow, WorkspaceRow

CHARTS_MAX: Final = 100
UNTITLED: Final = "Untitled chart"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPatch:
    """What is to change: a whole spec, or a JSON merge patch on the stored one; what is None stays as it is."""

    spec: object = None
    spec_patch: object = None
    collapsed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new chart and the sequence of its event."""

    chart: ChartRow
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A chart after a change, or as it was at its end, and its workspace; no sequence where nothing changed."""

    chart: ChartRow
    workspace: WorkspaceRow
    sequence: int | None


class Charts:
    """The use cases of charts. The lock of the workspace's row keeps positions dense and patches one after another."""

    def __init__(self, db: Database, access: Access, now: Now) -> None:
        self._db = db
        self._access = access
        self._now = now

    async def create(self, viewer: Viewer, workspace_id: str, spec: object) -> Made:
        """A new chart behind the others; a spec that cannot be drawn from the workspace's columns is refused."""
        place = await self._access.workspace(viewer, known_id(workspace_id, "workspace"), Action.WRITE)
        active(place)
        columns = await self._columns(viewer, place.id)
        parsed = accepted(parse_spec(spec, ("spec",)))
        require_sound(spec_problems(parsed, columns, ("spec",)))
        async with self._db.transaction() as tx:
            active(await workspaces.touch(tx, viewer.tenant_id, place.id))
            chart = await self._insert(tx, viewer, place, parsed, columns)
            if chart.position >= CHARTS_MAX:
                raise Conflict(f"The workspace has {CHARTS_MAX} charts already; delete one first.", limit=CHARTS_MAX)
            fact = _fact(EventType.WORKSPACE_CHART_CREATED, viewer, chart)
            sequence = await events.append(tx, viewer.tenant_id, [fact])
        return Made(chart=chart, sequence=sequence)

    async def update(
        self, viewer: Viewer, chart_id: str, patch: ChartPatch, *, workspace_id: str | None = None
    ) -> Drawn:
        """Change what a chart draws, or how it is shown; a spec that is there already makes no new version."""
        if patch.spec is not None and patch.spec_patch is not None:
            raise BadInput("Give either spec or specPatch, not both.", field="specPatch")
        found = await self._editable(viewer, chart_id, workspace_id)
        columns = await self._columns(viewer, found.workspace_id)
        async with self._db.transaction() as tx:
            place, chart = await self._locked(tx, viewer, found)
            spec = _wanted(chart, patch, columns)
            collapsed = chart.collapsed if patch.collapsed is None else patch.collapsed
            named = [
                name
                for name, given in (("spec", spec is not None), ("collapsed", collapsed != chart.collapsed))
                if given
            ]
            if not named:
                return Drawn(chart=chart, workspace=place, sequence=None)
            changed = await self._change(tx, viewer, chart, spec, columns, collapsed=collapsed)
            place = active(await workspaces.touch(tx, viewer.tenant_id, place.id))
            fact = _fact(EventType.WORKSPACE_CHART_UPDATED, viewer, changed, changedFields=named, collapsed=collapsed)
            sequence = await events.append(tx, viewer.tenant_id, [fact])
        return Drawn(chart=changed, workspace=place, sequence=sequence)

    async def move(self, viewer: Viewer, chart_id: str, position: int, *, workspace_id: str | None = None) -> Drawn:
        """Put a chart in another place, at most behind the last; those between step aside."""
        if position < 0:
            raise BadInput(f"position is {position}; places are counted from 0.", field="position")
        found = await self._editable(viewer, chart_id, workspace_id)
        async with self._db.transaction() as tx:
            place, chart = await self._locked(tx, viewer, found)
            goal = min(position, await charts.count(tx, viewer.tenant_id, place.id) - 1)
            if goal == chart.position:
                return Drawn(chart=chart, workspace=place, sequence=None)
            await charts.move(tx, viewer.tenant_id, place.id, chart.id, start=chart.position, goal=goal)
            place = active(await workspaces.touch(tx, viewer.tenant_id, place.id))
            moved = await self._again(tx, viewer, chart)
            more = {"changedFields": ["position"], "previousPosition": chart.position}
            fact = _fact(EventType.WORKSPACE_CHART_UPDATED, viewer, moved, **more)
            sequence = await events.append(tx, viewer.tenant_id, [fact])
        return Drawn(chart=moved, workspace=place, sequence=sequence)

    async def delete(self, viewer: Viewer, chart_id: str, *, workspace_id: str | None = None) -> Drawn:
        """Take a chart away and close the gap; its artifact stays with all versions."""
        found = await self._editable(viewer, chart_id, workspace_id)
        async with self._db.transaction() as tx:
            place, chart = await self._locked(tx, viewer, found)
            await charts.delete(tx, viewer.tenant_id, place.id, chart.id)
            place = active(await workspaces.touch(tx, viewer.tenant_id, place.id))
            fact = _fact(EventType.WORKSPACE_CHART_DELETED, viewer, chart)
            sequence = await events.append(tx, viewer.tenant_id, [fact])
        return Drawn(chart=chart, workspace=place, sequence=sequence)

    async def _editable(self, viewer: Viewer, chart_id: str, workspace_id: str | None) -> ChartRow:
        """The chart, of this workspace if one is named, if the viewer may change it and it is not frozen."""
        place = None if workspace_id is None else known_id(workspace_id, "workspace")
        if place is not None:
            await self._access.workspace(viewer, place, Action.READ)
        id = known_id(chart_id, "chart")
        rows = await charts.visible_by_id(self._db, viewer.tenant_id, viewer.user_id, [id])
        if not rows or place not in (None, rows[0].workspace_id):
            raise _no_chart(id)
        active(await self._access.workspace(viewer, rows[0].workspace_id, Action.WRITE))
        return rows[0]

    async def _locked(self, tx: Tx, viewer: Viewer, found: ChartRow) -> tuple[WorkspaceRow, ChartRow]:
        place = active(await workspaces.lock(tx, viewer.tenant_id, found.workspace_id))
        return place, await self._again(tx, viewer, found)

    async def _again(self, tx: Tx, viewer: Viewer, chart: ChartRow) -> ChartRow:
        row = await charts.in_workspace(tx, viewer.tenant_id, chart.workspace_id, chart.id)
        if row is None:
            raise _no_chart(chart.id)
        return row

    async def _columns(self, viewer: Viewer, workspace_id: UUID) -> tuple[Column, ...]:
        shown = await catalog.shown_by(self._db, viewer.tenant_id, [workspace_id])
        return shown[0][1].column_list if shown else ()

    async def _change(
        self,
        tx: Tx,
        viewer: Viewer,
        chart: ChartRow,
        spec: ChartSpec | None,
        columns: Sequence[Column],
        *,
        collapsed: bool,
    ) -> ChartRow:
        """A new spec is a new version of the artifact, edited by the viewer; to fold a chart is no edit."""
        if spec is not None:
            await self._keep(tx, viewer, chart.artifact_id, spec, chart.chart_spec_version + 1)
        new = charts.ChangedChart(
            chart_spec_version=chart.chart_spec_version + (spec is not None),
            spec=_text(chart.spec if spec is None else spec.to_wire()),
            renderer_config=_text(chart.renderer_config if spec is None else compile_option(spec, columns)),
            title=chart.title if spec is None else spec.title,
            collapsed=collapsed,
            last_edited_by=chart.last_edited_by if spec is None else viewer.user_id,
        )
        return await charts.update(tx, viewer.tenant_id, chart.id, new)

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
        await artifacts.insert(tx, viewer.tenant_id, artifact)
        await self._keep(tx, viewer, artifact.id, spec, 1)
        new = charts.NewChart(
            id=uuid7(self._now()),
            workspace_id=place.id,
            artifact_id=artifact.id,
            spec=_text(spec.to_wire()),
            renderer_config=_text(compile_option(spec, columns)),
            title=spec.title,
            created_by=viewer.user_id,
        )
        return await charts.insert(tx, viewer.tenant_id, new)

    async def _keep(self, tx: Tx, viewer: Viewer, artifact_id: UUID, spec: ChartSpec, number: int) -> None:
        version = artifacts.NewVersion(
            id=uuid7(self._now()),
            artifact_id=artifact_id,
            version=number,
            content=None,
            metadata=_text({"chart_spec": spec.to_wire()}),
            row_count=None,
            created_by=viewer.user_id,
        )
        await artifacts.insert_version(tx, viewer.tenant_id, version)


def _wanted(chart: ChartRow, patch: ChartPatch, columns: Sequence[Column]) -> ChartSpec | None:
    """The new spec, fit for the columns of today; None where it is as it was."""
    if patch.spec is None and patch.spec_patch is None:
        return None
    loc = ("spec" if patch.spec_patch is None else "specPatch",)
    if patch.spec_patch is None:
        spec = accepted(parse_spec(patch.spec, loc))
    else:
        spec = accepted(patch_spec(accepted(parse_spec(chart.spec, ("spec",))), patch.spec_patch, loc))
    require_sound(spec_problems(spec, columns, loc))
    # As text: to Python 1, 1.0 and true are equal.
    return None if _text(spec.to_wire()) == _text(chart.spec) else spec


def _text(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _no_chart(id: UUID) -> NotFound:
    return NotFound(f"There is no chart {str(id)!r}.", id=str(id), reason=unknown("chart"))


def _fact(type: EventType, viewer: Viewer, chart: ChartRow, **more: object) -> events.NewEvent:
    return events.NewEvent(
        type=type,
        payload={
            "chartId": str(chart.id),
            "title": chart.title,
            "position": chart.position,
            "chartSpecVersion": chart.chart_spec_version,
            **more,
        },
        actor=viewer.actor,
        origin=Origin(kind=OriginKind.HTTP, ref=f"charts.{type.value.rpartition('_')[2]}"),
        workspace_id=chart.workspace_id,
    )
