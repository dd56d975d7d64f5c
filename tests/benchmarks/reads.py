"""Lists, dashboard, inbox, detail and tree over 10 000 tasks and 50 000 runs, against the bare SQL they need."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final
from uuid import UUID

import asyncpg

from app.clock import utc_now
from app.db.engine import Database
from app.observability.logs import configure
from app.storage import partitions
from tests.benchmarks import targets
from tests.benchmarks.harness import Report, Row, Scale, quantile, say, short
from tests.benchmarks.read_calls import CASES
from tests.benchmarks.seed import seed_events
from tests.benchmarks.seed_work import RUNS_PER_TASK, seed_work
from tests.benchmarks.server import BenchServer
from tests.benchmarks.whole_requests import Call, ObservedApp, Sent, observed_app
from tests.support.people import make_viewer

NAME = "reads"
TEMPLATE = "bench_reads"
SIZES: Final = (10, 1_000, 10_000)
EVENTS: Final = 50_000
OWNER: Final = "owner@example.com"
ROUNDS_MIN = 4
RATIO_MAX = 3.0
FILTERED_MS_MAX, LIMITED_MS_MAX, METRICS_MS_MAX = 200, 100, 500
# What somebody would write by hand who sees everything and wants only these numbers: a second, harder measure.
PAGE: Final = """
SELECT t.*, r.* FROM (SELECT * FROM tasks WHERE tenant_id = $1 AND status IN ('ready', 'in_progress')
                       ORDER BY created_at DESC, id DESC LIMIT 50) t
  LEFT JOIN runs r ON r.tenant_id = t.tenant_id AND r.id = t.latest_run_id
"""
PAGE_BY_ACTIVITY: Final = """
SELECT t.*, r.* FROM tasks t LEFT JOIN runs r ON r.tenant_id = t.tenant_id AND r.id = t.latest_run_id
 WHERE t.tenant_id = $1 AND t.status = 'ready'
 ORDER BY greatest(t.created_at, t.updated_at, t.closed_at, r.queued_at, r.claimed_at, r.started_at, r.ended_at) DESC
 LIMIT 50
"""
COUNTS: Final = (
    "SELECT status, count(*), max(updated_at), max(closed_at) FROM tasks WHERE tenant_id = $1 GROUP BY status",
    """
    SELECT status, count(*), max(ended_at), max(heartbeat_at), sum(claimed_at - queued_at), max(claimed_at - queued_at),
           sum(started_at - claimed_at), max(started_at - claimed_at)
      FROM runs WHERE tenant_id = $1 GROUP BY status
    """,
    """
    SELECT * FROM runs WHERE tenant_id = $1 AND status IN ('queued', 'claimed', 'starting', 'running')
     ORDER BY status DESC, started_at DESC LIMIT 4
    """,
)
BY_HAND: Final[Mapping[str, Sequence[str]]] = {
    "graphql: 50 filtered tasks with their latest runs": (PAGE,),
    "rest: filtered list, limit 50": (PAGE_BY_ACTIVITY,),
    "graphql: dashboard": COUNTS,
    "rest: dashboard": COUNTS,
}
Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """An application over much work, a key for the tenant of each size, and a bare connection."""

    app: ObservedApp
    keys: Mapping[int, str]
    bare: asyncpg.Connection
    tenant_id: UUID

    async def ask(self, call: Call) -> bytes:
        """The answer that the largest tenant gets."""
        return await self.app.answer(call, self.keys[SIZES[-1]])

    async def send(self, statements: Sequence[Sent]) -> None:
        """The same statements with nothing around them."""
        for sql, given in statements:
            await self.bare.fetch(sql, *given)


async def fill(dsn: str) -> None:
    """A tenant for each size; the largest has a log too."""
    db = Database(dsn)
    await db.open()
    for size in SIZES:
        viewer = await make_viewer(db, tenant=f"size-{size}", email=OWNER)
        await seed_work(db, viewer, size)
    await partitions.ensure(db, utc_now())
    await seed_events(db, viewer.tenant_id, EVENTS)
    await db.close()
    admin = await asyncpg.connect(dsn)
    await admin.execute("VACUUM ANALYZE")
    await admin.close()


@asynccontextmanager
async def bed(server: BenchServer) -> AsyncIterator[Bed]:
    """A copy of the filled database; nothing runs in the background."""
    async with server.clone(TEMPLATE) as name, observed_app(server.dsn(name), server.home) as app:
        bare = await asyncpg.connect(server.dsn(name), server_settings={"jit": "off", "timezone": "UTC"})
        identity = app.services.identity
        try:
            keys = {size: str(await identity.owner_key(f"size-{size}", OWNER)) for size in SIZES}
            viewer = await make_viewer(app.db, tenant=f"size-{SIZES[-1]}", email=OWNER)
            yield Bed(app=app, keys=keys, bare=bare, tenant_id=viewer.tenant_id)
        finally:
            await bare.close()


async def statements_of(on: Bed, name: str, call: Call) -> int:
    """How many statements a call takes, which is the same for few tasks and for many."""
    counts = {size: len(await on.app.sent_for(call, on.keys[size])) for size in SIZES}
    assert len(set(counts.values())) == 1, f"{name}: statements by number of tasks: {counts}"
    return counts[SIZES[-1]]


async def compare(works: Mapping[str, Work], seconds: float) -> Row:
    """The median of each, turn by turn, so that whatever else the machine does falls on all.

    There and back: on a busy machine whoever follows the one that computes for long waits for its turn.
    """
    spent: dict[str, list[float]] = {name: [] for name in works}
    turns = list(works.items())
    ended = perf_counter() + seconds
    while perf_counter() < ended or len(spent["request"]) < ROUNDS_MIN:
        turns.reverse()
        for name, work in turns:
            began = perf_counter()
            await work()
            spent[name].append((perf_counter() - began) * 1_000)
    p50 = {name: quantile(times[1:], 0.5) for name, times in spent.items()}
    found: Row = {"rounds": len(spent["request"]), "requests_per_second": short(1_000 / p50["request"])}
    found |= {f"{name}_p50_ms": short(took) for name, took in p50.items()}
    return found | {f"request/{name}": short(p50["request"] / took) for name, took in p50.items() if name != "request"}


async def measure(on: Bed, name: str, call: Call, seconds: float) -> Row:
    """A request, the statements that it sends, and what one would write by hand where that is said."""
    statements = await statements_of(on, name, call)
    works: dict[str, Work] = {
        "request": partial(on.ask, call),
        "bare": partial(on.send, await on.app.sent_for(call, on.keys[SIZES[-1]])),
    }
    if name in BY_HAND:
        works["by_hand"] = partial(on.send, [(sql, [on.tenant_id]) for sql in BY_HAND[name]])
    return {"case": name, "statements": statements, **await compare(works, seconds)}


def judge(report: Report) -> None:
    """The aims that reads have."""
    p50 = {row["case"]: row["request_p50_ms"] for row in report.measured}
    for row in report.measured:
        if row["case"] in BY_HAND:
            for against in ("bare", "by_hand"):
                aim = f"{row['case']}: request/{against}"
                report.aim(aim, row[f"request/{against}"], RATIO_MAX, at_most=True)
    report.aim("filtered list over 10 000 tasks, ms", p50["rest: filtered list"], FILTERED_MS_MAX, at_most=True)
    report.aim("the same with limit 50, ms", p50["rest: filtered list, limit 50"], LIMITED_MS_MAX, at_most=True)
    report.aim("summary and metrics, ms", p50["rest: dashboard"], METRICS_MS_MAX, at_most=True)


async def run(server: BenchServer, scale: Scale) -> Report:
    """Reads first, then the targets of the original."""
    configure("text", "warning")  # a line for each request would be measured too
    seconds = scale.of(2, 0.3)
    await server.template(TEMPLATE, fill)
    settings = {"tasks": SIZES[-1], "runs": RUNS_PER_TASK * SIZES[-1], "events": EVENTS, "seconds": seconds}
    report = Report(name=NAME, settings=settings)
    async with bed(server) as on:
        for name, call in CASES.items():
            row = await measure(on, name, call, seconds)
            say(f"{NAME}: {row}")
            report.measured.append(row)
            report.ratios[f"request/bare, {name}"] = row["request/bare"]
        judge(report)
        await targets.measure(report, on.app.db, on.app.services, scale)
    return report
