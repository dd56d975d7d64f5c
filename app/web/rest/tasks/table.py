"""The operations of the tasks API: the one table from which its routes and its description are made."""

from typing import Final

from app.web.rest.answering import Answering
from app.web.rest.api import Api
from app.web.rest.operation import Operation, RestRoutes
from app.web.rest.shape import TERSE
from app.web.rest.tasks import answers, body, observe, query, runs, shapes, stream, tasks
from app.web.rest.tasks.declare import declared
from app.web.rest.tasks.envelope import TasksEnvelope
from app.web.rest.tasks.identity import OPTIONAL_HEADERS
from app.web.rest.tasks.run_table import AGENT, RUNS
from app.web.rest.tasks.stream import EVENT_STREAM, LAST_EVENT_ID
from app.web.state import WebState

STREAM_HEADERS: Final = {LAST_EVENT_ID: "Go on after this event; wins over after_sequence."}

OBSERVE: Final = (
    declared(
        "getTaskDashboard",
        "GET /api/observe/tasks/dashboard",
        "Get the observer-backed task dashboard",
        observe.dashboard,
        200,
        answers.DashboardResponse,
        (404, 409),
        query=query.DashboardQuery,
    ),
    declared(
        "getTaskInbox",
        "GET /api/observe/tasks/inbox",
        "Get the observer-backed task inbox",
        observe.inbox,
        200,
        answers.InboxResponse,
        (404, 409),
        query=query.InboxQuery,
    ),
)

TASKS: Final = (
    declared(
        "listTasks",
        "GET /api/tasks",
        "List enriched tasks",
        observe.show_list,
        200,
        answers.TaskListResponse,
        (404, 409),
        query=query.ListTasksQuery,
    ),
    declared(
        "createTask",
        "POST /api/tasks",
        "Create a task",
        tasks.create,
        201,
        answers.TaskResponse,
        (404, 409, 413),
        body=body.CreateTaskRequest,
    ),
    declared(
        "getTask",
        "GET /api/tasks/{id}",
        "Get one task with detail",
        observe.show,
        200,
        answers.TaskDetailResponse,
        (404,),
    ),
    declared(
        "updateTask",
        "PATCH /api/tasks/{id}",
        "Update one task",
        tasks.update,
        200,
        answers.TaskResponse,
        (404, 409),
        body=body.UpdateTaskRequest,
    ),
    declared(
        "deleteTask", "DELETE /api/tasks/{id}", "Delete one task", tasks.delete, 204, None, (404,), invalid_status=400
    ),
    declared(
        "approveTask",
        "POST /api/tasks/{id}/approve",
        "Approve one approval-gated task and enqueue executable work",
        tasks.approve,
        201,
        answers.TaskExecutionResponse,
        (404, 409),
        body=body.ExecutionRequest,
        body_optional=True,
    ),
    declared(
        "cancelTask",
        "POST /api/tasks/{id}/cancel",
        "Cancel one task tree",
        tasks.cancel,
        200,
        answers.TaskResponse,
        (404, 409),
        body=body.CancelRequest,
        body_optional=True,
    ),
    declared(
        "createChildTask",
        "POST /api/tasks/{id}/children",
        "Create one child task",
        tasks.create_child,
        201,
        answers.TaskResponse,
        (404, 409, 413),
        body=body.CreateTaskRequest,
    ),
    declared(
        "addTaskDependency",
        "POST /api/tasks/{id}/dependencies",
        "Add one task dependency",
        observe.add_dependency,
        200,
        answers.TaskDetailResponse,
        (404, 409),
        body=body.AddDependencyRequest,
    ),
    declared(
        "removeTaskDependency",
        "DELETE /api/tasks/{id}/dependencies/{depends_on_id}",
        "Remove one task dependency",
        observe.remove_dependency,
        200,
        answers.TaskDetailResponse,
        (404,),
    ),
    declared(
        "publishTask",
        "POST /api/tasks/{id}/publish",
        "Publish one draft task and enqueue executable work",
        tasks.publish,
        200,
        answers.TaskExecutionResponse,
        (404, 409),
        body=body.ExecutionRequest,
        body_optional=True,
    ),
    declared(
        "rejectTask",
        "POST /api/tasks/{id}/reject",
        "Reject one approval-gated task",
        tasks.reject,
        200,
        answers.TaskResponse,
        (404, 409),
    ),
    declared(
        "listTaskRuns",
        "GET /api/tasks/{id}/runs",
        "List runs for one task",
        runs.show_list,
        200,
        answers.TaskRunListResponse,
        (404,),
        query=query.ListRunsQuery,
    ),
    declared(
        "enqueueTaskRun",
        "POST /api/tasks/{id}/runs",
        "Enqueue one task run",
        tasks.enqueue,
        201,
        answers.TaskRunResponse,
        (404, 409),
        body=body.ExecutionRequest,
        body_optional=True,
    ),
    declared(
        "startTask",
        "POST /api/tasks/{id}/start",
        "Start one task by enqueueing executable work",
        tasks.start,
        201,
        answers.TaskExecutionResponse,
        (404, 409),
        body=body.ExecutionRequest,
        body_optional=True,
    ),
    declared(
        "streamTask",
        "GET /api/tasks/{id}/stream",
        "Stream task-native live events for one task",
        stream.stream,
        200,
        shapes.StreamEvent,
        (404, 410),
        query=query.StreamQuery,
        media_type=EVENT_STREAM,
        headers=STREAM_HEADERS,
    ),
    declared(
        "getTaskTimeline",
        "GET /api/tasks/{id}/timeline",
        "Get one task timeline",
        tasks.show_timeline,
        200,
        answers.TimelineResponse,
        (404,),
        query=query.TimelineQuery,
    ),
    declared(
        "getTaskTree",
        "GET /api/tasks/{id}/tree",
        "Get one task tree live view",
        observe.show_tree,
        200,
        answers.TreeResponse,
        (404,),
    ),
    declared(
        "archiveTask",
        "POST /api/tasks/{id}/triage/archive",
        "Archive one task inbox item",
        observe.archive,
        200,
        answers.TriageResponse,
        (404,),
    ),
    declared(
        "dismissTask",
        "POST /api/tasks/{id}/triage/dismiss",
        "Dismiss one task inbox item",
        observe.dismiss,
        200,
        answers.TriageResponse,
        (404,),
    ),
    declared(
        "markTaskRead",
        "POST /api/tasks/{id}/triage/read",
        "Mark one task inbox item as read",
        observe.mark_read,
        200,
        answers.TriageResponse,
        (404,),
    ),
)

OPERATIONS: Final[tuple[Operation, ...]] = (*AGENT, *OBSERVE, *RUNS, *TASKS)


TASKS_API: Final = Api(
    operations=OPERATIONS,
    notation=TERSE,
    refusal=lambda _: shapes.Error,
    path_parameter=str,
    optional_headers=OPTIONAL_HEADERS,
)


def tasks_api(state: WebState) -> RestRoutes:
    """The routes."""
    return RestRoutes(OPERATIONS, Answering(state, TasksEnvelope()))
