"""Migrations by Alembic, applied at start under a lock so that many processes may start at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

MIGRATION_LOCK: Final = 0x7461736B6C6F6F6D
SCRIPTS: Final = Path(__file__).parent / "migrations"

Done = TypeVar("Done")


def alembic_config() -> Config:
    """Alembic's view of the migrations, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def head_revision() -> str:
    """The newest migration this program knows."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None
    return head


def outdated_revisions() -> frozenset[str]:
    """The migrations this program knows to have been followed by another; one it does not know is newer than it."""
    script = ScriptDirectory.from_config(alembic_config())
    return frozenset(step.revision for step in script.walk_revisions()) - {head_revision()}


async def migrate(dsn: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring the database to the revision; returns the revisions before and after."""
    return await _with_connection(dsn, lambda connection: _migrate(connection, revision))


async def current_revision(dsn: str) -> str | None:
    """The migration the database stands at, or None for an empty one."""
    return await _with_connection(dsn, _current)


async def _with_connection(dsn: str, work: Callable[[Connection], Done]) -> Done:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, statement_cache_size=0)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _migrate(connection: Connection, revision: str) -> tuple[str | None, str | None]:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
    before = _current(connection)
    if revision == "head" and before == head_revision():
        return before, before
    config = alembic_config()
    config.attributes["connection"] = connection
    step = command.downgrade if revision == "base" or revision.startswith("-") else command.upgrade
    step(config, revision)
    return before, _current(connection)
