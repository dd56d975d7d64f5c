"""The operations of the workspaces API: the one table from which its routes and its description are made."""

from typing import Final
from uuid import UUID

from app.web.rest.answering import Answering
from app.web.rest.api import Api
from app.web.rest.operation import Operation, RestRoutes
from app.web.rest.workspaces import (
    beside,
    body,
    chart_shapes,
    charts,
    grid,
    query,
    run_shapes,
    session_shapes,
    sessions,
    shapes,
    workspaces,
)
from app.web.rest.workspaces.declare import declared
from app.web.rest.workspaces.envelope import WorkspacesEnvelope
from app.web.rest.workspaces.reading import NOTATION, Strict
from app.web.state import WebState

WORKSPACES: Final = (
    declared(
        "list_workspaces",
        "GET ",
        "List Workspaces",
        workspaces.show_list,
        shapes.WorkspaceList,
        query=query.ListWorkspacesQuery,
    ),
    declared(
        "create_workspace",
        "POST ",
        "Create Workspace",
        workspaces.create,
        shapes.WorkspaceCreated,
        status=201,
        conflicts=True,
        body=body.CreateWorkspaceRequest,
    ),
    declared(
        "list_shared_workspaces",
        "GET /shared",
        "List Shared Workspaces",
        workspaces.show_shared,
        shapes.WorkspacePage,
        query=query.SharedQuery,
    ),
    declared(
        "list_workspace_table_candidates",
        "GET /table-candidates",
        "List Workspace Table Candidates",
        workspaces.show_candidates,
        shapes.TableCandidateList,
    ),
    declared(
        "get_workspace",
        "GET /{workspace_id}",
        "Get Workspace",
        workspaces.show,
        shapes.WorkspaceDetail,
    ),
    declared(
        "update_workspace",
        "PATCH /{workspace_id}",
        "Update Workspace",
        workspaces.update,
        shapes.WorkspaceDetail,
        conflicts=True,
        body=body.UpdateWorkspaceRequest,
    ),
    declared(
        "delete_workspace",
        "DELETE /{workspace_id}",
        "Delete Workspace",
        workspaces.delete,
        None,
    ),
    declared(
        "list_workspace_activity",
        "GET /{workspace_id}/activity",
        "List Workspace Activity",
        workspaces.show_activity,
        shapes.ActivityItemList,
        query=query.ActivityQuery,
    ),
    declared(
        "archive_workspace",
        "POST /{workspace_id}/archive",
        "Archive Workspace",
        workspaces.archive,
        shapes.WorkspaceDetail,
    ),
    declared(
        "get_workspace_data",
        "GET /{workspace_id}/data",
        "Get Workspace Data",
        grid.show,
        shapes.WorkspaceData,
        query=query.DataQuery,
    ),
    declared(
        "update_workspace_cell",
        "PATCH /{workspace_id}/data/cells",
        "Update Workspace Cell",
        grid.update_cell,
        shapes.CellUpdateResult,
        conflicts=True,
        body=body.UpdateCellRequest,
    ),
    declared(
        "restore_workspace",
        "POST /{workspace_id}/restore",
        "Restore Workspace",
        workspaces.restore,
        shapes.WorkspaceDetail,
    ),
)

CHARTS: Final = (
    declared(
        "list_workspace_charts",
        "GET /{workspace_id}/charts",
        "List Workspace Charts",
        charts.show_list,
        chart_shapes.ChartList,
    ),
    declared(
        "create_workspace_chart",
        "POST /{workspace_id}/charts",
        "Create Workspace Chart",
        charts.create,
        chart_shapes.Chart,
        status=201,
        conflicts=True,
        body=body.CreateChartRequest,
    ),
    declared(
        "get_workspace_chart",
        "GET /{workspace_id}/charts/{chart_id}",
        "Get Workspace Chart",
        charts.show,
        chart_shapes.Chart,
    ),
    declared(
        "update_workspace_chart",
        "PATCH /{workspace_id}/charts/{chart_id}",
        "Update Workspace Chart",
        charts.update,
        chart_shapes.Chart,
        conflicts=True,
        body=body.UpdateChartRequest,
    ),
    declared(
        "delete_workspace_chart",
        "DELETE /{workspace_id}/charts/{chart_id}",
        "Delete Workspace Chart",
        charts.delete,
        None,
        conflicts=True,
    ),
    declared(
        "query_workspace_chart_data",
        "POST /{workspace_id}/charts/{chart_id}/data",
        "Query Workspace Chart Data",
        charts.query_data,
        chart_shapes.ChartData,
        body=body.ChartDataRequest,
    ),
    declared(
        "update_workspace_chart_position",
        "PATCH /{workspace_id}/charts/{chart_id}/position",
        "Update Workspace Chart Position",
        charts.move,
        chart_shapes.Chart,
        conflicts=True,
        body=body.MoveChartRequest,
    ),
)

BESIDE: Final = (
    declared(
        "get_workspace_run",
        "GET /{workspace_id}/runs/{run_id}",
        "Get Workspace Run",
        beside.show_run,
        run_shapes.Run,
    ),
    declared(
        "get_workspace_share",
        "GET /{workspace_id}/share",
        "Get Workspace Share",
        beside.show_share,
        shapes.Share,
    ),
    declared(
        "revoke_workspace_share",
        "DELETE /{workspace_id}/share",
        "Revoke Workspace Share",
        beside.revoke_share,
        None,
    ),
    declared(
        "upsert_workspace_share",
        "PUT /{workspace_id}/share",
        "Upsert Workspace Share",
        beside.put_share,
        shapes.Share,
        conflicts=True,
        body=body.ShareRequest,
    ),
    declared(
        "clear_workspace_share",
        "DELETE /{workspace_id}/share/clear",
        "Clear Workspace Share",
        beside.clear_share,
        None,
    ),
    declared(
        "list_workspace_tags",
        "GET /{workspace_id}/tags",
        "List Workspace Tags",
        beside.show_tags,
        shapes.TagList,
    ),
    declared(
        "set_workspace_tags",
        "PUT /{workspace_id}/tags",
        "Set Workspace Tags",
        beside.set_tags,
        shapes.TagList,
        body=body.SetTagsRequest,
    ),
    declared(
        "attach_task",
        "POST /{workspace_id}/tasks",
        "Attach Task",
        beside.attach_task,
        shapes.WorkspaceDetail,
        status=201,
        conflicts=True,
        body=body.AttachTaskRequest,
    ),
    declared(
        "update_task_binding",
        "PATCH /{workspace_id}/tasks/{task_id}",
        "Update Task Binding",
        beside.update_binding,
        shapes.WorkspaceDetail,
        conflicts=True,
        body=body.UpdateBindingRequest,
    ),
    declared(
        "delete_task_binding",
        "DELETE /{workspace_id}/tasks/{task_id}",
        "Delete Task Binding",
        beside.detach_task,
        None,
        conflicts=True,
    ),
)

SESSIONS: Final = (
    declared(
        "list_workspace_sessions",
        "GET /{workspace_id}/sessions",
        "List Workspace Sessions",
        sessions.show_list,
        session_shapes.SessionList,
    ),
    declared(
        "create_workspace_session",
        "POST /{workspace_id}/sessions",
        "Create Workspace Session",
        sessions.create,
        session_shapes.Session,
        status=201,
        conflicts=True,
    ),
    declared(
        "list_workspace_session_messages",
        "GET /{workspace_id}/sessions/{thread_id}/messages",
        "List Workspace Session Messages",
        sessions.show_messages,
        session_shapes.SessionMessageCursorPage,
        query=query.MessagesQuery,
    ),
)

OPERATIONS: Final[tuple[Operation, ...]] = (*WORKSPACES, *CHARTS, *BESIDE, *SESSIONS)

WORKSPACES_API: Final = Api(
    operations=OPERATIONS,
    notation=NOTATION,
    refusal=lambda status: shapes.HTTPValidationError if status == 422 else shapes.ErrorResponse,
    path_parameter=UUID,
)


def workspaces_api(state: WebState) -> RestRoutes:
    """The routes."""
    return RestRoutes(OPERATIONS, Answering(state, WorkspacesEnvelope(), Strict()))
