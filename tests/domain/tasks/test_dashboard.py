"""What follows from what is counted: shares, backlog, staleness and how long a dashboard holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.tasks.dashboard import Counted, Dashboard, FreshnessStatus, LatencyMetric, breakdown, dashboard
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NONE = LatencyMetric.of(0, 0, 0)


def ago(milliseconds: int) -> datetime:
    """So long before now."""
    return NOW - timedelta(milliseconds=milliseconds)


def of(**given: Any) -> Dashboard[str]:
    """The dashboard of these counts and nothing else."""
    counted: dict[str, Any] = {
        "observed_at": NOW,
        "tasks": {},
        "runs": {},
        "awaiting_approval": 0,
        "dependency_blocked": 0,
        "forced_stops": 0,
        "claim_latency": NONE,
        "start_latency": NONE,
        "stuck_runs": 0,
        "orphan_runs": 0,
        "next_stuck_at": None,
        "queues": [],
        "latest_activity_at": None,
    }
    return dashboard(Counted(**{**counted, **given}), [])


def queued(age_ms: int) -> dict[str, Any]:
    """One queued run of that age, and something that moved just now."""
    return {
        "runs": {RunStatus.QUEUED: 1},
        "queues": [("", 1, ago(age_ms))],
        "latest_activity_at": NOW,
    }


@pytest.mark.parametrize(
    ("counts", "shares"),
    [((1, 1, 1), (33, 33, 33)), ((1, 7), (13, 88)), ((1, 199), (1, 100)), ((1, 200), (0, 100)), ((5,), (100,))],
    ids=str,
)
def test_shares_are_rounded_half_up_and_need_not_make_a_hundred(
    counts: tuple[int, ...], shares: tuple[int, ...]
) -> None:
    order = (TaskStatus.COMPLETED, TaskStatus.READY, TaskStatus.DRAFT)
    found = breakdown(dict(zip(order, counts, strict=False)))
    assert tuple(share.share_percent for share in found) == shares


def test_the_breakdown_has_its_own_order_and_no_empty_status() -> None:
    found = breakdown({status: int(status is not TaskStatus.PENDING) for status in TaskStatus})
    assert [share.status.value for share in found] == [
        "completed",
        "in_progress",
        "ready",
        "blocked",
        "failed",
        "canceled",
        "draft",
    ]


def test_an_average_is_cut_to_whole_milliseconds() -> None:
    assert LatencyMetric.of(3, 11, 9) == LatencyMetric(samples=3, average_ms=3, maximum_ms=9)
    assert LatencyMetric.of(0, 0, 0) == LatencyMetric(samples=0, average_ms=0, maximum_ms=0)


@pytest.mark.parametrize(("age", "late"), [(599_999, False), (600_000, True)])
def test_a_queue_is_a_backlog_from_ten_minutes_on(age: int, late: bool) -> None:
    found = of(**queued(age))
    status = "warn" if late else "ok"
    assert (found.queue.backlog_warning, found.queue.backlog_status, found.health.status) == (late, status, status)


@pytest.mark.parametrize(
    ("live", "age", "status"),
    [
        (True, 120_000, "current"),
        (True, 120_001, "stale"),
        (False, 900_000, "current"),
        (True, None, "empty"),
    ],
    ids=["at the limit", "past it", "no live work", "nothing ever"],
)
def test_live_work_is_stale_after_two_minutes_without_anything(live: bool, age: int | None, status: str) -> None:
    latest = None if age is None else ago(age)
    found = of(runs={RunStatus.RUNNING: int(live)}, latest_activity_at=latest).freshness
    assert (found.status, found.stale, found.age_ms) == (status, status == FreshnessStatus.STALE, age or 0)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, None),
        ({"latest_activity_at": ago(1_000)}, None),
        (queued(599_000), 1.0),
        (queued(600_000), 120.001),
        ({**queued(0), "next_stuck_at": NOW + timedelta(seconds=7)}, 7.0),
        ({**queued(0), "latest_activity_at": ago(119_000)}, 1.001),
        ({**queued(600_000), "latest_activity_at": ago(130_000)}, None),
    ],
    ids=["nothing", "no live work", "backlog", "backlog already", "stuck", "stale", "all already"],
)
def test_how_long_it_holds_if_nothing_happens(given: dict[str, Any], seconds: float | None) -> None:
    assert of(**given).good_seconds == seconds


def test_a_clock_that_runs_ahead_makes_no_negative_age() -> None:
    found = of(**{**queued(-5_000), "latest_activity_at": ago(-5_000)})
    assert (found.queue.oldest_queue_age_ms, found.freshness.age_ms) == (0, 0)
