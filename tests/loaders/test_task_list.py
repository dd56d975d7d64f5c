"""Lists of tasks: every filter and order as plain Python has it, pages that neither skip nor repeat."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput
from app.domain.paging import encode_cursor
from app.loaders.reader import Reader
from app.loaders.task_list import task_page, task_summaries
from app.storage.statements import composed
from app.storage.task_filter import Filter
from app.storage.task_list import TaskOrder
from tests.support.people import make_viewer
from tests.support.work import Run, Task, put
from tests.support.work_oracle import listed
from tests.support.work_strategies import list_filters, works

NOW = utc_now()
TOUCH = composed("UPDATE tasks SET updated_at = now() WHERE tenant_id = :tenant_id AND id = :id")


def task(id: str, minutes: int = 1, **more: Any) -> Task:
    """A task that moved so many minutes ago."""
    then = NOW - timedelta(minutes=minutes)
    return Task(**{"id": id, "status": "ready", "created_at": then, "updated_at": then, **more})


async def pages(reader: Reader, wanted: Filter, order: TaskOrder, first: int) -> list[str]:
    """All ids of a list, page by page."""
    found: list[str] = []
    after, more = None, True
    while more:
        page, count = await task_page(reader, wanted, after=after, first=first, order=order)
        found += [item.id for item in page.items]
        after, more = (page.cursors[-1] if page.cursors else None), page.has_next
    assert await count() == len(found)
    return found


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(work=works(), wanted=list_filters)
async def test_a_list_is_the_one_that_is_sorted_by_hand(db: Database, work: list[Task], wanted: dict[str, Any]) -> None:
    tenant = uuid4().hex
    viewer = await make_viewer(db, tenant=tenant)
    stranger = await make_viewer(db, tenant=tenant, email="stranger@example.com")
    stored = await put(db, viewer, stranger, work)
    reader, expected = Reader(db, viewer), listed(stored, wanted)
    summaries = await task_summaries(reader, Filter(**wanted))
    assert [summary.task.id for summary in summaries] == expected
    assert await pages(reader, Filter(**wanted), TaskOrder.LATEST_ACTIVITY, 3) == expected
    assert sorted(await pages(reader, Filter(**wanted), TaskOrder.NEWEST_FIRST, 3)) == sorted(expected)


async def test_a_summary_has_its_activity_its_active_run_and_what_it_waits_for(
    db: Database, viewer: Viewer, colleague: Viewer
) -> None:
    ended = Run(status="failed", queued_at=NOW - timedelta(minutes=9), ended_at=NOW - timedelta(minutes=8))
    held = Run(status="claimed", queued_at=NOW - timedelta(minutes=7), claimed_at=NOW - timedelta(seconds=5))
    work = [
        task("hidden", place="foreign"),
        task("first"),
        task("waits", minutes=30, runs=(ended, held), blockers=("hidden", "first")),
    ]
    await put(db, viewer, colleague, work)
    waits, first = await task_summaries(Reader(db, viewer), Filter())
    assert (waits.task.id, waits.last_activity_at) == ("waits", held.claimed_at)
    assert waits.active_run is not None and waits.active_run.id == held.id
    assert [(edge.task_id, edge.depends_on.id, edge.kind) for edge in waits.dependencies] == [
        ("waits", "first", "blocks")
    ]
    assert (first.task.id, first.active_run, first.dependencies) == ("first", None, ())


async def test_a_heartbeat_moves_nothing(db: Database, viewer: Viewer, colleague: Viewer) -> None:
    then = NOW - timedelta(minutes=5)
    held = Run(status="claimed", queued_at=then, claimed_at=then, heartbeat_at=NOW)
    await put(db, viewer, colleague, [task("held", minutes=5, runs=(held,)), task("later", minutes=4)])
    found = await task_summaries(Reader(db, viewer), Filter())
    assert [(summary.task.id, summary.last_activity_at) for summary in found] == [
        ("later", NOW - timedelta(minutes=4)),
        ("held", then),
    ]


async def test_closing_moves_a_task_and_ties_go_to_the_last_updated_then_made_then_the_highest_id(
    db: Database, viewer: Viewer, colleague: Viewer
) -> None:
    close = {"closed_at": NOW}
    made = {"created_at": NOW - timedelta(minutes=9)}
    work = [
        task("a", 5, **close),
        task("made", 5, **close, **made),
        task("b", 5, **close),
        task("updated", 4, **close, **made),
        task("open", 3),
    ]
    await put(db, viewer, colleague, work)
    reader = Reader(db, viewer)
    expected = ["updated", "b", "a", "made", "open"]
    assert [summary.task.id for summary in await task_summaries(reader, Filter())] == expected
    for most in range(1, 5):
        found = await task_summaries(reader, Filter(), limit=most)
        assert [summary.task.id for summary in found] == expected[:most]


async def test_drafts_are_left_out_unless_they_are_asked_for(db: Database, viewer: Viewer, colleague: Viewer) -> None:
    await put(db, viewer, colleague, [task("a", 1), task("b", 2, status="draft")])
    reader = Reader(db, viewer)

    async def ids(**wanted: Any) -> list[str]:
        return [summary.task.id for summary in await task_summaries(reader, Filter(**wanted))]

    assert await ids() == ["a", "b"]
    assert await ids(without_drafts=True) == ["a"]
    assert await ids(without_drafts=True, statuses=("draft",)) == ["b"]


async def test_a_task_that_moves_between_two_pages_takes_no_other_with_it(
    db: Database, viewer: Viewer, colleague: Viewer
) -> None:
    await put(db, viewer, colleague, [task(str(at), minutes=at) for at in range(1, 9)])
    reader = Reader(db, viewer)
    order = TaskOrder.LATEST_ACTIVITY
    page, _ = await task_page(reader, Filter(), after=None, first=3, order=order)
    await db.fetch(TOUCH, tenant_id=viewer.tenant_id, id="2")
    await db.fetch(TOUCH, tenant_id=viewer.tenant_id, id="6")
    rest, _ = await task_page(reader, Filter(), after=page.cursors[-1], first=9, order=order)
    assert [item.id for item in page.items] == ["1", "2", "3"]
    assert [item.id for item in rest.items] == ["4", "5", "7", "8"]


AT = NOW.isoformat()


@pytest.mark.parametrize(
    "cursor",
    [
        "abc",
        encode_cursor("tasks", (AT, "a")),
        encode_cursor("tasks by activity", (AT, AT, "a")),
        encode_cursor("tasks by activity", (AT, AT, "yesterday", "a")),
        encode_cursor("tasks by activity", (AT, AT, "2026-01-01T00:00:00", "a")),
        encode_cursor("tasks by activity", (AT, "0001-01-01T00:00:00+14:00", AT, "a")),
        encode_cursor("tasks by activity", (AT, AT, AT, "a\x00")),
        encode_cursor("tasks by activity", (AT, AT, 7, None)),
    ],
    ids=["nonsense", "another list", "too short", "no instant", "no offset", "out of range", "NUL", "other types"],
)
async def test_a_cursor_that_is_none_of_this_list_is_refused(db: Database, viewer: Viewer, cursor: str) -> None:
    with pytest.raises(BadInput) as told:
        await task_page(Reader(db, viewer), Filter(), after=cursor, first=3, order=TaskOrder.LATEST_ACTIVITY)
    assert told.value.field == "after"


async def test_the_number_of_statements_does_not_grow(db: Database, viewer: Viewer, colleague: Viewer) -> None:
    reader = Reader(db, viewer)
    spent: list[tuple[int, int, int]] = []
    for size in (10, 990):
        runs = [Run(status="queued", queued_at=NOW) for _ in range(size)]
        await put(
            db,
            viewer,
            colleague,
            [task(f"{size}-{at}", runs=(run,), blockers=(f"{size}-0",) if at else ()) for at, run in enumerate(runs)],
        )
        before = db.statements
        found = await task_summaries(reader, Filter())
        assert sum(len(summary.dependencies) for summary in found) == len(found) - len(spent) - 1
        spent.append((db.statements - before, len(found), sum(summary.active_run is not None for summary in found)))
    assert spent == [(3, 10, 10), (3, 1_000, 1_000)]
