"""A private PostgreSQL on the ordinary disk with durability on, and databases made from a template."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import asyncpg

from app.db.embedded import EmbeddedPostgres
from app.db.migrate import migrate

MIGRATED = "bench_migrated"
Fill = Callable[[str], Awaitable[None]]


class BenchServer:
    """Started with the settings that `make run` uses: fsync and synchronous_commit on."""

    def __init__(self, embedded: EmbeddedPostgres, home: Path) -> None:
        self._embedded = embedded
        self._home = home
        self._templates: set[str] = set()
        self._made = 0

    @classmethod
    async def start(cls) -> Self:
        """A fresh server in a directory of its own."""
        home = Path(tempfile.mkdtemp(prefix="taskloom-bench-", dir=os.environ.get("TMPDIR")))
        embedded = await asyncio.to_thread(EmbeddedPostgres.start, home)
        return cls(embedded, home)

    async def stop(self) -> None:
        """Stop it and remove what it stored."""
        await asyncio.to_thread(self._embedded.stop)
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def home(self) -> Path:
        """A directory for whatever a benchmark writes."""
        return self._home

    @property
    def socket_directory(self) -> Path:
        """Where its socket is."""
        return self._embedded.cluster.socket_directory

    @property
    def programs(self) -> Path:
        """The folder of psql and pgbench."""
        return self._embedded.cluster.programs.folder

    def dsn(self, database: str) -> str:
        """The address of a database."""
        return self._embedded.dsn_for(database)

    async def template(self, name: str, fill: Fill) -> None:
        """Make a migrated database, once, and let `fill` put data into it."""
        if name in self._templates:
            return
        if MIGRATED not in self._templates:
            await self._admin(f"CREATE DATABASE {MIGRATED}")
            await migrate(self.dsn(MIGRATED))
            self._templates.add(MIGRATED)
        await self._admin(f"CREATE DATABASE {name} TEMPLATE {MIGRATED}")
        await fill(self.dsn(name))
        self._templates.add(name)

    @asynccontextmanager
    async def clone(self, template: str) -> AsyncIterator[str]:
        """The name of a copy of a template that is dropped afterwards."""
        self._made += 1
        name = f"{template}_{self._made}"
        await self._admin(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield name
        finally:
            await self._admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _admin(self, sql: str) -> None:
        connection = await asyncpg.connect(self.dsn("postgres"))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()
