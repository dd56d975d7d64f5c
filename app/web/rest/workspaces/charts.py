"""Handlers of the routes about charts."""

from uuid import UUID

from app.domain.access.policy import unknown
from app.domain.errors import NotFound
from app.loaders.chart_data import chart_data
from app.loaders.grid import shown_by_workspace
from app.loaders.workspaces import chart_by_id, charts_by_workspace
from app.services.charts import ChartPatch
from app.storage.rows.workspace import ChartRow
from app.web.rest.call import Call
from app.web.rest.workspaces import body, chart_shapes, dto, places


async def show_list(call: Call) -> chart_shapes.ChartList:
    """GET /workspaces/{workspace_id}/charts."""
    place = await places.place_of(call)
    (found,) = await charts_by_workspace(call.reader, [place.id])
    return chart_shapes.ChartList(items=tuple(map(dto.chart, found)))


async def create(call: Call) -> chart_shapes.Chart:
    """POST /workspaces/{workspace_id}/charts."""
    spec = call.given(body.CreateChartRequest).spec
    made = await call.services.charts.create(call.viewer, call.path["workspace_id"], spec)
    return dto.chart(made.chart)


async def show(call: Call) -> chart_shapes.Chart:
    """GET /workspaces/{workspace_id}/charts/{chart_id}."""
    return dto.chart(await _chart_of(call))


async def update(call: Call) -> chart_shapes.Chart:
    """PATCH /workspaces/{workspace_id}/charts/{chart_id}."""
    given = call.given(body.UpdateChartRequest)
    patch = ChartPatch(spec=given.spec, spec_patch=given.spec_patch)
    charts, path = call.services.charts, call.path
    done = await charts.update(call.viewer, path["chart_id"], patch, workspace_id=path["workspace_id"])
    return dto.chart(done.chart)


async def move(call: Call) -> chart_shapes.Chart:
    """PATCH /workspaces/{workspace_id}/charts/{chart_id}/position."""
    position = call.given(body.MoveChartRequest).position
    charts, path = call.services.charts, call.path
    done = await charts.move(call.viewer, path["chart_id"], position, workspace_id=path["workspace_id"])
    return dto.chart(done.chart)


async def delete(call: Call) -> None:
    """DELETE /workspaces/{workspace_id}/charts/{chart_id}."""
    path = call.path
    await call.services.charts.delete(call.viewer, path["chart_id"], workspace_id=path["workspace_id"])


async def query_data(call: Call) -> chart_shapes.ChartData:
    """POST /workspaces/{workspace_id}/charts/{chart_id}/data."""
    filters = call.given(body.ChartDataRequest).filters
    row = await _chart_of(call)
    (table,) = await shown_by_workspace(call.reader, [row.workspace_id])
    return dto.chart_data(row, await chart_data(call.reader, row, table, filters))


async def _chart_of(call: Call) -> ChartRow:
    """The chart that the path names; one of another workspace is not found here."""
    place = await places.place_of(call)
    id = UUID(call.path["chart_id"])
    (found,) = await chart_by_id(call.reader, [id])
    if found is None or found.workspace_id != place.id:
        raise NotFound(f"There is no chart {str(id)!r}.", id=str(id), reason=unknown("chart"))
    return found
