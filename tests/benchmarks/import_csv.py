"""A CSV file into a table through the services' code, against psql's \\copy of the same file into a table like it."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter

import asyncpg

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.files import FileFormat
from app.main import build_services
from app.runtime.collector import calm
from app.services.registry import Services
from app.services.tables import TableDraft
from app.storage.rows.grid import TableRow
from tests.benchmarks.harness import Report, Scale, quantile, say, short
from tests.benchmarks.server import BenchServer
from tests.support.people import make_viewer

NAME = "import_csv"
TEMPLATE = "bench_import"
CHUNK_BYTES = 64 * 1024  # what a server hands on of a body at once
RATIO_MIN = 0.5
COLUMNS = (
    Column(name="id", data_type=ColumnType.INTEGER),
    Column(name="station", data_type=ColumnType.STRING),
    Column(name="day", data_type=ColumnType.DATE),
    Column(name="count", data_type=ColumnType.INTEGER),
    Column(name="temperature", data_type=ColumnType.NUMBER),
    Column(name="remark", data_type=ColumnType.STRING),
)


def write_file(path: Path, count: int) -> None:
    """A file of so many rows, some cells quoted and some empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(column.name for column in COLUMNS) + "\r\n")
        for n in range(count):
            remark = "" if n % 5 == 0 else f'"number {n}, by hand"'
            day = f"2025-{1 + n % 12:02}-{1 + n % 28:02}"
            file.write(f"{n},station {n % 20},{day},{n * 7 % 1_000},{(n * 13 % 4_000) / 100},{remark}\r\n")


async def chunks(path: Path) -> AsyncIterator[bytes]:
    """The file as a body comes in."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


async def through_services(services: Services, viewer: Viewer, table: TableRow, path: Path) -> float:
    """Seconds of an import."""
    began = perf_counter()
    await services.row_files.add(viewer, str(table.id), chunks(path), FileFormat.CSV)
    return perf_counter() - began


def through_psql(server: BenchServer, database: str, relation: str, path: Path) -> float:
    """Seconds of a \\copy, without the start of psql."""
    names = ",".join(f'"{column.name}"' for column in COLUMNS)
    script = f"\\timing on\n\\copy {relation} ({names}) FROM '{path}' WITH (FORMAT csv, HEADER)\n"
    program = str(server.programs / "psql")
    done = subprocess.run(
        [program, "-X", "-v", "ON_ERROR_STOP=1", server.dsn(database)],
        input=script,
        capture_output=True,
        text=True,
        check=True,
    )
    told = next(line for line in done.stdout.splitlines() if line.startswith("Time:"))
    return float(told.split()[1]) / 1_000


async def run(server: BenchServer, scale: Scale) -> Report:
    """Turn by turn into emptied tables, so that whatever else the machine does falls on both."""
    count, rounds = scale.count(200_000, 20_000), scale.count(5, 2)
    path = server.home / "rows.csv"
    await asyncio.to_thread(write_file, path, count)
    path.chmod(0o644)
    await server.template(TEMPLATE, _nothing)
    spent: tuple[list[float], list[float]] = ([], [])
    async with server.clone(TEMPLATE) as database:
        db = Database(server.dsn(database))
        await db.open()
        calm()  # as the server does
        services, viewer = build_services(db), await make_viewer(db)
        table = (await services.tables.create(viewer, TableDraft(name="ours", columns=COLUMNS))).table
        other = (await services.tables.create(viewer, TableDraft(name="theirs", columns=COLUMNS))).table
        relations = [f"{one.source.schema}.{one.source.name}" for one in (table, other)]
        admin = await asyncpg.connect(server.dsn(database))
        for _ in range(rounds):
            await admin.execute(f"TRUNCATE {', '.join(relations)}; CHECKPOINT")
            spent[0].append(await through_services(services, viewer, table, path))
            spent[1].append(await asyncio.to_thread(through_psql, server, database, relations[1], path))
            say(f"{NAME}: {short(spent[0][-1])} s, psql {short(spent[1][-1])} s")
        await admin.close()
        await db.close()
    return _report(count, rounds, path.stat().st_size, spent)


def _report(count: int, rounds: int, size: int, spent: tuple[list[float], list[float]]) -> Report:
    ours, theirs = (quantile(times, 0.5) for times in spent)
    report = Report(name=NAME, settings={"rows": count, "rounds": rounds, "bytes": size})
    report.measured.append({"services_rows_per_s": short(count / ours), "psql_rows_per_s": short(count / theirs)})
    report.ratios["services/psql"] = theirs / ours
    report.aim("a CSV file at half of psql's rate or better", theirs / ours, RATIO_MIN)
    return report


async def _nothing(_: str) -> None:
    """The template stays empty."""
