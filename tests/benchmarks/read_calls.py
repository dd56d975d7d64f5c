"""The reads that lists, the dashboard, the inbox and single tasks are shown by, as calls of both surfaces."""

from collections.abc import Mapping
from typing import Final

from tests.benchmarks.seed_work import task_id
from tests.benchmarks.whole_requests import Call

LISTED: Final = """
query($first: Int!, $filter: TaskFilter, $order: TaskOrder!) {
  tasks(first: $first, filter: $filter, orderBy: $order) {
    nodes { id title status priority createdAt latestRun { id status attempt } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
DASHBOARD: Final = """
{
  taskDashboard {
    totals { tasksTotal readyTasks inProgressTasks completedTasks failedTasks runsTotal activeRuns queuedRuns }
    cards { inProgress { tasks healthStatus } blocked { tasks awaitingApproval } failed { tasks failedRuns } }
    statusBreakdown { status count sharePercent }
    health { status stuckRuns activeOrphanRuns }
    activeRuns { total items { stuck run { id status } task { id title } } }
  }
}
"""
INBOX: Final = """
{
  taskInbox(filter: {limit: 10}) {
    total unreadTotal archivedTotal
    groups { lane count unreadCount items { task { id title status } run { id status } } }
  }
}
"""
DETAIL: Final = """
query($id: ID!) {
  task(id: $id) {
    id title status runs { id status attempt queuedAt } children { id title status } dependencies { id status }
    lastActivityAt triage { read }
  }
}
"""
TREE: Final = """
query($id: ID!) { task(id: $id) { tree { root { task { id } } descendants { depth task { id title } } } } }
"""
WAITING: Final = {"statuses": ["READY", "IN_PROGRESS"]}
FIRST: Final = task_id(0)
CASES: Final[Mapping[str, Call]] = {
    "graphql: 50 filtered tasks with their latest runs": Call.graphql(
        LISTED, first=50, filter=WAITING, order="NEWEST_FIRST"
    ),
    "graphql: the same by latest activity": Call.graphql(LISTED, first=50, filter=WAITING, order="LATEST_ACTIVITY"),
    "rest: list, limit 50": Call.rest("/api/tasks", limit=50),
    "rest: filtered list, limit 50": Call.rest("/api/tasks", limit=50, status="ready"),
    "rest: filtered list": Call.rest("/api/tasks", status="ready"),
    "graphql: dashboard": Call.graphql(DASHBOARD),
    "rest: dashboard": Call.rest("/api/observe/tasks/dashboard"),
    "graphql: inbox": Call.graphql(INBOX),
    "rest: inbox, 10 of each lane": Call.rest("/api/observe/tasks/inbox", limit=10),
    "graphql: task": Call.graphql(DETAIL, id=FIRST),
    "rest: task": Call.rest(f"/api/tasks/{FIRST}"),
    "graphql: tree of 9": Call.graphql(TREE, id=FIRST),
    "rest: tree of 9": Call.rest(f"/api/tasks/{FIRST}/tree"),
}
