"""The status of a task: its words, its moves and how it is derived (tasks API, section 5)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class TaskStatus(StrEnum):
    """Where a task stands."""

    DRAFT = "draft"
    PENDING = "pending"
    BLOCKED = "blocked"
    READY = "ready"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


CLOSED: Final = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELED})

TASK_MOVES: Final[Mapping[TaskStatus, frozenset[TaskStatus]]] = {
    TaskStatus.DRAFT: frozenset({TaskStatus.READY, TaskStatus.CANCELED}),
    TaskStatus.PENDING: frozenset({TaskStatus.READY, TaskStatus.BLOCKED}),
    TaskStatus.BLOCKED: frozenset({TaskStatus.READY, TaskStatus.FAILED, TaskStatus.CANCELED}),
    TaskStatus.READY: frozenset(
        {
            TaskStatus.BLOCKED,
            TaskStatus.IN_PROGRESS,
            TaskStatus.COMPLETED,
            TaskStatus.FAILED,
            TaskStatus.CANCELED,
        }
    ),
    TaskStatus.IN_PROGRESS: frozenset(
        {
            TaskStatus.READY,
            TaskStatus.BLOCKED,
            TaskStatus.COMPLETED,
            TaskStatus.FAILED,
            TaskStatus.CANCELED,
        }
    ),
    TaskStatus.COMPLETED: frozenset({TaskStatus.READY, TaskStatus.BLOCKED}),
    TaskStatus.FAILED: frozenset({TaskStatus.READY, TaskStatus.BLOCKED}),
    TaskStatus.CANCELED: frozenset(),
}


class TaskScope(StrEnum):
    """Whom a task belongs to."""

    GLOBAL = "global"
    WORKSPACE = "workspace"


class TaskPriority(StrEnum):
    """How urgent a task is; a claim takes the most urgent first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


PRIORITY_WEIGHTS: Final[Mapping[TaskPriority, int]] = {
    TaskPriority.LOW: 10,
    TaskPriority.MEDIUM: 20,
    TaskPriority.HIGH: 30,
    TaskPriority.URGENT: 40,
}
PRIORITY_OF_WEIGHT: Final[Mapping[int, TaskPriority]] = {w: p for p, w in PRIORITY_WEIGHTS.items()}


class ApprovalPolicy(StrEnum):
    """Whether a person must approve a task before it may run."""

    NONE = "none"
    MANUAL = "manual"


class ApprovalState(StrEnum):
    """What was decided about a task that needs approval."""

    NOT_REQUIRED = "not_required"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


def initial_status(*, draft: bool, policy: ApprovalPolicy) -> TaskStatus:
    """A new task is a draft, waits for approval, or is ready."""
    if draft:
        return TaskStatus.DRAFT
    return TaskStatus.BLOCKED if policy is ApprovalPolicy.MANUAL else TaskStatus.READY


def initial_approval(policy: ApprovalPolicy) -> ApprovalState:
    """A manual policy starts pending, none needs nothing."""
    return ApprovalState.PENDING if policy is ApprovalPolicy.MANUAL else ApprovalState.NOT_REQUIRED
