"""`taskloom import`: a file becomes a live table, whole or not at all."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from app.cli.errors import told
from app.cli.session import with_app
from app.domain.errors import TaskloomError
from app.domain.invalid import InvalidInput
from app.main import App
from app.services.identity import BOOTSTRAP_EMAIL, BOOTSTRAP_TENANT
from app.services.imports import Imported, Progress, Step
from app.services.operators import operator
from app.settings import Settings

TENTHS = 10


@click.command(
    help="Make a live table of a file: .csv, .tsv, .json (an array of objects), .jsonl or .parquet. Types are inferred."
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="Name of the table; made from the file's name if absent.")
@click.option("--key-columns", default="", help="Columns that identify a row, separated by commas.")
@click.option("--tenant", default=BOOTSTRAP_TENANT, show_default=True, help="Name of the tenant.")
@click.option("--email", default=BOOTSTRAP_EMAIL, show_default=True, help="Address of the user whose table it is.")
@click.option("--database-url", help="The database; DATABASE_URL or the embedded server if absent.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the embedded server keeps its data.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    file: Path,
    name: str | None,
    key_columns: str,
    tenant: str,
    email: str,
    database_url: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Exit status 1 if anything is wrong with the file; nothing is imported then."""
    key = tuple(column.strip() for column in key_columns.split(",") if column.strip())

    async def work(app: App) -> Imported | TaskloomError:
        try:
            viewer = await operator(app.db, tenant, email)
            with _progress(file) as progress:
                return await app.services.imports.run(viewer, file, name=name, key=key, progress=progress)
        except TaskloomError as problem:
            return problem

    done = told(with_app, work, told(_settings, database_url, data_dir))
    if isinstance(done, TaskloomError):
        _refuse(done, as_json=as_json)
    else:
        _report(done, as_json=as_json)


def _settings(database_url: str | None, data_dir: Path | None) -> Settings:
    """What the environment says, unless the command line says otherwise."""
    settings = Settings.read()
    if data_dir is not None:
        settings = replace(settings, data_dir=data_dir.absolute(), database_url=None)
    return settings if database_url is None else replace(settings, database_url=database_url)


def _report(done: Imported, *, as_json: bool) -> None:
    table = done.table
    if as_json:
        columns = [{"name": column.name, "dataType": column.data_type.value} for column in table.column_list]
        report = {"tableId": str(table.id), "name": table.name, "rowCount": table.row_count, "columns": columns}
        click.echo(json.dumps(report))
        return
    types = ", ".join(f"{column.name} {column.data_type.value}" for column in table.column_list)
    click.echo(f"imported {table.row_count} rows into {table.name} ({types}); table {table.id}")


def _refuse(problem: TaskloomError, *, as_json: bool) -> None:
    """Every problem with its place, then the end."""
    problems = problem.problems if isinstance(problem, InvalidInput) else ()
    if as_json:
        told_ones = [{"code": one.code, "message": one.message} for one in problems]
        click.echo(json.dumps({"error": problem.message, "code": problem.code, "problems": told_ones}))
    for message in [one.message for one in problems] or [problem.message]:
        click.echo(f"Error: {message}", err=True)
    if problems:
        click.echo("Nothing was imported.", err=True)
    raise SystemExit(1)


@contextmanager
def _progress(file: Path) -> Iterator[Progress]:
    """A bar on a terminal, else a line for every tenth of the file."""
    size = file.stat().st_size
    if not sys.stderr.isatty():
        yield _lines(size)
        return
    bar = Bar(
        TextColumn("{task.description:<9}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    tasks = {step: bar.add_task(step.value, total=size, start=False) for step in Step}

    def show(step: Step, bytes_read: int) -> None:
        bar.start_task(tasks[step])
        bar.update(tasks[step], completed=bytes_read)

    with bar:
        yield show


def _lines(size: int) -> Progress:
    told_tenths = dict.fromkeys(Step, -1)

    def show(step: Step, bytes_read: int) -> None:
        tenth = bytes_read * TENTHS // size if size else TENTHS
        if tenth > told_tenths[step]:
            told_tenths[step] = tenth
            click.echo(f"{step.value} {tenth * 100 // TENTHS} %", err=True)

    return show
