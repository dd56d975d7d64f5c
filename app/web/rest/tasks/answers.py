"""The outermost objects of the tasks API's answers."""

from dataclasses import dataclass

from app.web.rest.tasks import observed, shapes


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentClaimResponse:
    """What was claimed."""

    claim: shapes.Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLeaseResponse:
    """A lease after a call under it."""

    lease: shapes.Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardResponse:
    """The dashboard."""

    dashboard: observed.Dashboard


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxResponse:
    """The caller's inbox."""

    inbox: observed.Inbox


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunDetailResponse:
    """One run in detail."""

    run: shapes.TaskRunDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunResponse:
    """One run."""

    run: shapes.TaskRun


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunListResponse:
    """Runs."""

    runs: tuple[shapes.TaskRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskListResponse:
    """Tasks."""

    tasks: tuple[shapes.TaskSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResponse:
    """One task."""

    task: shapes.Task


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDetailResponse:
    """One task in detail."""

    task: shapes.TaskDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskExecutionResponse:
    """A task and the run that was queued for it."""

    task: shapes.Task
    run: shapes.TaskRun


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineResponse:
    """The events of a task."""

    timeline: tuple[shapes.TimelineItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeResponse:
    """A task and all its descendants."""

    tree: shapes.Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageResponse:
    """What the caller did with a task in its inbox."""

    triage: observed.Triage
