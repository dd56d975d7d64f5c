"""`taskloom worker`: a worker from any asynchronous function."""

import importlib
import inspect
import logging
import sys
from pathlib import Path

import click

from app.observability.logs import configure
from app.worker import Unauthorized, Worker
from app.worker.carry import Handler
from app.worker.client import endpoint
from app.worker.errors import Refused
from app.worker.options import CONCURRENCY_MAX, LEASE_SECONDS_MAX


def load(target: str) -> Handler:
    """The function that MODULE:FUNCTION names; modules of the current directory are found."""
    module_name, _, path = target.partition(":")
    if not module_name or not path:
        raise click.BadParameter(f"{target!r} is not MODULE:FUNCTION, such as work.handlers:count.")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as problem:
        raise click.BadParameter(f"{module_name!r} cannot be imported: {problem}.") from problem
    for name in path.split("."):
        if not hasattr(found, name):
            raise click.BadParameter(f"{module_name!r} has no {path!r}.")
        found = getattr(found, name)
    if not inspect.iscoroutinefunction(found):
        raise click.BadParameter(f"{target!r} is no asynchronous function; write it with async def.")
    return found


def checked_url(_context: click.Context, _option: click.Parameter, url: str) -> str:
    """The address, if it is one."""
    try:
        endpoint(url)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from problem
    return url


def checked_key(_context: click.Context, _option: click.Parameter, key: str) -> str:
    """The key, if it can be one."""
    if not (key.isascii() and key.isprintable() and key.strip()):
        raise click.BadParameter("A key is visible ASCII; give it as it was printed.")
    return key


def log_as(log_format: str, level: str = "info") -> None:
    """Log what the worker does, and not every request it makes for that."""
    configure(log_format, level)
    for chatty in ("httpx", "httpcore", "websockets"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


url_option = click.option(
    "--url",
    envvar="TASKLOOM_URL",
    default="http://127.0.0.1:8000",
    show_default=True,
    callback=checked_url,
    help="Address of the server; also TASKLOOM_URL.",
)
key_option = click.option(
    "--key",
    envvar="TASKLOOM_KEY",
    required=True,
    callback=checked_key,
    help="API key; better given as TASKLOOM_KEY, which other users of the machine cannot read.",
)
log_format_option = click.option(
    "--log-format",
    envvar="LOG_FORMAT",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to log; also LOG_FORMAT.",
)


@click.command(help="Claim runs and hand each to the asynchronous function FUNCTION of MODULE.")
@click.argument("target", metavar="MODULE:FUNCTION")
@url_option
@key_option
@click.option("--agent-name", default="worker", show_default=True, help="What kind of worker this is.")
@click.option("--workspace", help="Id of the workspace whose runs to take; the global runs if absent.")
@click.option("--capability", "capabilities", multiple=True, help="What this worker offers; may be repeated.")
@click.option("--concurrency", type=click.IntRange(1, CONCURRENCY_MAX), default=1, show_default=True)
@click.option("--lease-seconds", type=click.IntRange(1, LEASE_SECONDS_MAX), default=30, show_default=True)
@click.option(
    "--drain-seconds",
    type=click.FloatRange(0),
    default=20.0,
    show_default=True,
    help="How long runs may go on after SIGTERM before they are given back.",
)
@click.option("--debug", is_flag=True, help="Send tracebacks with errors.")
@log_format_option
def command(
    target: str,
    url: str,
    key: str,
    agent_name: str,
    workspace: str | None,
    capabilities: tuple[str, ...],
    concurrency: int,
    lease_seconds: int,
    drain_seconds: float,
    debug: bool,
    log_format: str,
) -> None:
    """Runs until SIGTERM or SIGINT."""
    log_as(log_format)
    worker = Worker(
        url,
        key,
        agent_name=agent_name,
        workspace_id=workspace,
        capabilities=capabilities,
        concurrency=concurrency,
        lease_seconds=lease_seconds,
        drain_seconds=drain_seconds,
        handler=load(target),
        debug=debug,
    )
    try:
        worker.run_forever()
    except (Unauthorized, Refused) as problem:
        raise click.ClickException(str(problem)) from problem
