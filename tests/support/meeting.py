"""Where two statements meet: somebody stands in the way at a named point until all who race have come there."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from app.domain.access.viewer import Viewer
from tests.support.eventually import eventually

Told = TypeVar("Told")

AT_TASK = "SELECT FROM tasks WHERE tenant_id = $1 AND id = $2 FOR UPDATE"
AT_RUN = "SELECT FROM runs WHERE tenant_id = $1 AND id = $2 FOR UPDATE"
# The ticket of the log: a statement that waits here has done all it does, and nobody sees it yet.
AT_LOG = "SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 7021))"
# The turn of those who change dependencies.
AT_EDGES = "SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 7024))"
END_LEASE = "UPDATE runs SET lease_until = clock_timestamp() WHERE tenant_id = $1 AND id = $2"
WAITING = """
    SELECT count(*) FROM pg_stat_activity a
     WHERE a.datname = current_database() AND cardinality(pg_blocking_pids(a.pid)) > 0
"""
# Who stands before a gate, or behind somebody who does.
BEHIND = """
    WITH RECURSIVE waiting AS MATERIALIZED (
        SELECT a.pid, pg_blocking_pids(a.pid) AS blockers
          FROM pg_stat_activity a WHERE a.datname = current_database()
    ), behind AS (
        SELECT w.pid FROM waiting w WHERE CAST($1 AS int) = ANY (w.blockers)
         UNION
        SELECT w.pid FROM waiting w JOIN behind b ON b.pid = ANY (w.blockers)
    )
    SELECT count(*) FROM behind
"""


class Gate:
    """One point that is barred by an open transaction."""

    def __init__(self, connection: asyncpg.Connection, watch: asyncpg.Connection) -> None:
        self._connection = connection
        self._watch = watch

    async def let_go(self) -> None:
        """Whoever came first goes on first."""
        await self._connection.execute("COMMIT")

    async def end_lease(self, viewer: Viewer, run_id: UUID) -> None:
        """Let the lease of the barred run end now; seen when the gate lets go."""
        await self._connection.execute(END_LEASE, viewer.tenant_id, run_id)

    async def reached(self, by: int = 1) -> None:
        """Wait until so many stand before this gate, or behind somebody who does."""

        async def stand() -> bool:
            found: int = await self._watch.fetchval(BEHIND, self._connection.get_server_pid())
            return found == by

        await eventually(stand)


class Meeting:
    """Bars points, and knows from the server's own books who waits."""

    def __init__(self, dsn: str, stack: AsyncExitStack, watch: asyncpg.Connection) -> None:
        self._dsn = dsn
        self._stack = stack
        self._watch = watch

    async def at_task(self, viewer: Viewer, id: str) -> Gate:
        """Bar the row of a task."""
        return await self._bar(AT_TASK, viewer.tenant_id, id)

    async def at_run(self, viewer: Viewer, id: UUID) -> Gate:
        """Bar the row of a run."""
        return await self._bar(AT_RUN, viewer.tenant_id, id)

    async def at_log(self, viewer: Viewer) -> Gate:
        """Bar the end of the log, where a change stops that is done but not committed."""
        return await self._bar(AT_LOG, viewer.tenant_id)

    async def at_edges(self, viewer: Viewer) -> Gate:
        """Bar the turn of those who change dependencies."""
        return await self._bar(AT_EDGES, viewer.tenant_id)

    async def comes(self, work: Coroutine[Any, Any, Told]) -> "asyncio.Task[Told]":
        """Start somebody and wait until a statement of theirs waits for a lock."""
        before = await self._waiting()
        comer = asyncio.create_task(work)

        async def waits() -> bool:
            assert not comer.done(), f"went past the meeting point: {comer}"
            return await self._waiting() > before

        await eventually(waits)
        return comer

    async def race(self, gate: Gate, *works: Coroutine[Any, Any, object]) -> list[Any]:
        """All come to the gate in this order, then it opens; what each was told, in the same order."""
        comers = [await self.comes(work) for work in works]
        await gate.let_go()
        return list(await asyncio.gather(*comers, return_exceptions=True))

    async def outcome(self, comer: "asyncio.Task[Any]") -> Any:
        """What somebody who came was told, be it a refusal."""
        return (await asyncio.gather(comer, return_exceptions=True))[0]

    async def end_lease(self, viewer: Viewer, run_id: UUID) -> None:
        """Let a lease end now."""
        await self._watch.execute(END_LEASE, viewer.tenant_id, run_id)

    async def _bar(self, statement: str, *given: object) -> Gate:
        connection = await self._connected()
        await connection.execute("BEGIN")
        await connection.fetch(statement, *given)
        return Gate(connection, self._watch)

    async def _waiting(self) -> int:
        found: int = await self._watch.fetchval(WAITING)
        return found

    async def _connected(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(self._dsn)
        self._stack.push_async_callback(connection.close)
        return connection


@asynccontextmanager
async def meeting_on(dsn: str) -> AsyncIterator[Meeting]:
    """A meeting on a database; whatever still stands in the way afterwards is gone."""
    async with AsyncExitStack() as stack:
        watch = await asyncpg.connect(dsn)
        stack.push_async_callback(watch.close)
        yield Meeting(dsn, stack, watch)
