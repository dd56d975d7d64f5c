"""A task as it lies in an actor's inbox."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.tasks.inbox import BlockingReason, InboxLane, blocking_reason
from app.domain.tasks.status import ApprovalPolicy, ApprovalState
from app.domain.tasks.triage import Triage
from app.storage.rows.task import RunRow, TaskRow


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItemRow:
    """A task with its latest run, if it has one, and what the actor did with it."""

    lane: InboxLane
    task: TaskRow
    run: RunRow | None
    triage: Triage
    latest_activity_at: datetime

    @property
    def approval_policy(self) -> ApprovalPolicy:
        """The task's."""
        return self.task.approval_policy

    @property
    def approval_state(self) -> ApprovalState:
        """The task's."""
        return self.task.approval_state

    @property
    def blocking_reason(self) -> BlockingReason | None:
        """Why the task waits for somebody, if it does."""
        latest = self.run.status if self.run else None
        return blocking_reason(self.task.status, self.approval_policy, self.approval_state, latest)
