"""The inbox: each lane, what is unread, and what comes back, checked one by one and against plain Python."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.actor import Actor, ActorKind
from app.domain.tasks.inbox import InboxLane
from app.storage import inbox
from app.storage.inbox import View
from app.storage.task_filter import Filter
from tests.support.people import make_viewer
from tests.support.work import Mark, Run, Task, put
from tests.support.work_oracle import LANES, inbox_of, inbox_told
from tests.support.work_strategies import ANOTHER, ME, inbox_filters, works

ACTOR = Actor(kind=ActorKind.HUMAN, ref=ME)
NOW = utc_now()


def ago(seconds: float) -> datetime:
    """So long before this file was read."""
    return NOW - timedelta(seconds=seconds)


def task(id: str = "t", status: str = "ready", **more: Any) -> Task:
    """A task of mine that moved a minute ago."""
    return Task(**{"id": id, "status": status, "created_at": ago(60), "updated_at": ago(60), "owner": ME, **more})


def view_of(given: dict[str, Any]) -> View:
    """The filter of a test in the words of storage."""
    rest = dict(given)
    lane, unread, limit = rest.pop("lane", None), rest.pop("unread", False), rest.pop("limit", None)
    return View(tasks=Filter(**rest), lane=InboxLane(lane) if lane else None, unread=unread, limit=limit)


async def seen(db: Database, viewer: Viewer, actor: Actor = ACTOR, **given: Any) -> dict[str, Any]:
    """The inbox as the actor sees it with the viewer's eyes."""
    return inbox_told(await inbox.read(db, viewer.tenant_id, viewer.user_id, actor, view_of(given)))


async def lanes(db: Database, viewer: Viewer, actor: Actor = ACTOR, **given: Any) -> dict[str, list[str]]:
    """The ids in each lane that has any."""
    found = await seen(db, viewer, actor, **given)
    return {group["lane"]: [item[0] for item in group["items"]] for group in found["groups"] if group["items"]}


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(work=works(), wanted=inbox_filters)
async def test_every_lane_is_the_one_that_is_dealt_by_hand(
    db: Database, work: list[Task], wanted: dict[str, Any]
) -> None:
    tenant = uuid4().hex
    viewer = await make_viewer(db, tenant=tenant)
    stranger = await make_viewer(db, tenant=tenant, email="stranger@example.com")
    stored = await put(db, viewer, stranger, work, me=ME)
    assert await seen(db, viewer, **wanted) == inbox_of(stored, ME, wanted)


FAILED = Run(status="failed", queued_at=ago(90), ended_at=ago(80))
MINE = Run(status="claimed", queued_at=ago(90), claimed_at=ago(80), claimed_by=ME)
DONE = Run(status="completed", queued_at=ago(90), claimed_at=ago(80), ended_at=ago(70), claimed_by=ME)
PENDING = {"policy": "manual", "approval": "pending"}
REJECTED = {"policy": "manual", "approval": "rejected"}
SEEN = Mark(archived=False, dismissed=False, seen_at=ago(60))
ARCHIVED = Mark(archived=True, dismissed=False, seen_at=ago(600))


CASES: dict[str, tuple[Task, str | None, str | None]] = {
    "mine": (task(), "my_work", None),
    "of another": (task(owner=ANOTHER), None, None),
    "claimed by me": (task(owner=ANOTHER, runs=(MINE,)), "my_work", None),
    "done by me": (task(owner=ANOTHER, runs=(DONE,)), None, None),
    "in progress": (task(status="in_progress"), "my_work", None),
    "pending": (task(status="pending"), "my_work", None),
    "draft": (task(status="draft"), None, None),
    "completed": (task(status="completed"), None, None),
    "failed": (task(status="failed"), None, None),
    "canceled": (task(status="canceled"), None, None),
    "blocked": (task(status="blocked", owner=None), "blocked", "awaiting_dependencies"),
    "approval": (task(status="blocked", **PENDING), "approvals", "awaiting_approval"),
    "rejected": (task(status="blocked", **REJECTED), "blocked", "approval_rejected"),
    "approval of a draft": (task(status="draft", **PENDING), None, None),
    "approval of a ready one": (task(status="ready", **PENDING), "my_work", "awaiting_approval"),
    "failed run": (task(runs=(FAILED,)), "failed_runs", "latest_run_failed"),
    "failed run of a completed one": (
        task(status="completed", owner=None, runs=(FAILED,)),
        "failed_runs",
        "latest_run_failed",
    ),
    "failed run of a blocked one": (task(status="blocked", runs=(FAILED,)), "failed_runs", "latest_run_failed"),
    "approval before failed run": (
        task(status="blocked", runs=(FAILED,), **PENDING),
        "approvals",
        "awaiting_approval",
    ),
    "queued after a failed run": (task(runs=(FAILED, Run(status="queued", queued_at=ago(70)))), "my_work", None),
    "archived": (task(status="completed", owner=None, mark=ARCHIVED), "archived", None),
    "archived before approval": (task(status="blocked", mark=ARCHIVED, **PENDING), "archived", "awaiting_approval"),
}


@pytest.mark.parametrize(("given", "lane", "reason"), CASES.values(), ids=CASES.keys())
async def test_the_first_lane_that_fits(
    db: Database, viewer: Viewer, colleague: Viewer, given: Task, lane: str | None, reason: str | None
) -> None:
    await put(db, viewer, colleague, [given], me=ME)
    found = await seen(db, viewer)
    items = [(group["lane"], item[4]) for group in found["groups"] for item in group["items"]]
    assert items == ([] if lane is None else [(lane, reason)])


@pytest.mark.parametrize(
    ("mark", "read"),
    [
        (None, False),
        (SEEN, True),
        (Mark(archived=False, dismissed=False, seen_at=ago(61)), False),
        (Mark(archived=True, dismissed=False, seen_at=ago(61)), True),
    ],
    ids=["never marked", "read", "something newer", "archived"],
)
async def test_what_is_newer_than_what_was_seen_is_unread(
    db: Database, viewer: Viewer, colleague: Viewer, mark: Mark | None, read: bool
) -> None:
    await put(db, viewer, colleague, [task(mark=mark)], me=ME)
    found = await seen(db, viewer)
    assert [item[3] for group in found["groups"] for item in group["items"]] == [read]
    assert (found["total"], found["unread_total"]) == (1, int(not read))
    assert (await seen(db, viewer, unread=True))["total"] == int(not read)


@pytest.mark.parametrize(
    ("mark", "shown"),
    [
        (Mark(archived=False, dismissed=True, seen_at=ago(60)), {}),
        (Mark(archived=False, dismissed=True, seen_at=ago(61)), {"my_work": ["t"]}),
        (Mark(archived=True, dismissed=True, seen_at=ago(61)), {}),
    ],
    ids=["dismissed", "something newer", "dismissed from the archive"],
)
async def test_a_dismissed_task_is_left_out_until_something_newer_happens(
    db: Database, viewer: Viewer, colleague: Viewer, mark: Mark, shown: dict[str, list[str]]
) -> None:
    await put(db, viewer, colleague, [task(mark=mark)], me=ME)
    assert await lanes(db, viewer) == shown


async def test_unread_first_then_activity_then_priority_then_id(
    db: Database, viewer: Viewer, colleague: Viewer
) -> None:
    work = [
        task("b"),
        task("a"),
        task("urgent", priority=40),
        task("newer", updated_at=ago(50)),
        task("read", updated_at=ago(10), mark=Mark(archived=False, dismissed=False, seen_at=ago(10))),
    ]
    await put(db, viewer, colleague, work, me=ME)
    assert await lanes(db, viewer) == {"my_work": ["newer", "urgent", "a", "b", "read"]}


async def test_a_limit_cuts_each_lane_but_no_count(db: Database, viewer: Viewer, colleague: Viewer) -> None:
    work = [task(f"mine-{at}") for at in range(4)] + [task(f"blocked-{at}", status="blocked") for at in range(3)]
    await put(db, viewer, colleague, work, me=ME)
    found = await seen(db, viewer, limit=2)
    assert [group["lane"] for group in found["groups"]] == list(LANES)
    assert [(group["count"], group["unread_count"], len(group["items"])) for group in found["groups"]] == [
        (4, 4, 2),
        (0, 0, 0),
        (0, 0, 0),
        (3, 3, 2),
        (0, 0, 0),
    ]
    assert (found["total"], found["unread_total"]) == (7, 7)
    one = await seen(db, viewer, limit=2, lane="blocked")
    assert ([group["lane"] for group in one["groups"]], one["total"]) == (["blocked"], 3)


@pytest.mark.parametrize(("search", "found"), [("100%", ["a"]), ("t_1", ["b"]), ("RePort", ["a", "b"]), ("%", ["a"])])
async def test_a_search_takes_every_character_as_it_is(
    db: Database, viewer: Viewer, colleague: Viewer, search: str, found: list[str]
) -> None:
    work = [task("a", title="Report 100%"), task("b", title="report_1"), task("c", title="x", identifier="tx1")]
    await put(db, viewer, colleague, work, me=ME)
    assert await lanes(db, viewer, search=search) == {"my_work": found}


async def test_marks_of_one_actor_are_not_seen_by_another(db: Database, viewer: Viewer, colleague: Viewer) -> None:
    await put(db, viewer, colleague, [task("t", status="blocked", mark=ARCHIVED)], me=ME)
    other = Actor(kind=ActorKind.HUMAN, ref=ANOTHER)
    same_ref = Actor(kind=ActorKind.AGENT_SESSION, ref=ME)
    assert await lanes(db, viewer) == {"archived": ["t"]}
    assert await lanes(db, viewer, other) == await lanes(db, viewer, same_ref) == {"blocked": ["t"]}


async def test_only_what_one_may_see_is_in_the_inbox(
    db: Database, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    await put(db, viewer, colleague, [task("mine", place="own"), task("theirs", place="foreign")], me=ME)
    await put(db, outsider, outsider, [task("other")], me=ME)
    assert await lanes(db, viewer) == {"my_work": ["mine"]}
    assert await lanes(db, colleague) == {"my_work": ["theirs"]}
    assert await lanes(db, outsider) == {"my_work": ["other"]}


async def test_the_number_of_statements_does_not_grow(db: Database, viewer: Viewer, colleague: Viewer) -> None:
    spent = []
    for size in (10, 990):
        work = [task(f"{size}-{at}", runs=(Run(status="queued", queued_at=ago(9)),)) for at in range(size)]
        await put(db, viewer, colleague, work, me=ME)
        before = db.statements
        found = await seen(db, viewer, limit=25)
        spent.append((db.statements - before, found["total"]))
    assert spent == [(1, 10), (1, 1_000)]
