"""A bound task in the words of workspaces."""

import pytest

from app.domain.tasks.binding import BoundTaskLifecycle, bound_name, lifecycle
from app.domain.tasks.status import TaskStatus


@pytest.mark.parametrize("status", TaskStatus)
def test_every_status_has_a_lifecycle(status: TaskStatus) -> None:
    expected = {TaskStatus.DRAFT: BoundTaskLifecycle.DRAFT, TaskStatus.CANCELED: BoundTaskLifecycle.ARCHIVED}
    assert lifecycle(status) is expected.get(status, BoundTaskLifecycle.ACTIVE)


@pytest.mark.parametrize(
    ("identifier", "title", "expected"),
    [("monthly", "Sum it up", "monthly"), (None, "Sum it up", "sum-it-up"), (None, "名前", "名前")],
)
def test_a_bound_task_always_has_a_name(identifier: str | None, title: str, expected: str) -> None:
    assert bound_name(identifier, title) == expected
