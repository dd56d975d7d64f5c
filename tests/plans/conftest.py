"""A database with much in it, in two states: just analysed, and analysed long before."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest

from app.clock import utc_now
from app.db.engine import Database, Lane
from app.storage import partitions
from app.storage.statements import composed
from tests.benchmarks.seed import seed_events, seed_queue
from tests.support.database import TestDatabases
from tests.support.people import make_viewer

QUEUED, EVENTS = 100_000, 200_000
KEYS = """
INSERT INTO enqueue_keys (tenant_id, origin_ref, key, task_id, run_id)
SELECT tenant_id, 'tasks.start', id::text, task_id, id FROM runs LIMIT {count} ON CONFLICT DO NOTHING;
"""
# What the planner knew long ago: hundreds of ended runs, none queued and none held.
ENDED = """
UPDATE runs SET status = 'completed', ended_at = now();
UPDATE tasks SET status = 'completed', open_run_id = NULL;
ANALYZE;
"""
NO_AUTOVACUUM = """
DO $$
DECLARE name regclass;
BEGIN
    FOR name IN SELECT oid::regclass FROM pg_class
                 WHERE relkind = 'r'
                   AND (relname IN ('runs', 'tasks', 'agent_sessions', 'enqueue_keys') OR relname LIKE 'events%')
    LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', name);
    END LOOP;
END $$
"""
# Some are held by agent sessions, so that the index of held runs is worth a scan by mistake.
HOLD = """
INSERT INTO agent_sessions (tenant_id, id, user_id, agent_name, capabilities, max_concurrency,
                            active_runs, state)
SELECT tenant_id, ('018f0000-0000-7000-8003-' || lpad(to_hex(n), 12, '0'))::uuid, id, 'agent', '{}', 10, 10,
       'active'
  FROM users, generate_series(1, 500) AS n;
UPDATE runs SET status = 'claimed', agent_session_id = ('018f0000-0000-7000-8003-' || lpad('1', 12, '0'))::uuid,
       lease_until = now() + interval '1 hour'
 WHERE id < '018f0000-0000-7000-8002-000000001400';
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """A database with a long queue and a long log."""

    db: Database
    tenant_id: UUID
    user_id: UUID
    stale: bool


@pytest.fixture(scope="session")
async def seeded(databases: TestDatabases) -> AsyncIterator[str]:
    """The name of a database that nobody is connected to, analysed long before it was filled."""
    async with databases.clone() as dsn:
        db = Database(dsn)
        await db.open()
        await partitions.ensure(db, utc_now())
        viewer = await make_viewer(db)
        admin = await asyncpg.connect(dsn)
        await admin.execute(NO_AUTOVACUUM)
        await seed_queue(db, viewer.tenant_id, 300, first=QUEUED + 1)
        await admin.execute(KEYS.format(count=300) + ENDED)
        await seed_queue(db, viewer.tenant_id, QUEUED)
        await seed_events(db, viewer.tenant_id, EVENTS)
        await admin.execute(HOLD + KEYS.format(count=5_000))
        await admin.close()
        await db.close()
        yield urlsplit(dsn).path.removeprefix("/")


@pytest.fixture(scope="session", params=["fresh", "stale"])
async def full(databases: TestDatabases, seeded: str, request: pytest.FixtureRequest) -> AsyncIterator[Full]:
    """The same data; what differs is what the planner knows about it."""
    name = f"{seeded}_{request.param}"
    admin = await asyncpg.connect(databases.dsn_for("postgres"))
    await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{seeded}" STRATEGY file_copy')
    db = Database(databases.dsn_for(name))
    await db.open()
    if request.param == "fresh":
        await db.fetch(composed("ANALYZE"), Lane.IMPORTS)
    viewer = await make_viewer(db)
    yield Full(db=db, tenant_id=viewer.tenant_id, user_id=viewer.user_id, stale=request.param == "stale")
    await db.close()
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()
