"""Partitions of the event log: one a week, made ahead, by whoever comes first; nothing is lost in between."""

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import CursorExpired, ServiceUnavailable
from app.storage import events, partitions
from app.storage.events import EVERYTHING
from app.storage.statements import composed
from tests.events.test_stream import append

WHERE = composed("SELECT e.tableoid::regclass::text AS place, e.sequence FROM events e ORDER BY e.sequence")
BOUNDS = composed(
    """
    SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'events'::regclass ORDER BY c.relname
    """
)
# Every index of the parent has its like in the partition, and both have the same columns and checks.
INDEXES = composed(
    """
    SELECT count(*) AS attached
      FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid
      JOIN pg_class c ON c.oid = x.indrelid
     WHERE c.relname = :name
    """
)
PARENTS = composed("SELECT count(*) AS wanted FROM pg_index WHERE indrelid = 'events'::regclass")
MONDAY = date(2031, 1, 6)
MOMENT = datetime(2031, 1, 8, 12, tzinfo=UTC)


@given(st.dates(date(2000, 1, 1), date(2200, 1, 1)))
def test_a_week_begins_on_its_monday(day: date) -> None:
    monday = partitions.week_of(day)
    assert monday.weekday() == 0
    assert monday <= day < monday + timedelta(weeks=1)


def test_a_partition_is_named_after_its_monday() -> None:
    assert partitions.partition_name(MONDAY) == "events_20310106"


async def test_this_week_and_the_next_two_are_made_once(db: Database) -> None:
    names = ["events_20310106", "events_20310113", "events_20310120"]
    assert await partitions.ensure(db, MOMENT) == names
    assert await partitions.ensure(db, MOMENT) == []
    assert await partitions.ensure(db, MOMENT + timedelta(weeks=1)) == ["events_20310127"]
    bounds = {row["name"]: row["bounds"] for row in await db.fetch(BOUNDS)}
    assert set(bounds) >= {*names, "events_20310127", "events_rest"}
    assert bounds["events_20310113"] == ("FOR VALUES FROM ('2031-01-13 00:00:00+00') TO ('2031-01-20 00:00:00+00')")


@pytest.mark.parametrize(
    ("moment", "first"),
    [
        (datetime(2031, 1, 6, 0, 0, tzinfo=UTC), "events_20310106"),
        (datetime(2031, 1, 5, 23, 59, 59, tzinfo=UTC), "events_20301230"),
        # Weeks are those of UTC, wherever the server stands.
        (datetime(2031, 1, 6, 1, 0, tzinfo=timezone(timedelta(hours=2))), "events_20301230"),
        (datetime(2031, 1, 5, 23, 0, tzinfo=timezone(timedelta(hours=-2))), "events_20310106"),
    ],
)
async def test_weeks_are_those_of_utc(db: Database, moment: datetime, first: str) -> None:
    assert (await partitions.ensure(db, moment))[0] == first


async def test_many_who_make_them_at_once_all_succeed(dsn: str, db: Database) -> None:
    others = [Database(dsn) for _ in range(3)]
    for one in others:
        await one.open()
    try:
        made = await asyncio.gather(*[partitions.ensure(each, MOMENT) for each in (db, *others) for _ in range(2)])
    finally:
        for one in others:
            await one.close()
    assert sorted(name for names in made for name in names) == ["events_20310106", "events_20310113", "events_20310120"]


async def test_a_partition_has_every_index_of_the_log(db: Database) -> None:
    [name, *_] = await partitions.ensure(db, MOMENT)
    [wanted], [found] = await db.fetch(PARENTS), await db.fetch(INDEXES, name=name)
    assert found["attached"] == wanted["wanted"] > 3


async def test_an_event_stands_in_the_partition_of_its_week(db: Database, viewer: Viewer) -> None:
    await partitions.ensure(db, utc_now())
    await append(db, viewer, 3)
    this_week = partitions.partition_name(partitions.week_of(utc_now().date()))
    assert [(row["place"], row["sequence"]) for row in await db.fetch(WHERE)] == [(this_week, n) for n in (1, 2, 3)]


async def test_an_event_without_a_partition_of_its_week_is_kept_all_the_same(db: Database, viewer: Viewer) -> None:
    await append(db, viewer, 3)
    assert {row["place"] for row in await db.fetch(WHERE)} == {"events_rest"}
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, EVERYTHING, most=10)
    assert [event.sequence for event in found] == [1, 2, 3]


async def test_a_week_that_already_has_events_elsewhere_stops_nobody(db: Database, viewer: Viewer) -> None:
    await append(db, viewer, 3)
    this_week = partitions.week_of(utc_now().date())
    made = await partitions.ensure(db, utc_now())
    assert made == [partitions.partition_name(this_week + timedelta(weeks=n)) for n in (1, 2)]
    await append(db, viewer)
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, EVERYTHING, most=10)
    assert [event.sequence for event in found] == [1, 2, 3, 4]


async def test_a_log_that_is_held_by_a_reader_is_left_alone(dsn: str, db: Database) -> None:
    reader = await asyncpg.connect(dsn)
    try:
        await reader.execute("BEGIN; SELECT count(*) FROM events")
        with pytest.raises(ServiceUnavailable):
            await partitions.ensure(db, MOMENT)
    finally:
        await reader.close()
    assert len(await partitions.ensure(db, MOMENT)) == 3


async def test_readers_see_one_log_over_all_partitions(db: Database, viewer: Viewer) -> None:
    await append(db, viewer, 2)
    await partitions.ensure(db, utc_now() + timedelta(weeks=1))
    await append(db, viewer, 2)
    assert await events.bounds(db, viewer.tenant_id) == (1, 4)


async def test_partitions_are_made_while_others_write(db: Database, viewer: Viewer) -> None:
    stop = asyncio.Event()

    async def write_on() -> int:
        written = 0
        while not stop.is_set():
            await append(db, viewer)
            written += 1
        return written

    writing = asyncio.create_task(write_on())
    for week in range(20):
        await partitions.ensure(db, MOMENT + timedelta(weeks=week))
    stop.set()
    written = await writing
    assert await events.bounds(db, viewer.tenant_id) == (1, written)


AGE = composed("UPDATE events SET created_at = CAST(:at AS timestamptz) WHERE sequence <= CAST(:last AS bigint)")
FLOORS = composed("SELECT t.tenant_id, t.log_floor FROM tenants t")


async def test_weeks_that_are_no_longer_kept_are_dropped_with_a_mark(
    db: Database, viewer: Viewer, outsider: Viewer
) -> None:
    await partitions.ensure(db, MOMENT)
    await partitions.ensure(db, MOMENT + timedelta(weeks=3))
    await append(db, viewer, 5)
    await db.fetch(AGE, at=MOMENT, last=3)
    await append(db, outsider, 1)
    # Not before all of the week is older.
    assert await partitions.drop_older(db, datetime(2031, 1, 12, 23, tzinfo=UTC)) == []
    dropped = await asyncio.gather(*[partitions.drop_older(db, datetime(2031, 1, 13, tzinfo=UTC)) for _ in range(3)])
    assert sorted(name for names in dropped for name in names) == ["events_20310106"]
    floors = {row["tenant_id"]: row["log_floor"] for row in await db.fetch(FLOORS)}
    assert floors == {viewer.tenant_id: 3, outsider.tenant_id: 0}
    assert await events.bounds(db, viewer.tenant_id) == (4, 5)
    kept, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, EVERYTHING, most=10)
    assert [event.sequence for event in kept] == [4, 5]
    kept, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 3, EVERYTHING, most=10)
    assert [event.sequence for event in kept] == [4, 5]


async def test_whoever_stands_behind_what_was_dropped_is_told(db: Database, viewer: Viewer) -> None:
    await partitions.ensure(db, MOMENT)
    await append(db, viewer, 5)
    await db.fetch(AGE, at=MOMENT, last=5)
    await partitions.drop_older(db, MOMENT + timedelta(weeks=2))
    # The log is empty, and still nobody who was at 2 is told that nothing happened since.
    assert await events.bounds(db, viewer.tenant_id) == (6, 5)
    with pytest.raises(CursorExpired) as told:
        await events.read_after(db, viewer.tenant_id, viewer.user_id, 2, EVERYTHING, most=10)
    assert told.value.facts["oldest"] == "5"
    following = await append(db, viewer)
    kept, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 5, EVERYTHING, most=10)
    assert [event.sequence for event in kept] == [following] == [6]
