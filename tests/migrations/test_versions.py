"""The migrations arrive at the tables as they are described, and each can be undone."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.clock import utc_now
from app.db.engine import Database
from app.db.migrate import alembic_config, current_revision, head_revision, migrate
from app.db.tables import metadata
from app.storage import partitions
from tests.support.database import TestDatabases

REVISIONS = [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]


def _ours(name: str | None, kind: str, parents: Any) -> bool:
    # Partitions of the log come and go with time; they are made like it.
    table = name if kind == "table" else parents.get("table_name", "")
    return not str(table).startswith("events_")


def _differences(connection: Connection) -> list[Any]:
    options = {"target_metadata": metadata, "compare_type": True, "include_name": _ours}
    context = MigrationContext.configure(connection, opts=options)
    found: list[Any] = compare_metadata(context, metadata)
    return found


async def differences(dsn: str) -> list[Any]:
    """What separates the database from the tables as they are described."""
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_differences)
    finally:
        await engine.dispose()


async def test_the_newest_migration_is_what_the_tables_describe(dsn: str, db: Database) -> None:
    assert await differences(dsn) == []
    await partitions.ensure(db, utc_now())
    assert await differences(dsn) == []


@pytest.mark.parametrize("before", REVISIONS[:-1])
async def test_each_migration_goes_up_down_and_up_again(databases: TestDatabases, before: str) -> None:
    async with databases.clone(empty=True) as dsn:
        await migrate(dsn, before)
        await migrate(dsn)
        steps = len(REVISIONS) - 1 - REVISIONS.index(before)
        await migrate(dsn, f"-{steps}")
        assert await current_revision(dsn) == before
        await migrate(dsn)
        assert await current_revision(dsn) == head_revision()
        assert await differences(dsn) == []
