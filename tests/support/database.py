"""One private PostgreSQL for a test run, a migrated template in it, and a clone for each test."""

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from app.db.embedded import EmbeddedPostgres
from app.db.migrate import head_revision, migrate

TEMPLATE_LOCK = 7101


class TestDatabases:
    """Makes clones of the template; DATABASE_URL names an external server to use instead of the private one."""

    __test__ = False

    def __init__(self, shared: Path) -> None:
        self._shared = shared
        self._home = shared
        self._embedded: EmbeddedPostgres | None = None
        self._base = os.environ.get("DATABASE_URL")
        self._template = f"taskloom_template_{head_revision()}_{os.getppid() if self._base else 'run'}"

    def start(self) -> None:
        """Start or join the server and make the template."""
        if self._base is None:
            home = Path("/dev/shm") / f"taskloom-tests-{self._shared.name}-{os.getuid()}"
            if not os.access("/dev/shm", os.W_OK):
                home = self._shared / "postgres"
            self._home = home
            self._embedded = EmbeddedPostgres.start(
                home, options={"fsync": "off", "full_page_writes": "off", "max_connections": "400"}
            )
        asyncio.run(self._make_template())

    def stop(self) -> None:
        """Leave the server; the last one out stops it."""
        if self._embedded is not None:
            self._embedded.stop()
            if not self._embedded.is_alive():
                shutil.rmtree(self._home, ignore_errors=True)

    def dsn_for(self, name: str) -> str:
        """The DSN of a database on the server."""
        if self._embedded is not None:
            return self._embedded.dsn_for(name)
        assert self._base is not None
        return urlunsplit(urlsplit(self._base)._replace(path=f"/{quote(name)}"))

    async def _make_template(self) -> None:
        admin = await asyncpg.connect(self.dsn_for("postgres"))
        try:
            await admin.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK)
            known = await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", self._template)
            if known is None:
                await admin.execute(f'CREATE DATABASE "{self._template}_new"')
                await migrate(self.dsn_for(f"{self._template}_new"))
                await admin.execute(f'ALTER DATABASE "{self._template}_new" RENAME TO "{self._template}"')
        finally:
            await admin.close()

    @asynccontextmanager
    async def clone(self, *, empty: bool = False) -> AsyncIterator[str]:
        """The DSN of a fresh database that is dropped afterwards."""
        name = f"t_{secrets.token_hex(6)}"
        admin = await asyncpg.connect(self.dsn_for("postgres"))
        try:
            source = "template0" if empty else self._template
            await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
            yield self.dsn_for(name)
        finally:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await admin.close()
