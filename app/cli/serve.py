"""`taskloom serve`: the server in the foreground."""

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import FrameType

import click
import uvicorn

from app.cli.companion import Companion
from app.cli.errors import told
from app.main import App, open_app
from app.observability.logs import configure
from app.runtime.collector import calm
from app.settings import Settings
from app.web.graphql.socket import FRAME_BYTES_MAX

DRAIN_SECONDS = 8


class Server(uvicorn.Server):
    """uvicorn, with event streams ended before it waits for requests to end."""

    def __init__(
        self,
        config: uvicorn.Config,
        app: App,
        ready: Callable[[], None],
        leaving: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`ready` is called when the server answers, `leaving` before it stops to."""
        super().__init__(config)
        self._app = app
        self._ready = ready
        self._leaving = leaving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first: an open one would hold uvicorn up until its deadline."""
        if self._leaving is not None:
            await self._leaving()
        self._app.web.stopping.set()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at the first signal, at once at the second; the signal is not raised again afterwards."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True


@click.command(help="Run the server in the foreground.")
def command() -> None:
    """Reads the environment, prints one line when it really answers, ends on SIGTERM or SIGINT."""
    settings = told(Settings.read)
    configure(settings.log_format, settings.log_level)
    with suppress(KeyboardInterrupt):
        sys.exit(asyncio.run(serve(settings)))


async def serve(settings: Settings) -> int:
    """The life of a server; returns the exit status."""
    loop = asyncio.get_running_loop()
    stop_early = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_early.set)
    opening = asyncio.create_task(open_app(settings))
    stopped = asyncio.create_task(stop_early.wait())
    await asyncio.wait({opening, stopped}, return_when=asyncio.FIRST_COMPLETED)
    app = await opening
    try:
        if stop_early.is_set():
            return 0
        await app.start()
        calm()
        key = await app.first_key()
        return await _listen(app, settings, key)
    finally:
        stopped.cancel()
        await app.stop()


async def _listen(app: App, settings: Settings, key: str | None) -> int:
    listening = bind(settings.host, settings.port)
    host, port = listening.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    companion = Companion(url, key) if settings.demo and key is not None else None

    def ready() -> None:
        click.echo(f"ready {url} key={key or ''}")
        if companion is not None:
            companion.start()

    async def leaving() -> None:
        # The demo says goodbye while somebody still answers.
        if companion is not None:
            await asyncio.to_thread(companion.stop)

    server = Server(server_config(app), app, ready, leaving)
    try:
        await server.serve(sockets=[listening])
    finally:
        await leaving()
    return 0


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens; an address in use is told in words."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by name: the loop turns off Nagle's delay only where it reads TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as problem:
        listening.close()
        raise click.ClickException(
            f"{host}:{port} cannot be listened on ({problem.strerror}); stop what uses it, or set PORT to another."
        ) from problem
    listening.listen(2048)
    listening.setblocking(False)
    return listening


def server_config(app: App) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        app.asgi,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=FRAME_BYTES_MAX,
        ws_ping_interval=20,
        ws_ping_timeout=25,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        server_header=False,
        date_header=False,
        h11_max_incomplete_event_size=64 * 1024,
    )
