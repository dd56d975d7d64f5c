"""Shapes as they go out: no nulls, times without trailing zeros, JSON of clients untouched."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.domain.actor import OwnerKind
from app.domain.tasks.status import TaskScope, TaskStatus
from app.web.rest.shape import ZERO_TIME, moment, wire
from app.web.rest.tasks.answers import TaskRunListResponse
from app.web.rest.tasks.shapes import OwnerIdentity, TaskReference


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 50, 120_000, tzinfo=UTC), "2026-01-02T03:04:50.12Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 1, tzinfo=UTC), "2026-01-02T03:04:05.000001Z"),
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), "2026-01-02T01:00:00Z"),
        (ZERO_TIME, "0001-01-01T00:00:00Z"),
    ],
)
def test_a_moment_is_utc_without_trailing_zeros(at: datetime, text: str) -> None:
    assert moment(at) == text


def test_what_has_no_value_is_left_out_and_an_empty_list_that_must_be_there_stays() -> None:
    row = TaskReference(id="a", scope=TaskScope.GLOBAL, status=TaskStatus.READY, title="t")
    assert wire(row) == {"id": "a", "scope": "global", "status": "ready", "title": "t"}
    owned = TaskReference(
        id="a",
        scope=TaskScope.GLOBAL,
        status=TaskStatus.READY,
        title="t",
        owner=OwnerIdentity(kind=OwnerKind.POOL, ref="x"),
    )
    assert wire(owned)["owner"] == {"kind": "pool", "ref": "x"}
    assert wire(TaskRunListResponse(runs=())) == {"runs": []}
