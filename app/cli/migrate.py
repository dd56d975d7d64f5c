"""`taskloom migrate`: bring the database up to date, apart from a start."""

import asyncio
import json

import click

from app.cli.errors import told
from app.db.embedded import EmbeddedPostgres
from app.db.migrate import current_revision, head_revision, migrate
from app.settings import Settings


@click.command(help="Bring the database up to date; a server does this by itself at start.")
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 if the database is not up to date.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(check: bool, as_json: bool) -> None:
    """Prints the revisions before and after."""
    before, after = told(_run, check)
    report = {"before": before, "after": after, "head": head_revision()}
    click.echo(json.dumps(report) if as_json else f"{before or 'empty'} -> {after or 'empty'} (head {report['head']})")
    if check and after != report["head"]:
        raise SystemExit(1)


def _run(check: bool) -> tuple[str | None, str | None]:
    settings = Settings.read()
    if settings.database_url is not None:
        return _apply(settings.database_url, check)
    with EmbeddedPostgres.start(settings.data_dir / "postgres", pg_bin=settings.pg_bin) as embedded:
        return _apply(embedded.dsn, check)


def _apply(dsn: str, check: bool) -> tuple[str | None, str | None]:
    if check:
        found = asyncio.run(current_revision(dsn))
        return found, found
    return asyncio.run(migrate(dsn))
