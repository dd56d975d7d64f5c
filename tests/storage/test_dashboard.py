"""Every number of the dashboard is the one that plain Python counts, for any work and any filter."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.storage import dashboard
from app.storage.task_filter import Filter
from tests.support.people import make_viewer
from tests.support.work import Run, Task, put
from tests.support.work_oracle import dashboard_of, told
from tests.support.work_strategies import dashboard_filters, works

SECOND = timedelta(seconds=1)


async def seen(db: Database, viewer: Viewer, filter: Filter | None = None) -> dict[str, Any]:
    """The dashboard as the viewer sees it."""
    return told(await dashboard.read(db, viewer.tenant_id, viewer.user_id, filter or Filter()))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(work=works(), wanted=dashboard_filters)
async def test_every_number_is_the_one_that_is_counted_by_hand(
    db: Database, work: list[Task], wanted: dict[str, Any]
) -> None:
    tenant = uuid4().hex
    viewer = await make_viewer(db, tenant=tenant)
    stranger = await make_viewer(db, tenant=tenant, email="stranger@example.com")
    stored = await put(db, viewer, stranger, work)
    found = await seen(db, viewer, Filter(**wanted))
    assert found == dashboard_of(stored, wanted, found["freshness"]["observed_at"])


def old(seconds: float) -> Any:
    """So long ago."""
    return utc_now() - seconds * SECOND


def task(id: str = "t", status: str = "ready", **more: Any) -> Task:
    """A task made a minute ago."""
    return Task(**{"id": id, "status": status, "created_at": old(60), "updated_at": old(60), **more})


async def test_a_dashboard_of_nothing_is_empty_and_well(db: Database, viewer: Viewer) -> None:
    found = await seen(db, viewer)
    assert found == dashboard_of([], {}, found["freshness"]["observed_at"])
    assert (found["freshness"]["status"], found["health"]["status"], found["queue"]["depth"]) == ("empty", "ok", [])


async def test_only_what_one_may_see_is_counted(
    db: Database, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    run = Run(status="running", queued_at=old(9), claimed_at=old(8), started_at=old(7))
    await put(db, viewer, colleague, [task("mine", place="own"), task("ours"), task("theirs", place="foreign")])
    await put(db, outsider, outsider, [task("other", runs=(run,))])
    assert [(await seen(db, who))["totals"]["tasks_total"] for who in (viewer, colleague, outsider)] == [2, 2, 1]
    assert (await seen(db, viewer))["totals"]["runs_total"] == 0


@pytest.mark.parametrize("place", ["own", "foreign"])
async def test_a_workspace_counts_its_own_tasks_and_runs(
    db: Database, viewer: Viewer, colleague: Viewer, place: str
) -> None:
    run = Run(status="queued", queued_at=old(9))
    work = [task("a", place=place, runs=(run,)), task("b", runs=(replace(run, id=uuid4()),))]
    stored = await put(db, viewer, colleague, work)
    found = await seen(db, viewer, Filter(scope="workspace", workspace_id=stored[0].workspace_id))
    mine = int(place == "own")
    assert (found["totals"]["tasks_total"], found["totals"]["runs_total"]) == (mine, mine)


async def test_a_run_of_another_channel_is_not_counted_with_its_task(
    db: Database, viewer: Viewer, colleague: Viewer
) -> None:
    runs = (
        Run(status="failed", queued_at=old(9), ended_at=old(8), channel="b"),
        Run(status="queued", queued_at=old(7), channel="a"),
    )
    await put(db, viewer, colleague, [task(channel="a", runs=runs)])
    totals = (await seen(db, viewer, Filter(network_channel="a")))["totals"]
    assert (totals["tasks_total"], totals["runs_total"], totals["failed_runs"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("status", "limit"),
    [("claimed", 300), ("starting", 300), ("running", 1_800)],
    ids=["claimed", "starting", "running"],
)
async def test_a_run_is_stuck_from_its_limit_on(
    db: Database, viewer: Viewer, colleague: Viewer, status: str, limit: int
) -> None:
    held = {"queued_at": old(9_000), "claimed_at": old(limit), "started_at": old(limit)}
    fresh = {"queued_at": old(9_000), "claimed_at": old(limit - 60), "started_at": old(limit - 60)}
    work = [
        task("late", runs=(Run(status=status, **held),)),
        task("in time", runs=(Run(status=status, **fresh),)),
    ]
    await put(db, viewer, colleague, work)
    found = await seen(db, viewer)
    assert (found["health"]["stuck_runs"], found["health"]["status"]) == (1, "warn")
    assert {item["task"]: item["stuck"] for item in found["active_runs"]["items"]} == {"late": True, "in time": False}


async def test_the_furthest_the_last_moved_and_the_highest_id_come_first(
    db: Database, viewer: Viewer, colleague: Viewer
) -> None:
    early, late = sorted((uuid4(), uuid4()))
    times = {"queued_at": old(90), "claimed_at": old(80)}
    held = [
        Run(status="queued", queued_at=old(1)),
        Run(status="claimed", **times, id=early),
        Run(status="claimed", **times, id=late),
        Run(status="claimed", queued_at=old(90), claimed_at=old(10)),
        Run(status="running", **times, started_at=old(70)),
        Run(status="starting", **times),
    ]
    held[1:3] = [replace(held[1], claimed_at=held[2].claimed_at), held[2]]
    await put(db, viewer, colleague, [task(f"{at}", runs=(run,)) for at, run in enumerate(held)])
    found = (await seen(db, viewer))["active_runs"]
    assert (found["total"], [item["task"] for item in found["items"]]) == (6, ["4", "5", "3", "2"])


@pytest.mark.parametrize(("session", "orphans"), [(None, 0), ("active", 0), ("ended", 1), ("unknown", 1)], ids=str)
@pytest.mark.parametrize("status", ["claimed", "starting", "running"])
async def test_an_orphan_is_held_by_a_session_that_ended_or_is_unknown(
    db: Database, viewer: Viewer, colleague: Viewer, status: str, session: str | None, orphans: int
) -> None:
    run = Run(status=status, queued_at=old(9), claimed_at=old(8), started_at=old(7), session=session)
    await put(db, viewer, colleague, [task(runs=(run,))])
    health = (await seen(db, viewer))["health"]
    assert (health["active_orphan_runs"], health["status"]) == (orphans, "warn" if orphans else "ok")


async def test_a_heartbeat_keeps_a_dashboard_fresh(db: Database, viewer: Viewer, colleague: Viewer) -> None:
    long_ago = {"created_at": old(600), "updated_at": old(600)}
    silent = Run(status="running", queued_at=old(500), claimed_at=old(400), started_at=old(300))
    await put(db, viewer, colleague, [task("a", runs=(silent,), **long_ago)])
    assert (await seen(db, viewer))["freshness"]["status"] == "stale"
    heard = replace(silent, heartbeat_at=old(10), id=uuid4())
    await put(db, viewer, colleague, [task("b", runs=(heard,), **long_ago)])
    found = (await seen(db, viewer))["freshness"]
    assert (found["status"], found["latest_activity_at"]) == ("current", heard.heartbeat_at)


async def test_what_time_alone_will_change_is_foretold(db: Database, viewer: Viewer, colleague: Viewer) -> None:
    claimed = Run(status="claimed", queued_at=old(250), claimed_at=old(240))
    await put(db, viewer, colleague, [task(updated_at=old(10), runs=(claimed,))])
    found = await dashboard.read(db, viewer.tenant_id, viewer.user_id, Filter())
    # Stuck in a minute, stale in 110 seconds.
    assert found.good_seconds is not None and 50 < found.good_seconds <= 60


async def test_the_number_of_statements_does_not_grow(db: Database, viewer: Viewer, colleague: Viewer) -> None:
    spent = []
    for size in (10, 990):
        runs = [Run(status="running", queued_at=old(9), claimed_at=old(8), started_at=old(7)) for _ in range(size)]
        await put(db, viewer, colleague, [task(f"{size}-{at}", runs=(run,)) for at, run in enumerate(runs)])
        before = db.statements
        found = await seen(db, viewer)
        spent.append((db.statements - before, found["totals"]["tasks_total"]))
    assert spent == [(1, 10), (1, 1_000)]
