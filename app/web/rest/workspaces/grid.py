"""Handlers of the routes about rows and cells."""

from app.domain.grid.cell_edit import CellEdit, Sent
from app.domain.grid.page import RowSort, Window
from app.loaders.grid import shown_by_workspace
from app.loaders.rows import RowsRequest, workspace_rows
from app.web.rest.call import Call
from app.web.rest.workspaces import body, dto, places, query, shapes


async def show(call: Call) -> shapes.WorkspaceData:
    """GET /workspaces/{workspace_id}/data."""
    asked = call.asked(query.DataQuery)
    place = await places.place_of(call)
    wanted = RowsRequest(
        window=Window(limit=asked.limit, offset=query.skipped(asked.offset)),
        sort=None if asked.sort_column is None else RowSort(asked.sort_column, asked.sort_direction),
        filters=(),
    )
    (table,) = await shown_by_workspace(call.reader, [place.id])
    page = await workspace_rows(call.reader, place, table, wanted)
    return dto.data(place, table, page, asked.limit, asked.offset)


async def update_cell(call: Call) -> shapes.CellUpdateResult:
    """PATCH /workspaces/{workspace_id}/data/cells."""
    given = call.given(body.UpdateCellRequest)
    edit = CellEdit(
        column=given.column,
        new=Sent(given.new_value),
        expected=Sent(given.expected_old_value) if "expectedOldValue" in call.sent else None,
        row_identity=given.row_identity,
        ws_row_id=given.ws_row_id,
    )
    done = await call.services.cells.update(call.viewer, call.path["workspace_id"], edit)
    return shapes.CellUpdateResult(mutation_id=done.mutation.id, row=dict(done.row))
