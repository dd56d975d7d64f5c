"""`taskloom demo`: real data, workspaces, and tasks that a worker carries out while you watch."""

import asyncio
import os
import sys

import click

from app.cli.worker import key_option, log_as, log_format_option, url_option
from app.demo.data import NoData, folder
from app.demo.family import Family, Plan
from app.demo.life import live
from app.demo.voice import Voice
from app.worker import Refused, Unauthorized


@click.command(help="Seed a server with real data and keep a feeder and a worker busy on it, as two processes.")
@url_option
@key_option
@click.option(
    "--pace",
    type=click.FloatRange(0, 3_600),
    default=4.0,
    show_default=True,
    help="Seconds between two tasks.",
)
@click.option(
    "--lease-seconds", type=click.IntRange(1, 86_400), default=15, show_default=True, help="Of the demo's worker."
)
@click.option("--once", is_flag=True, help="Tell each story once and end; exit status 0 if all were completed.")
@log_format_option
def command(url: str, key: str, pace: float, lease_seconds: int, once: bool, log_format: str) -> None:
    """Runs until SIGTERM, SIGINT, or the end of the process that started it."""
    log_as(log_format, "warning")
    voice = Voice("stage")
    try:
        folder()
        family = Family(Plan(url=url, key=key, pace_seconds=pace, lease_seconds=lease_seconds, once=once), voice)
        asyncio.run(live(family, parent=os.getppid()))
    except NoData as problem:
        voice.say(str(problem))
        return
    except (Unauthorized, Refused) as problem:
        raise click.ClickException(str(problem)) from problem
    sys.exit(family.status)
