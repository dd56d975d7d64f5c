"""Partitions of the event log: one a week, made ahead of time, and dropped when they are no longer kept."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from app.db.engine import Database
from app.storage.statements import composed

WEEKS_AHEAD: Final = 2
NAMES: Final = composed(
    """
    SELECT c.relname AS name
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'events'::regclass
    """
)
LOCK: Final = composed("SELECT pg_advisory_xact_lock(7023)")
# Writers and readers of the log queue behind whoever waits for its lock; an hour later is soon enough.
HELD_UP_MS_MAX: Final = 1_000
IN_REST: Final = composed(
    """
    SELECT EXISTS (SELECT FROM events_rest r WHERE r.created_at >= CAST(:start AS timestamptz)
                      AND r.created_at < CAST(:end AS timestamptz)) AS found
    """
)
# The floor of each tenant's log rises in the commit that drops what lies below it.
RAISE_FLOORS: Final = """
    UPDATE tenants t SET log_floor = greatest(t.log_floor, dropped.last)
      FROM (SELECT e.tenant_id, max(e.sequence) AS last FROM {name} e GROUP BY e.tenant_id) dropped
     WHERE t.tenant_id = dropped.tenant_id
"""
WEEKLY: Final = re.compile(r"events_(\d{8})")


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def partition_name(monday: date) -> str:
    """The partition that holds the week."""
    return f"events_{monday:%Y%m%d}"


async def ensure(db: Database, now: datetime) -> list[str]:
    """Make the partitions of this week and the next ones; returns the new names."""
    first = week_of(now.astimezone(UTC).date())
    wanted = [first + timedelta(weeks=n) for n in range(WEEKS_AHEAD + 1)]
    known = {row["name"] for row in await db.fetch(NAMES)}
    return [
        partition_name(monday) for monday in wanted if partition_name(monday) not in known and await _make(db, monday)
    ]


async def _make(db: Database, monday: date) -> bool:
    """Built apart and attached, so that writers are hardly held up; False where another process was faster.

    False also for a week that has events already: they went to the rest while nobody made its partition, and the
    others of that week follow them there.
    """
    name = partition_name(monday)
    start, end = (datetime.combine(day, time(), UTC) for day in (monday, monday + timedelta(weeks=1)))
    async with db.transaction() as tx:
        await tx.fetch(LOCK)
        if any(row["name"] == name for row in await tx.fetch(NAMES)):
            return False
        await tx.run(f"SET LOCAL lock_timeout = {HELD_UP_MS_MAX}")
        await tx.run("LOCK TABLE events_rest IN SHARE ROW EXCLUSIVE MODE")
        rest = await tx.fetchrow(IN_REST, start=start, end=end)
        if rest is None or rest["found"]:
            return False
        await tx.run(f"CREATE TABLE {name} (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        await tx.run(f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')")
    return True


async def drop_older(db: Database, before: datetime) -> list[str]:
    """Drop the weeks that ended before this instant; returns their names. Safe to run twice at once.

    Events of weeks without a partition of their own stay: they are in the rest, with others that may be newer.
    """
    dropped = []
    for row in await db.fetch(NAMES):
        found = WEEKLY.fullmatch(row["name"])
        if found is None:
            continue
        monday = datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC)
        if monday + timedelta(weeks=1) <= before and await _drop(db, row["name"]):
            dropped.append(row["name"])
    return sorted(dropped)


async def _drop(db: Database, name: str) -> bool:
    async with db.transaction() as tx:
        await tx.fetch(LOCK)
        if all(row["name"] != name for row in await tx.fetch(NAMES)):
            return False
        await tx.run(f"SET LOCAL lock_timeout = {HELD_UP_MS_MAX}")
        await tx.run(f"ALTER TABLE events DETACH PARTITION {name}")
        await tx.run(RAISE_FLOORS.format(name=name))
        await tx.run(f"DROP TABLE {name}")
    return True
