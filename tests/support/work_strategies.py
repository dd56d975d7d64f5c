"""What hypothesis draws for tests of the work as a whole."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from app.clock import utc_now
from tests.support.work import PRIORITIES, Mark, Run, Task
from tests.support.work_oracle import TASK_STATES

# Few values, so that ties and limits are met: seconds before now, around every threshold of the dashboard.
AGES = (0, 1, 59, 119, 121, 299, 301, 599, 601, 1799, 1801, 9_000)
CHANNELS = (None, "a", "b")
ORIGINS = ("http", "cli")
ME, ANOTHER = "me", "another"
ENDED = ("completed", "failed", "canceled")

ages = st.sampled_from(AGES).map(lambda seconds: timedelta(seconds=seconds))
maybe_ages = st.none() | ages


@st.composite
def runs(draw: st.DrawFn, now: datetime, status: str) -> Run:
    """A run in a state; its times may be out of order, as clocks may be."""
    early = status == "queued"
    claimed = None if early else draw(maybe_ages)
    started = None if early or status == "claimed" else draw(maybe_ages)
    held = status in ("claimed", "starting", "running")
    return Run(
        status=status,
        queued_at=now - draw(ages),
        claimed_at=None if claimed is None else now - claimed,
        started_at=None if started is None else now - started,
        ended_at=now - draw(ages) if status in ENDED else None,
        heartbeat_at=now - draw(ages) if held and draw(st.booleans()) else None,
        channel=draw(st.sampled_from(CHANNELS)),
        origin=draw(st.sampled_from(ORIGINS)),
        claimed_by=None if early else draw(st.sampled_from((None, ME, ANOTHER))),
        session=draw(st.sampled_from((None, "active", "ended", "unknown"))) if held else None,
    )


@st.composite
def tasks(draw: st.DrawFn, now: datetime, at: int, earlier: tuple[str, ...]) -> Task:
    """A task with its runs; it may depend on those made before it."""
    states = draw(st.lists(st.sampled_from(ENDED), max_size=2))
    states += draw(st.sampled_from(((), ("failed",), ("queued",), ("claimed",), ("starting",), ("running",))))
    policy = draw(st.sampled_from(("none", "manual")))
    pending = st.sampled_from(("pending", "approved", "rejected"))
    marked = draw(st.none() | st.tuples(st.booleans(), st.booleans(), ages))
    return Task(
        id=f"task-{at}",
        title=draw(st.sampled_from(("Report 100%", "report_1", "Clean"))),
        identifier=draw(st.sampled_from((None, "REP-1", "a_b"))),
        status=draw(st.sampled_from(TASK_STATES)),
        created_at=now - draw(ages),
        updated_at=now - draw(ages),
        closed_at=draw(st.none() | ages.map(lambda age: now - age)),
        place=draw(st.sampled_from((None, None, "own", "foreign"))),
        channel=draw(st.sampled_from(CHANNELS)),
        origin=draw(st.sampled_from(ORIGINS)),
        owner=draw(st.sampled_from((None, ME, ANOTHER))),
        priority=draw(st.sampled_from(PRIORITIES)),
        policy=policy,
        approval=draw(pending) if policy == "manual" else "not_required",
        runs=tuple(draw(runs(now, status)) for status in states),
        blockers=tuple(draw(st.sets(st.sampled_from(earlier), max_size=2))) if earlier else (),
        mark=None if marked is None else Mark(archived=marked[0], dismissed=marked[1], seen_at=now - marked[2]),
        forced_stops=draw(st.sampled_from((0, 0, 0, 2))),
    )


@st.composite
def works(draw: st.DrawFn) -> list[Task]:
    """Several tasks."""
    now = utc_now()
    found: list[Task] = []
    for at in range(draw(st.integers(0, 8))):
        found.append(draw(tasks(now, at, tuple(task.id for task in found))))
    return found


task_filters = st.fixed_dictionaries(
    {},
    optional={
        "scope": st.sampled_from(("global", "workspace")),
        "owner_kind": st.just("human"),
        "owner_ref": st.sampled_from((ME, ANOTHER)),
    },
)
dashboard_filters: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda shared, more: {**shared, **more},
    task_filters,
    st.fixed_dictionaries(
        {}, optional={"network_channel": st.sampled_from(("a", "b")), "origin_kind": st.sampled_from(ORIGINS)}
    ),
)
searches = st.sampled_from(("report", "100%", "_", "REP", "nothing"))
inbox_filters: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda shared, more: {**shared, **more},
    task_filters,
    st.fixed_dictionaries(
        {},
        optional={
            "search": searches,
            "lane": st.sampled_from(("my_work", "approvals", "failed_runs", "blocked", "archived")),
            "unread": st.booleans(),
            "limit": st.integers(1, 3),
        },
    ),
)
list_filters: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda shared, more: {**shared, **more},
    dashboard_filters,
    st.fixed_dictionaries(
        {},
        optional={
            "search": searches,
            "statuses": st.sets(st.sampled_from(TASK_STATES), min_size=1, max_size=3).map(tuple),
            "priorities": st.sets(st.sampled_from(PRIORITIES), min_size=1, max_size=2).map(tuple),
            "approval_state": st.sampled_from(("not_required", "pending", "approved", "rejected")),
            "without_drafts": st.booleans(),
        },
    ),
)
