"""The two ways of ordering events: a counter row, and an advisory lock with a sequence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from app.db.engine import Database, Lane
from app.storage import tenants
from tests.benchmarks.harness import Report, Row, Scale, medians, say, short
from tests.benchmarks.pgbench import pgbench
from tests.benchmarks.server import BenchServer

NAME = "event_order"
TEMPLATE = "bench_order"
TENANTS = 8
PREFIX = "00000000-0000-4000-8000-00000000000"  # and the tenant's number

SCHEMA = """
CREATE TABLE notes (tenant_id uuid NOT NULL, said text NOT NULL);
-- Room on the page for many versions of the one row: the best case of a counter.
CREATE TABLE event_counters (tenant_id uuid PRIMARY KEY, n bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO event_counters SELECT tenant_id, 0 FROM tenants;
"""
TENANT = f"CAST('{PREFIX}' || CAST(:tenant AS text) AS uuid)"
TAKE = {
    "counter row": f"""
        UPDATE event_counters SET n = n + 1 + 0 * (SELECT count(*) FROM noted) WHERE tenant_id = {TENANT}
        RETURNING n AS sequence""",
    "lock and sequence": f"""
        SELECT take_event_sequences({TENANT}, 1 + 0 * (SELECT count(*) FROM noted)) AS sequence""",
}
WRITE = f"""
WITH noted AS (
    INSERT INTO notes (tenant_id, said) VALUES ({TENANT}, 'a small fact') RETURNING tenant_id
), log AS ({{take}}
)
INSERT INTO events (tenant_id, sequence, created_at, type, actor_kind, actor_ref, origin_kind, origin_ref, payload)
SELECT {TENANT}, log.sequence, clock_timestamp(), 'bench.noted', 'user', 'bench', 'http', 'bench', '{{{{}}}}' FROM log;
"""


async def fill(dsn: str) -> None:
    """Eight tenants with logs of their own, a table to write to, and the counters of the other way."""
    db = Database(dsn)
    await db.open()
    async with db.transaction(Lane.IMPORTS) as tx:
        for number in range(TENANTS):
            await tenants.find_or_make(tx, UUID(f"{PREFIX}{number}"), f"tenant {number}")
        await tx.run(SCHEMA)
    await db.close()


@asynccontextmanager
async def old_snapshot(dsn: str, *, wanted: bool) -> AsyncIterator[None]:
    """A REPEATABLE READ transaction that is open all the while: nothing that is dead since can be pruned."""
    if not wanted:
        yield
        return
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM tenants")
        yield
    finally:
        await connection.close()


async def measure(server: BenchServer, way: str, writers: int, spread: int, seconds: float, *, held: bool) -> Row:
    """So many writers on so many tenants; each commits a small insert and its event."""
    script = f"\\set tenant :client_id % {spread}\n" + WRITE.format(take=TAKE[way])
    async with server.clone(TEMPLATE) as database, old_snapshot(server.dsn(database), wanted=held):
        ran = await pgbench(server, database, script, clients=writers, seconds=seconds)
    return {
        "way": way,
        "writers": writers,
        "tenants": spread,
        "old_snapshot": held,
        "commits_per_second": short(ran.per_second),
        "p50_ms": short(ran.p50_ms),
        "p99_ms": short(ran.p99_ms),
        "first_sixth_per_second": short(ran.first_per_second),
        "last_sixth_per_second": short(ran.last_per_second),
    }


async def run(server: BenchServer, scale: Scale) -> Report:
    """Both ways in turn, round by round."""
    seconds, long, rounds = scale.of(2, 1), scale.of(15, 3), scale.count(2, 1)
    await server.template(TEMPLATE, fill)
    writers_of = {1: (8,) if scale.quick else (1, 8, 32), TENANTS: (8,) if scale.quick else (8, 32)}
    cases = [(writers, spread, seconds, False) for spread, many in writers_of.items() for writers in many]
    found: dict[str, list[Row]] = {}
    for at, case in [(at, case) for at in range(rounds) for case in cases] + [(0, (8, 1, long, True))]:
        writers, spread, duration, held = case
        for way in TAKE:
            row = await measure(server, way, writers, spread, duration, held=held)
            found.setdefault(f"{case} {way}", []).append(row)
            say(f"{NAME} {at + 1}/{rounds}: {row}")
    report = Report(
        name=NAME,
        settings={"seconds": seconds, "seconds_with_old_snapshot": long, "rounds": rounds},
        measured=[medians(rows) for rows in found.values()],
    )
    judge(report)
    return report


def judge(report: Report) -> None:
    """The way in use over the other one; it must not lose, and must not decay."""
    by_case: dict[tuple[int, int, bool], dict[str, Row]] = {}
    for row in report.measured:
        by_case.setdefault((row["writers"], row["tenants"], row["old_snapshot"]), {})[row["way"]] = row
    for (writers, spread, held), ways in by_case.items():
        label = f"{writers} writers, {spread} tenants" + (", old snapshot" if held else "")
        ours, other = ways["lock and sequence"], ways["counter row"]
        report.ratios[f"lock and sequence/counter row, {label}"] = (
            ours["commits_per_second"] / other["commits_per_second"]
        )
        if held:
            kept = ours["last_sixth_per_second"] / ours["first_sixth_per_second"]
            lost = other["last_sixth_per_second"] / other["first_sixth_per_second"]
            report.ratios |= {f"end/start, lock and sequence, {label}": kept, f"end/start, counter row, {label}": lost}
            report.aim("under an old snapshot the log keeps at least 0.7 of its speed", kept, 0.7)
