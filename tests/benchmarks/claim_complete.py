"""Claim and complete through the services' own code, against the same SQL run by pgbench."""

import asyncio
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Generic, TypeVar

from app.clock import utc_now
from app.db.engine import LANES, Database, Lane
from app.domain.access.viewer import Viewer
from app.services.access import Access
from app.services.admission import Admission
from app.services.agent_sessions import AgentSessions
from app.services.consequences import Consequences
from app.services.fair_turns import FairTurns
from app.services.group_commit import GroupCommit
from app.services.leases import LeaseLedger
from app.storage import leases
from app.storage.statements import composed
from tests.benchmarks.harness import Report, Row, Scale, medians, quantile, say, short
from tests.benchmarks.pgbench import Ran, pgbench, script_of
from tests.benchmarks.seed import ANALYZE, seed_queue
from tests.benchmarks.server import BenchServer
from tests.support.people import make_viewer

NAME = "claim_complete"
TEMPLATE = "bench_queue"
LONE = "lone caller, in turns"
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Group = TypeVar("Group", bound=Hashable)


class OneByOne(GroupCommit[Group, Asked, Answer], Generic[Group, Asked, Answer]):
    """The same ledger without coalescing: a statement and a commit for each call."""

    async def submit(self, group: Group, asked: Asked) -> Answer:
        """Carry it out alone."""
        (answer,) = await self._carry_out(group, [asked])
        if isinstance(answer, BaseException):
            raise answer
        return answer


def consequences(db: Database) -> Consequences:
    """What follows from a finish; here nothing does."""
    return Consequences(utc_now, Admission(db))


class OneByOneLedger(LeaseLedger):
    """What the server would be without group commit."""

    def __init__(self, db: Database, sessions: AgentSessions, consequences: Consequences, turns: FairTurns) -> None:
        super().__init__(db, sessions, consequences, turns)
        self._claims = OneByOne(self._claim_batch, apart=lambda asked: asked.session_id)
        self._finishes = OneByOne(self._finish_batch, apart=lambda asked: asked.run_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to measure: how many callers, how many runs a call, coalesced or not."""

    callers: int
    batch: int
    coalesced: bool

    @property
    def label(self) -> str:
        """Its name in the report."""
        way = "coalesced" if self.coalesced else "one_by_one"
        return f"{way}_batch{self.batch}_callers{self.callers}"


CASES = (
    *(Case(callers=callers, batch=1, coalesced=way) for callers in (1, 16, 100) for way in (False, True)),
    *(Case(callers=callers, batch=batch, coalesced=True) for batch in (10, 100) for callers in (1, 16)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One thing pgbench does: so many clients, each claiming for so many sessions, so many runs for each."""

    clients: int
    sessions: int
    wanted: int

    @property
    def label(self) -> str:
        """Its name in the report."""
        return f"pgbench_sessions{self.sessions}_wanted{self.wanted}_clients{self.clients}"


LIMITS = (
    *(Limit(clients=clients, sessions=1, wanted=1) for clients in (1, 16)),
    *(Limit(clients=clients, sessions=1, wanted=wanted) for wanted in (10, 100) for clients in (1, 4)),
    Limit(clients=1, sessions=100, wanted=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """A copy of the seeded database, opened."""

    database: str
    db: Database
    viewer: Viewer
    sessions: AgentSessions


@asynccontextmanager
async def bed(server: BenchServer) -> AsyncIterator[Bed]:
    """The same state for every case."""
    async with server.clone(TEMPLATE) as database:
        db = Database(server.dsn(database))
        await db.open()
        try:
            viewer = await make_viewer(db)
            yield Bed(database=database, db=db, viewer=viewer, sessions=AgentSessions(db, Access(db), utc_now))
        finally:
            await db.close()


async def session(on: Bed, most: int) -> str:
    """A registered agent session."""
    row, _ = await on.sessions.register(
        on.viewer, agent_name="bench", workspace_id=None, capabilities=(), max_concurrency=most
    )
    return str(row.id)


async def through_services(server: BenchServer, case: Case, seconds: float) -> Row:
    """Claim-and-complete cycles of runs per second; a cycle is the claim, the work of no time, the complete."""
    async with bed(server) as on:
        ledger = (LeaseLedger if case.coalesced else OneByOneLedger)(
            on.db, on.sessions, consequences(on.db), FairTurns(4)
        )
        ids = [await session(on, case.batch) for _ in range(case.callers)]
        spent: list[float] = []
        ended = perf_counter() + seconds

        async def caller(id: str) -> int:
            done = 0
            while (began := perf_counter()) < ended:
                claimed = await ledger.claim(on.viewer, id, limit=case.batch)
                held = [(str(one.run.id), one.run.lease_epoch) for one in claimed.runs]
                if not held:
                    raise RuntimeError("The queue ran dry: seed more.")
                if len(held) == 1:
                    await ledger.complete(on.viewer, id, held[0][0], epoch=held[0][1])
                else:
                    await asyncio.gather(*[ledger.complete(on.viewer, id, run, epoch=epoch) for run, epoch in held])
                spent.append(perf_counter() - began)
                done += len(held)
            return done

        began = perf_counter()
        done = sum(await asyncio.gather(*[caller(id) for id in ids]))
        took = perf_counter() - began
    return {
        "case": case.label,
        "runs_per_second": short(done / took),
        "p50_ms": short(quantile(spent, 0.5) * 1_000),
        "p99_ms": short(quantile(spent, 0.99) * 1_000),
    }


# Members of the two statements whose names are the same get a variable each.
CLAIM_NAMES = {"session_ids": "claiming", **{n: n for n in ("wanted", "lease_seconds", "tenant_id", "place")}} | {
    n: n for n in ("priority_min", "capabilities")
}
FINISH_NAMES = {
    n: n
    for n in (
        *("run_ids", "session_ids", "epochs", "outcomes", "results", "errors", "metadata", "tenant_id"),
        "with_dependents",
    )
}


async def lone_caller(server: BenchServer, seconds: float) -> Row:
    """One caller who takes turns between the two ledgers, so that whatever else the machine does falls on both."""
    async with bed(server) as on:
        id = await session(on, 1)
        ledgers = (
            LeaseLedger(on.db, on.sessions, consequences(on.db), FairTurns(4)),
            OneByOneLedger(on.db, on.sessions, consequences(on.db), FairTurns(4)),
        )
        spent: tuple[list[float], list[float]] = ([], [])
        ended = perf_counter() + seconds
        while perf_counter() < ended:
            for ledger, times in zip(ledgers, spent, strict=True):
                began = perf_counter()
                (one,) = (await ledger.claim(on.viewer, id)).runs
                await ledger.complete(on.viewer, id, str(one.run.id), epoch=one.run.lease_epoch)
                times.append((perf_counter() - began) * 1_000)
    coalesced, direct = (quantile(times, 0.5) for times in spent)
    return {"case": LONE, "coalesced_p50_ms": short(coalesced), "one_by_one_p50_ms": short(direct)}


def limit_script() -> str:
    """The same two statements; the claim's answer is folded into one row so that pgbench can hand it on."""
    head, _, answer = script_of(leases.CLAIM, CLAIM_NAMES).rpartition("\nSELECT ")
    told = (
        f"{head}, answer AS (SELECT {answer})\n"
        "SELECT '{' || string_agg(id::text, ',') || '}' AS run_ids FROM answer \\gset\n"
    )
    return told + script_of(leases.FINISH, FINISH_NAMES) + ";\n"


async def by_pgbench(server: BenchServer, limit: Limit, seconds: float) -> Row:
    """What the server gives to a client that costs next to nothing; each client has sessions of its own."""
    async with bed(server) as on:
        runs = [
            one_client(server, on, limit, [await session(on, limit.wanted) for _ in range(limit.sessions)], seconds)
            for _ in range(limit.clients)
        ]
        ran = await asyncio.gather(*runs)
    return {
        "case": limit.label,
        "runs_per_second": short(sum(one.per_second for one in ran) * limit.sessions * limit.wanted),
        "p50_ms": short(median(one.p50_ms for one in ran)),
        "p99_ms": short(max(one.p99_ms for one in ran)),
    }


async def one_client(server: BenchServer, on: Bed, limit: Limit, sessions: Sequence[str], seconds: float) -> Ran:
    """One pgbench with one connection."""
    size = limit.sessions * limit.wanted
    return await pgbench(
        server,
        on.database,
        limit_script(),
        clients=1,
        seconds=seconds,
        variables={
            "claiming": array(sessions),
            "wanted": array([limit.wanted] * limit.sessions),
            "lease_seconds": array([300] * limit.sessions),
            "tenant_id": str(on.viewer.tenant_id),
            "place": str(leases.GLOBAL_PLACE),
            "priority_min": "0",
            "capabilities": "{}",
            "with_dependents": "false",
            "session_ids": array([id for id in sessions for _ in range(limit.wanted)]),
            "outcomes": array(["completed"] * size),
            **{name: array(["NULL"] * size) for name in ("epochs", "results", "errors", "metadata")},
        },
        planner={"jit": "off", **LANES[Lane.LEASES].planner},
    )


def array(items: Sequence[object]) -> str:
    """A PostgreSQL array of plain words."""
    return "{" + ",".join(str(item) for item in items) + "}"


MEASURED: tuple[Limit | Case, ...] = (*LIMITS, *CASES)
QUICK = tuple(
    one for one in MEASURED if not isinstance(one, Limit) or (one.clients == 1 and one.wanted * one.sessions > 1)
)


async def measure(server: BenchServer, one: Limit | Case, seconds: float) -> Row:
    """One of them."""
    if isinstance(one, Limit):
        return await by_pgbench(server, one, seconds)
    return await through_services(server, one, seconds)


async def run(server: BenchServer, scale: Scale) -> Report:
    """Services and limit, interleaved, in several rounds."""
    queued, seconds, rounds = scale.count(100_000, 20_000), scale.of(2, 0.3), scale.count(2, 1)

    async def fill(dsn: str) -> None:
        await fill_queue(dsn, queued)

    await server.template(TEMPLATE, fill)
    found: dict[str, list[Row]] = {}
    for at in range(rounds):
        for one in MEASURED if not scale.quick else QUICK:
            row = await measure(server, one, seconds)
            found.setdefault(row["case"], []).append(row)
            say(f"{NAME} {at + 1}/{rounds}: {row}")
        found.setdefault(LONE, []).append(await lone_caller(server, 2 * seconds))
        say(f"{NAME} {at + 1}/{rounds}: {found[LONE][-1]}")
    report = Report(
        name=NAME,
        settings={"queued": queued, "seconds": seconds, "rounds": rounds},
        measured=[medians(rows) for rows in found.values()],
    )
    judge(report, {row["case"]: row for row in report.measured})
    return report


async def fill_queue(dsn: str, count: int) -> None:
    """The template's content."""
    db = Database(dsn)
    await db.open()
    viewer = await make_viewer(db)
    await seed_queue(db, viewer.tenant_id, count)
    await db.fetch(composed(ANALYZE), Lane.IMPORTS)
    await db.close()


def judge(report: Report, rows: dict[str, Row]) -> None:
    """Ratios and aims."""
    rate = {case: float(row["runs_per_second"]) for case, row in rows.items() if case != LONE}
    lone = rows[LONE]["one_by_one_p50_ms"] / rows[LONE]["coalesced_p50_ms"]
    hundred = rate["coalesced_batch1_callers100"] / rate["one_by_one_batch1_callers100"]
    report.ratios |= {"coalesced/one_by_one, 1 caller": lone, "coalesced/one_by_one, 100 callers": hundred}
    report.aim("one lone caller is no slower than without coalescing (0.95 allows for noise)", lone, 0.95)
    report.aim("100 callers coalesced are ten times as fast as one by one", hundred, 10)
    for batch in (10, 100):
        ours = max(rate[f"coalesced_batch{batch}_callers{callers}"] for callers in (1, 16))
        cases = [f"pgbench_sessions1_wanted{batch}_clients{clients}" for clients in (1, 4)]
        limit = max(rate[case] for case in cases if case in rate)
        report.ratios[f"services/pgbench, batches of {batch}"] = ours / limit
        report.aim(f"batches of {batch} reach half of pgbench's rate", ours / limit, 0.5)
    alike = rate["coalesced_batch1_callers100"] / rate["pgbench_sessions100_wanted1_clients1"]
    report.ratios["100 coalesced callers/pgbench for 100 sessions"] = alike
