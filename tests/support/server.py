"""A server in a process of its own, as a user starts it: can be stopped, killed and started again on its address."""

import asyncio
import os
import re
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[2]
READY: Final = re.compile(r"^ready (?P<url>http://\S+:(?P<port>\d+)) key=(?P<key>\S*)$")
START_SECONDS: Final = 30
STOP_SECONDS: Final = 12
# What a developer's shell may hold must not decide how a test goes.
UNSET: Final = (
    "HOST",
    "PORT",
    "DATABASE_URL",
    "BROADCAST_URL",
    "LISTEN_DSN",
    "DATA_DIR",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "CORS_ORIGINS",
    "TRUSTED_DOCUMENTS",
    "TRUSTED_DOCUMENTS_MODE",
)


class ProgramEnded(AssertionError):
    """A program ended before it said what was waited for."""


class Program:
    """A program of the project in a process group of its own; its output is read all the time."""

    def __init__(self, *command: str, env: Mapping[str, str] | None = None) -> None:
        self._command = command
        self._env = dict(env or {})
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._said = asyncio.Condition()
        self.lines: list[str] = []

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """All that was said so far, for a person who reads why a test failed."""
        return "\n".join(self.lines)

    async def start(self) -> None:
        """Start it; `lines` begins anew."""
        self.lines = []
        inherited = {k: v for k, v in os.environ.items() if k not in UNSET and not k.startswith("TASKLOOM_")}
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=REPOSITORY,
            env={**inherited, "PYTHONUNBUFFERED": "1", **self._env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read(self._process))

    async def saying(self, pattern: str, *, after: int = 0, within: float = START_SECONDS) -> re.Match[str]:
        """The first line that matches, said or still to come, not counting so many lines at the beginning."""
        seen = after
        async with asyncio.timeout(within), self._said:
            while True:
                for line in self.lines[seen:]:
                    if found := re.search(pattern, line):
                        return found
                seen = len(self.lines)
                if self._reader is None or self._reader.done():
                    raise ProgramEnded(f"{self._command} ended without saying {pattern!r}:\n{self.output}")
                await self._said.wait()

    def signal(self, number: int) -> None:
        """Send a signal to the program alone; one that has ended hears nothing."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def ended(self, *, within: float = STOP_SECONDS) -> int:
        """Its exit status, once it has ended by itself."""
        assert self._process is not None
        assert self._reader is not None
        async with asyncio.timeout(within):
            status = await self._process.wait()
            await self._reader
        return status

    async def terminate(self) -> int:
        """SIGTERM; returns its exit status."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """SIGKILL to the program alone: what it started finds out by itself."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def close(self) -> None:
        """Leave nothing of its process group, whatever the test did."""
        if self._process is None or self._reader is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await self._reader

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            async with self._said:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self._said.notify_all()
        async with self._said:
            self._said.notify_all()


class ServerProcess(Program):
    """`taskloom serve` on a free port of 127.0.0.1; with `database_url` it starts no PostgreSQL of its own."""

    def __init__(
        self, data_dir: Path, *, database_url: str | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self.key = f"tlk_{secrets.token_hex(16)}"
        self.url = ""
        self._port = "0"
        super().__init__(
            sys.executable,
            "-m",
            "app",
            "serve",
            env={
                "DATA_DIR": str(data_dir),
                "TASKLOOM_BOOTSTRAP_KEY": self.key,
                **({} if database_url is None else {"DATABASE_URL": database_url}),
                **(env or {}),
            },
        )

    def move_to(self, database_url: str) -> None:
        """Use another database from the next start on, as if the old one had been lost."""
        self._env["DATABASE_URL"] = database_url

    async def start(self) -> None:
        """Start and wait until it answers; a second start takes the port of the first."""
        self._env["PORT"] = self._port
        await super().start()
        ready = await self.saying(READY.pattern)
        self.url, self._port, self.key = ready["url"], ready["port"], ready["key"]


@asynccontextmanager
async def running_server(
    data_dir: Path, *, database_url: str | None = None, env: Mapping[str, str] | None = None
) -> AsyncIterator[ServerProcess]:
    """A server that runs for the length of a block."""
    server = ServerProcess(data_dir, database_url=database_url, env=env)
    try:
        await server.start()
        yield server
        await server.terminate()
    finally:
        await server.close()
