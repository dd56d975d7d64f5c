"""The routes for files: rows into tables, grids and charts out of workspaces."""

from typing import Final

from app.web.rest.answering import Answering
from app.web.rest.data.envelope import DataEnvelope
from app.web.rest.data.exports import CSV, chart_file, grid_file
from app.web.rest.data.rows import add_rows, may_add
from app.web.rest.data.shapes import ExportQuery, RowsAdded
from app.web.rest.operation import Operation, RestRoutes
from app.web.state import WebState

OPERATIONS: Final = (
    Operation(
        id="addTableRows",
        summary="Add the rows of a CSV, JSON lines or Parquet file to a table, all or none",
        method="POST",
        path="/api/v1/tables/{table_id}/rows",
        status=200,
        answer=RowsAdded,
        handler=add_rows,
        before=may_add,
    ),
    Operation(
        id="exportWorkspaceData",
        summary="Download the rows of a workspace",
        method="GET",
        path="/api/v1/workspaces/{workspace_id}/data.csv",
        status=200,
        answer=None,
        handler=grid_file,
        query=ExportQuery,
        media_type=CSV,
    ),
    Operation(
        id="exportChartData",
        summary="Download the points of a chart",
        method="GET",
        path="/api/v1/workspaces/{workspace_id}/charts/{chart_id}/data.csv",
        status=200,
        answer=None,
        handler=chart_file,
        query=ExportQuery,
        media_type=CSV,
    ),
)


def data_api(state: WebState) -> RestRoutes:
    """The routes; what else lies below their paths is somebody else's."""
    return RestRoutes(OPERATIONS, Answering(state, DataEnvelope()), whole=False)
