"""Pages of rows and chart data on a large table, through the services' code, against the bare SQL they run."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import asyncpg

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.charts.parse import parse_spec
from app.domain.charts.plan import make_plan
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.page import RowSort, SortDirection, window
from app.domain.invalid import accepted
from app.loaders.chart_data import chart_data
from app.loaders.reader import Reader
from app.loaders.rows import RowsRequest, table_rows
from app.main import build_services
from app.services.tables import TableDraft
from app.services.workspace_draft import WorkspaceDraft
from app.storage import catalog, charts
from app.storage.aggregate import ChartShape, chart_statement
from app.storage.grid import page_statement
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import ChartRow, WorkspaceMode
from tests.benchmarks.harness import Report, Row, Scale, quantile, say, short
from tests.benchmarks.server import BenchServer
from tests.support.people import make_viewer

NAME = "grid_and_chart"
TEMPLATE = "bench_grid"
TABLE = "measurements"
CHUNK = 10_000
COLUMNS = (
    Column(name="station", data_type=ColumnType.STRING),
    Column(name="day", data_type=ColumnType.DATE),
    Column(name="count", data_type=ColumnType.INTEGER),
    Column(name="temperature", data_type=ColumnType.NUMBER),
    Column(name="rainy", data_type=ColumnType.BOOLEAN),
    Column(name="remark", data_type=ColumnType.STRING),
)
DESCENDING = RowSort("temperature", SortDirection.DESC)
PAGES = {
    "page of 100": RowsRequest(window=window(100, 0), sort=None, filters=()),
    "page of 100 at 50 000": RowsRequest(window=window(100, 50_000), sort=None, filters=()),
    "page of 100 sorted": RowsRequest(window=window(100, 0), sort=DESCENDING, filters=()),
    "page of 5 000": RowsRequest(window=window(5_000, 0), sort=None, filters=()),
}
CHARTS: dict[str, dict[str, Any]] = {
    "bar of 20": {"kind": "bar", "x": {"column": "station"}, "y": [{"column": "temperature", "agg": "avg"}]},
    "line of 336": {"kind": "line", "x": {"column": "day"}, "y": [{"column": "count", "agg": "sum"}]},
    "donut of 2": {"kind": "donut", "x": {"column": "rainy"}, "y": [{"column": "temperature", "agg": "max"}]},
}
RATIO_MIN = 0.5
Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """A large table with charts on it."""

    reader: Reader
    table: TableRow
    charts: dict[str, ChartRow]
    bare: asyncpg.Connection


def rows(first: int, count: int) -> list[list[object]]:
    """Rows as a client sends them."""
    return [
        [
            f"station {n % 20}",
            f"2025-{1 + n % 12:02}-{1 + n % 28:02}",
            n * 7 % 1_000,
            (n * 13 % 4_000) / 100,
            n % 3 == 0,
            f"measured by hand, number {n}",
        ]
        for n in range(first, first + count)
    ]


async def fill(dsn: str, count: int) -> None:
    """The table, by the import that clients use."""
    db = Database(dsn)
    await db.open()
    viewer, services = await make_viewer(db), build_services(db)
    table = (await services.tables.create(viewer, TableDraft(name=TABLE, columns=COLUMNS))).table
    for first in range(0, count, CHUNK):
        await services.tables.import_rows(viewer, str(table.id), rows(first, min(CHUNK, count - first)))
    place = (
        await services.workspaces.create(
            viewer, WorkspaceDraft(title="Bench", mode=WorkspaceMode.OPERATIONAL, table_name=TABLE)
        )
    ).workspace
    for spec in CHARTS.values():
        await services.charts.create(viewer, str(place.id), spec)
    await db.close()
    admin = await asyncpg.connect(dsn)
    await admin.execute("VACUUM ANALYZE")
    await admin.close()


@asynccontextmanager
async def bed(server: BenchServer) -> AsyncIterator[Bed]:
    """A copy of the large table, and a connection of one's own for the bare SQL."""
    async with server.clone(TEMPLATE) as database:
        db = Database(server.dsn(database))
        await db.open()
        bare = await asyncpg.connect(server.dsn(database), server_settings={"jit": "off", "timezone": "UTC"})
        try:
            yield await opened(db, await make_viewer(db), bare)
        finally:
            await bare.close()
            await db.close()


async def opened(db: Database, viewer: Viewer, bare: asyncpg.Connection) -> Bed:
    """What the template holds, as the loaders see it."""
    reader = Reader(db, viewer)
    (table,) = await catalog.visible_by_name(db, viewer.tenant_id, viewer.user_id, TABLE, None)
    found = await bare.fetch("SELECT id FROM charts ORDER BY position")
    drawn = await charts.visible_by_id(db, viewer.tenant_id, viewer.user_id, [row["id"] for row in found])
    by_id = {chart.id: chart for chart in drawn}
    return Bed(
        reader=reader,
        table=table,
        charts={name: by_id[row["id"]] for name, row in zip(CHARTS, found, strict=True)},
        bare=bare,
    )


def page_work(on: Bed, wanted: RowsRequest) -> tuple[Work, Work]:
    """A page through the services, and its statement on a bare connection."""
    statement = page_statement(on.table.source, wanted.sort, ())
    given = statement.arguments({"page_limit": wanted.window.limit, "page_offset": wanted.window.offset})
    return (lambda: table_rows(on.reader, on.table, wanted)), (lambda: on.bare.fetch(statement.sql, *given))


def chart_work(on: Bed, chart: ChartRow) -> tuple[Work, Work]:
    """A chart's data through the services, and its statement on a bare connection."""
    plan = accepted(make_plan(accepted(parse_spec(chart.spec)), on.table.column_list, ()))
    shape = ChartShape(mode=plan.mode, x=plan.x.name, group=None, measures=plan.measures, filters=(), order=plan.order)
    statement = chart_statement(on.table.source, shape)
    given = statement.arguments({"chart_fetch": plan.fetch})
    return (lambda: chart_data(on.reader, chart, on.table, ())), (lambda: on.bare.fetch(statement.sql, *given))


async def compare(name: str, ours: Work, bare: Work, seconds: float) -> Row:
    """Turn by turn, so that whatever else the machine does falls on both."""
    spent: tuple[list[float], list[float]] = ([], [])
    ended = perf_counter() + seconds
    while perf_counter() < ended:
        for work, times in zip((ours, bare), spent, strict=True):
            began = perf_counter()
            await work()
            times.append((perf_counter() - began) * 1_000)
    through, straight = (quantile(times[1:] or times, 0.5) for times in spent)
    return {
        "case": name,
        "rounds": len(spent[0]),
        "services_p50_ms": short(through),
        "bare_p50_ms": short(straight),
        "bare/services": short(straight / through),
    }


async def run(server: BenchServer, scale: Scale) -> Report:
    """Pages, then charts."""
    count, seconds = scale.count(100_000, 20_000), scale.of(3, 0.3)

    async def fill_it(dsn: str) -> None:
        await fill(dsn, count)

    await server.template(TEMPLATE, fill_it)
    report = Report(name=NAME, settings={"rows": count, "seconds": seconds})
    async with bed(server) as on:
        works = {name: page_work(on, wanted) for name, wanted in PAGES.items()}
        works |= {name: chart_work(on, chart) for name, chart in on.charts.items()}
        for name, (ours, bare) in works.items():
            row = await compare(name, ours, bare, seconds)
            say(f"{NAME}: {row}")
            report.measured.append(row)
            report.ratios[f"bare/services, {name}"] = row["bare/services"]
    # A page of 5 000 rows makes 30 000 Python objects of them: its ratio is shown, and no aim.
    worst = min(report.measured[:3] + report.measured[4:], key=lambda row: float(row["bare/services"]))
    aim = f"pages of 100 and charts at half the bare SQL's rate or better; worst: {worst['case']}"
    report.aim(aim, worst["bare/services"], RATIO_MIN)
    return report
