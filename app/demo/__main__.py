"""`python -m app.demo ROLE`: one child of the demo; `taskloom demo` starts them."""

import asyncio
import logging
import sys

import click
import structlog
from structlog.typing import EventDict

from app.demo.family import Role
from app.demo.feeder import Feeder
from app.demo.labour import Labour
from app.demo.life import live
from app.demo.stories import Place
from app.demo.voice import Voice
from app.worker import ClientError, GraphQLClient, Worker

STEPS_PER_RUN = 8
DRAIN_SECONDS = 0.5  # a demo gives back rather than holds up who wants to stop it


async def feed(url: str, key: str, places: dict[Place, str], parent: int, *, pace: float, once: bool) -> int:
    """The feeder; the number of tasks that ended badly is its exit status."""
    async with GraphQLClient(url, key) as client:
        feeder = Feeder(client, places, Voice(Role.FEEDER), pace_seconds=pace, once=once)
        await live(feeder, parent=parent)
        return min(feeder.failures, 100)


async def work(url: str, key: str, places: dict[Place, str], parent: int, *, pace: float, lease_seconds: int) -> int:
    """One worker for each workspace."""
    labour = Labour(pace / STEPS_PER_RUN)
    workers = [
        Worker(
            url,
            key,
            agent_name="demo",
            workspace_id=id,
            lease_seconds=lease_seconds,
            drain_seconds=DRAIN_SECONDS,
            handler=labour.handle,
        )
        for id in places.values()
    ]
    await live(*workers, parent=parent)
    return 0


def parsed(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[Place, str]:
    """PLACE=ID, … as a mapping."""
    return {Place[name]: id for name, _, id in (one.partition("=") for one in given)}


def without_traceback(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A failed run is part of the story, and the feeder tells it."""
    if event.pop("exc_info", None) is not None:
        raise structlog.DropEvent
    return event


@click.command()
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.option("--url", required=True)
@click.option("--key", envvar="TASKLOOM_KEY", required=True)
@click.option("--parent", type=int, required=True)
@click.option("--pace", type=float, required=True)
@click.option("--lease-seconds", type=int, required=True)
@click.option("--once", is_flag=True)
@click.option("--place", "places", multiple=True, callback=parsed)
def main(
    role: str, url: str, key: str, parent: int, pace: float, lease_seconds: int, once: bool, places: dict[Place, str]
) -> None:
    """Run one role until it ends, a signal comes, or the parent is gone."""
    structlog.configure(
        processors=[without_traceback, structlog.processors.add_log_level, structlog.dev.ConsoleRenderer(colors=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if role == Role.FEEDER:
        life = feed(url, key, places, parent, pace=pace, once=once)
    else:
        life = work(url, key, places, parent, pace=pace, lease_seconds=lease_seconds)
    try:
        sys.exit(asyncio.run(life))
    except ClientError as problem:
        raise click.ClickException(str(problem)) from problem


if __name__ == "__main__":
    main()
