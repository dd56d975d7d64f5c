"""The inbox: lanes of tasks that concern a viewer."""

from datetime import datetime

import strawberry

from app.domain.tasks.inbox import BlockingReason, InboxLane
from app.domain.tasks.status import ApprovalPolicy, ApprovalState
from app.graph.relation import value
from app.graph.types.run import Run
from app.graph.types.task import Task
from app.graph.types.triage import TaskTriage


@strawberry.type(description="A task in your inbox.")
class TaskInboxItem:
    """Task, latest run and triage, as they were in one look."""

    lane: InboxLane = value("The lane it lies in.")
    task: Task = value("The task.")
    run: Run | None = value("Its newest run.")
    approval_policy: ApprovalPolicy = value("Whether a person must approve it.")
    approval_state: ApprovalState = value("What was decided.")
    blocking_reason: BlockingReason | None = value("Why it waits for somebody.")
    latest_activity_at: datetime = value("When it or its newest run moved last; heartbeats do not count.")
    triage: TaskTriage = value("What you did with it.")


@strawberry.type(description="A lane of your inbox: unread first, then by latest activity, priority and id.")
class TaskInboxGroup:
    """Counts and the first items."""

    lane: InboxLane = value("The lane.")
    count: int = value("How many tasks it has.")
    unread_count: int = value("How many of them you have not read.")
    items: list[TaskInboxItem] = value("The first of them.")


@strawberry.type(description="Your inbox: the tasks that wait for you, and those you put away.")
class TaskInbox:
    """Totals and lanes."""

    total: int = value("How many tasks passed the filter.")
    unread_total: int = value("How many of them you have not read.")
    archived_total: int = value("How many of them lie in the archive.")
    groups: list[TaskInboxGroup] = value("The lanes in their order, empty ones too; or the one you asked for.")
