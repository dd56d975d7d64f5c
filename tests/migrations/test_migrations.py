"""Migrations make what the tables describe, to the last constraint, and may be applied by many at once."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.db.migrate import current_revision, head_revision, migrate
from app.db.tables import metadata
from tests.support.database import TestDatabases

REPOSITORY = Path(__file__).parents[2]
VERSION_TABLE = "alembic_version"

# What is in a schema: columns with types and defaults, constraints, indexes, functions. Names made by PostgreSQL for
# partitions are left out: partitions are made by the clock, not by the tables.
COLUMNS = """
    SELECT table_name, column_name, udt_name, is_nullable, collation_name, column_default, generation_expression
      FROM information_schema.columns WHERE table_schema = 'public'
"""
CONSTRAINTS = """
    SELECT r.relname, c.conname, pg_get_constraintdef(c.oid) AS means
      FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
     WHERE c.connamespace = 'public'::regnamespace
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
PARTITIONS = "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass"
FUNCTIONS = """
    SELECT p.proname, pg_get_functiondef(p.oid) AS means FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace
"""
LEFT_OVER = """
    SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'S', 'v')
"""


@pytest.fixture
async def empty(databases: TestDatabases) -> AsyncIterator[str]:
    """A database without anything."""
    async with databases.clone(empty=True) as dsn:
        yield dsn


async def create_all(dsn: str) -> None:
    """The tables as they are described, without migrations."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, statement_cache_size=0)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
    finally:
        await engine.dispose()


async def look(dsn: str, *statements: str) -> list[set[tuple[object, ...]]]:
    """The rows of statements, those about partitions of the log left out."""
    connection = await asyncpg.connect(dsn)
    try:
        partitions = {row["name"] for row in await connection.fetch(PARTITIONS)}
        return [
            {tuple(row.values()) for row in await connection.fetch(sql) if row[0] not in partitions}
            for sql in statements
        ]
    finally:
        await connection.close()


async def test_columns_constraints_and_indexes_are_those_of_the_tables(dsn: str, empty: str) -> None:
    await create_all(empty)
    migrated, described = (
        await look(dsn, COLUMNS, CONSTRAINTS, INDEXES),
        await look(empty, COLUMNS, CONSTRAINTS, INDEXES),
    )
    for found, wanted in zip(migrated, described, strict=True):
        assert {row for row in found if row[0] != VERSION_TABLE} == wanted
        assert len(wanted) > 20


async def test_the_log_has_a_place_for_every_moment(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    bounds = await connection.fetch(
        "SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class WHERE relname = 'events_rest'"
    )
    await connection.close()
    assert [row["bound"] for row in bounds] == ["DEFAULT"]


async def test_up_down_and_up_again_ends_where_it_was(empty: str) -> None:
    assert await current_revision(empty) is None
    assert await migrate(empty) == (None, head_revision())
    first = await look(empty, COLUMNS, CONSTRAINTS, INDEXES, FUNCTIONS)
    assert await migrate(empty, "base") == (head_revision(), None)
    connection = await asyncpg.connect(empty)
    assert [row["relname"] for row in await connection.fetch(LEFT_OVER)] == [VERSION_TABLE]
    assert await connection.fetch(FUNCTIONS) == []
    await connection.close()
    assert await migrate(empty) == (None, head_revision())
    assert await look(empty, COLUMNS, CONSTRAINTS, INDEXES, FUNCTIONS) == first
    assert await current_revision(empty) == head_revision()


async def test_a_database_that_is_up_to_date_is_left_alone(dsn: str) -> None:
    assert await migrate(dsn) == (head_revision(), head_revision())


async def migrating(dsn: str) -> tuple[int, str]:
    """`taskloom migrate` in a process of its own: its status, and what it said."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TASKLOOM_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "migrate"),
        cwd=REPOSITORY,
        env={**inherited, "DATABASE_URL": dsn},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode().strip()


async def test_processes_that_migrate_at_once_all_succeed(empty: str) -> None:
    done = await asyncio.gather(*[migrating(empty) for _ in range(2)])
    head = head_revision()
    assert sorted(done) == sorted([(0, f"empty -> {head} (head {head})"), (0, f"{head} -> {head} (head {head})")])
    assert await current_revision(empty) == head


async def test_tasks_that_migrate_at_once_all_succeed(empty: str) -> None:
    done = await asyncio.gather(*[migrate(empty) for _ in range(5)])
    assert sorted(before or "" for before, _ in done) == ["", *[head_revision()] * 4]
    assert {after for _, after in done} == {head_revision()}


async def test_a_migration_that_cannot_be_done_leaves_the_database_as_it_was(empty: str) -> None:
    connection = await asyncpg.connect(empty)
    await connection.execute("CREATE TABLE runs (mine int)")
    with pytest.raises(Exception, match="already exists"):
        await migrate(empty)
    left = [row["relname"] for row in await connection.fetch(LEFT_OVER)]
    await connection.close()
    assert left == ["runs"]
