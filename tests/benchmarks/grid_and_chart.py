"""Pages of rows and data of charts on a table of 1 000 000 rows, whole requests against the bare SQL they need."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import asyncpg

from app.db.engine import Database
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.files import FileFormat
from app.main import build_services
from app.observability.logs import configure
from app.services.tables import TableDraft
from app.services.workspace_draft import WorkspaceDraft
from app.storage.rows.workspace import WorkspaceMode
from tests.benchmarks.grid_calls import CHARTS, LARGE, chart_calls, page_calls
from tests.benchmarks.harness import Report, Row, Scale, say
from tests.benchmarks.reads import Work, compare
from tests.benchmarks.server import BenchServer
from tests.benchmarks.whole_requests import Call, ObservedApp, Sent, observed_app
from tests.support.people import make_viewer

NAME = "grid_and_chart"
TEMPLATE = "bench_grid"
TABLE = "measurements"
TENANT, OWNER = "grid", "owner@example.com"
CHUNK = 10_000
ROWS, ROWS_QUICK = 1_000_000, 100_000
COLUMNS = (
    Column(name="station", data_type=ColumnType.STRING),
    Column(name="day", data_type=ColumnType.DATE),
    Column(name="count", data_type=ColumnType.INTEGER),
    Column(name="temperature", data_type=ColumnType.NUMBER),
    Column(name="rainy", data_type=ColumnType.BOOLEAN),
    Column(name="remark", data_type=ColumnType.STRING),
)
RATIO_MAX: Final = 2.0
LARGE_RATIO_MAX: Final = 3.0
PLACE: Final = "SELECT id::text AS id FROM workspaces"
DRAWN: Final = "SELECT id::text AS id FROM charts ORDER BY position"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """An application over the large table, a key for it, and a bare connection."""

    app: ObservedApp
    key: str
    bare: asyncpg.Connection
    calls: Mapping[str, Call]

    async def send(self, statements: Sequence[Sent]) -> None:
        """The same statements with nothing around them."""
        for sql, given in statements:
            await self.bare.fetch(sql, *given)


async def text(count: int) -> AsyncIterator[bytes]:
    """The rows as a file comes in."""
    yield (",".join(column.name for column in COLUMNS) + "\n").encode()
    for first in range(0, count, CHUNK):
        lines = [
            f"station {n % 20},2025-{1 + n % 12:02}-{1 + n % 28:02},{n * 7 % 1_000},{(n * 13 % 4_000) / 100},"
            f"{'true' if n % 3 == 0 else 'false'},measured by hand number {n}\n"
            for n in range(first, min(first + CHUNK, count))
        ]
        yield "".join(lines).encode()


async def fill(dsn: str, count: int) -> None:
    """The table, by the import that clients use, and a workspace with its charts."""
    db = Database(dsn)
    await db.open()
    viewer, services = await make_viewer(db, tenant=TENANT, email=OWNER), build_services(db)
    table = (await services.tables.create(viewer, TableDraft(name=TABLE, columns=COLUMNS))).table
    await services.row_files.add(viewer, str(table.id), text(count), FileFormat.CSV)
    draft = WorkspaceDraft(title="Bench", mode=WorkspaceMode.OPERATIONAL, table_name=TABLE)
    place = (await services.workspaces.create(viewer, draft)).workspace
    for spec in CHARTS.values():
        await services.charts.create(viewer, str(place.id), spec)
    await db.close()
    admin = await asyncpg.connect(dsn)
    await admin.execute("VACUUM ANALYZE")
    await admin.close()


@asynccontextmanager
async def bed(server: BenchServer, count: int) -> AsyncIterator[Bed]:
    """A copy of the filled database; nothing runs in the background."""
    async with server.clone(TEMPLATE) as name, observed_app(server.dsn(name), server.home) as app:
        bare = await asyncpg.connect(server.dsn(name), server_settings={"jit": "off", "timezone": "UTC"})
        try:
            place = await bare.fetchval(PLACE)
            ids = dict(zip(CHARTS, [row["id"] for row in await bare.fetch(DRAWN)], strict=True))
            calls = page_calls(place, count // 2) | chart_calls(place, ids)
            yield Bed(app=app, key=str(await app.services.identity.owner_key(TENANT, OWNER)), bare=bare, calls=calls)
        finally:
            await bare.close()


async def measure(on: Bed, name: str, call: Call, seconds: float) -> Row:
    """A request and the statements that it sends, turn by turn."""
    sent = await on.app.sent_for(call, on.key)
    works: dict[str, Work] = {"request": partial(on.app.answer, call, on.key), "bare": partial(on.send, sent)}
    return {"case": name, "statements": len(sent), **await compare(works, seconds)}


async def run(server: BenchServer, scale: Scale) -> Report:
    """Pages, then charts."""
    configure("text", "warning")  # a line for each request would be measured too
    count, seconds = scale.count(ROWS, ROWS_QUICK), scale.of(2, 0.3)
    await server.template(TEMPLATE, partial(fill, count=count))
    report = Report(name=NAME, settings={"rows": count, "seconds": seconds})
    async with bed(server, count) as on:
        for name, call in on.calls.items():
            row = await measure(on, name, call, seconds)
            say(f"{NAME}: {row}")
            report.measured.append(row)
            ratio = row["request/bare"]
            report.ratios[f"request/bare, {name}"] = ratio
            most = LARGE_RATIO_MAX if f"{LARGE:_}".replace("_", " ") in name else RATIO_MAX
            report.aim(f"{name}: request/bare", ratio, most, at_most=True)
    return report
