"""The inbox: its lanes, why a task waits, and what is counted (tasks API, section 15); `inbox.sql` deals the lanes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import ApprovalPolicy, ApprovalState, TaskStatus

Item = TypeVar("Item")


class InboxLane(StrEnum):
    """The lanes, in the order in which an inbox shows them."""

    MY_WORK = "my_work"
    APPROVALS = "approvals"
    FAILED_RUNS = "failed_runs"
    BLOCKED = "blocked"
    ARCHIVED = "archived"


class BlockingReason(StrEnum):
    """Why a task waits for somebody."""

    AWAITING_APPROVAL = "awaiting_approval"
    APPROVAL_REJECTED = "approval_rejected"
    LATEST_RUN_FAILED = "latest_run_failed"
    AWAITING_DEPENDENCIES = "awaiting_dependencies"


def blocking_reason(
    status: TaskStatus, policy: ApprovalPolicy, approval: ApprovalState, latest_run: RunStatus | None
) -> BlockingReason | None:
    """The first reason that fits, whatever the lane."""
    if policy is ApprovalPolicy.MANUAL and approval is ApprovalState.PENDING:
        return BlockingReason.AWAITING_APPROVAL
    if policy is ApprovalPolicy.MANUAL and approval is ApprovalState.REJECTED:
        return BlockingReason.APPROVAL_REJECTED
    if latest_run is RunStatus.FAILED:
        return BlockingReason.LATEST_RUN_FAILED
    if status is TaskStatus.BLOCKED:
        return BlockingReason.AWAITING_DEPENDENCIES
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneGroup(Generic[Item]):
    """One lane: how many tasks it has, and the first of them."""

    lane: InboxLane
    count: int
    unread_count: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox(Generic[Item]):
    """An actor's inbox; the totals count what passed all filters, not only what is listed."""

    total: int
    unread_total: int
    archived_total: int
    groups: tuple[LaneGroup[Item], ...]


def inbox(
    counts: Mapping[InboxLane, tuple[int, int]], items: Mapping[InboxLane, Sequence[Item]], only: InboxLane | None
) -> Inbox[Item]:
    """All lanes in their order, empty ones too, or only the one that was asked for; counts are `(all, unread)`."""
    groups = tuple(
        LaneGroup(lane=lane, count=count, unread_count=unread, items=tuple(items.get(lane, ())))
        for lane in ([only] if only else InboxLane)
        for count, unread in [counts.get(lane, (0, 0))]
    )
    return Inbox(
        total=sum(group.count for group in groups),
        unread_total=sum(group.unread_count for group in groups),
        archived_total=sum(group.count for group in groups if group.lane is InboxLane.ARCHIVED),
        groups=groups,
    )
