"""Connections to PostgreSQL: small pools by purpose, single statements, and the one transaction helper."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

import asyncpg
import orjson

from app.db.errors import Disconnected, translated
from app.db.statement import Statement
from app.db.tx import Record, Tx, begin
from app.domain.errors import ServiceUnavailable

ACQUIRE_SECONDS_MAX = 2.0
CONNECT_SECONDS_MAX = 4.0


class Lane(StrEnum):
    """What a connection is for; a full lane never delays another."""

    MAIN = "main"
    LEASES = "leases"
    STREAM = "stream"
    CHARTS = "charts"
    IMPORTS = "imports"
    EXPORTS = "exports"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRule:
    """How many connections a lane may hold and how long one of its statements may run."""

    connections_max: int
    statement_ms_max: int
    planner: Mapping[str, str] = field(default_factory=dict)


LANES: dict[Lane, LaneRule] = {
    Lane.MAIN: LaneRule(connections_max=10, statement_ms_max=5_000),
    # Its statements look rows up by key; with stale statistics the planner would rather scan a table.
    Lane.LEASES: LaneRule(
        connections_max=4,
        statement_ms_max=2_000,
        planner={"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"},
    ),
    Lane.STREAM: LaneRule(connections_max=3, statement_ms_max=5_000),
    Lane.CHARTS: LaneRule(connections_max=3, statement_ms_max=10_000),
    Lane.IMPORTS: LaneRule(connections_max=2, statement_ms_max=600_000),
    # A statement of these is one batch of a cursor; the first of an order without an index sorts the whole table.
    Lane.EXPORTS: LaneRule(connections_max=3, statement_ms_max=60_000),
}

Committed = Callable[[Collection[UUID]], None]


class Database:
    """The pools of one process; open it, use it, close it."""

    def __init__(self, dsn: str, *, application_name: str = "taskloom") -> None:
        self._dsn = dsn
        self._application_name = application_name
        self._pools: dict[Lane, asyncpg.Pool] = {}
        self._on_commit: list[Committed] = []
        self.statements = 0  # how many statements this process sent; tests assert differences of it

    @property
    def dsn(self) -> str:
        """Where the server is; for the LISTEN connection and the migrations."""
        return self._dsn

    def on_commit(self, told: Committed) -> None:
        """Call `told` with the tenants whose log grew, after each commit and never inside it."""
        self._on_commit.append(told)

    async def open(self) -> None:
        """Make the pools; the first connection proves that the server answers."""
        for lane, rule in LANES.items():
            settings = {
                "application_name": f"{self._application_name}:{lane}",
                "statement_timeout": str(rule.statement_ms_max),
                "idle_in_transaction_session_timeout": "60000",
                "timezone": "UTC",
                "jit": "off",
                **rule.planner,
            }
            with translated():
                self._pools[lane] = await asyncpg.create_pool(
                    self._dsn,
                    min_size=1 if lane in (Lane.MAIN, Lane.LEASES, Lane.STREAM) else 0,
                    max_size=rule.connections_max,
                    max_inactive_connection_lifetime=300,
                    timeout=CONNECT_SECONDS_MAX,
                    server_settings=settings,
                    init=_init_connection,
                    reset=_keep,
                )

    async def close(self) -> None:
        """Close every pool; may be called twice."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.close()

    def terminate(self) -> None:
        """Drop every connection at once."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.terminate()

    def sizes(self) -> dict[Lane, tuple[int, int]]:
        """Connections open and idle, by lane; for metrics."""
        return {lane: (pool.get_size(), pool.get_idle_size()) for lane, pool in self._pools.items()}

    @asynccontextmanager
    async def connection(self, lane: Lane) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the lane, or ServiceUnavailable within two seconds."""
        pool = self._pools.get(lane)
        if pool is None:
            raise ServiceUnavailable("The server is stopping; try again shortly.")
        with translated():
            try:
                # The pool's own timeout would make a task of each acquisition.
                async with asyncio.timeout(ACQUIRE_SECONDS_MAX):
                    held = await pool.acquire()
            except TimeoutError as problem:
                raise ServiceUnavailable(
                    "All database connections are busy; try again in a moment.", lane=str(lane)
                ) from problem
        try:
            yield held
        finally:
            with translated():
                await pool.release(held)

    async def fetch(self, statement: Statement, lane: Lane = Lane.MAIN, **given: object) -> list[Record]:
        """All rows of one reading statement; a connection found dead is replaced once."""
        arguments = statement.arguments(given)
        self.statements += 1
        try:
            return await self._fetch_once(lane, statement.sql, arguments)
        except Disconnected:
            return await self._fetch_once(lane, statement.sql, arguments)

    async def _fetch_once(self, lane: Lane, sql: str, arguments: list[object]) -> list[Record]:
        async with self.connection(lane) as connection:
            with translated():
                rows: list[Record] = await connection.fetch(sql, *arguments)
        return rows

    async def fetchrow(self, statement: Statement, lane: Lane = Lane.MAIN, **given: object) -> Record | None:
        """The first row of one reading statement, or None."""
        rows = await self.fetch(statement, lane, **given)
        return rows[0] if rows else None

    async def write(
        self, statement: Statement, tenant_id: UUID, lane: Lane = Lane.MAIN, **given: object
    ) -> list[Record]:
        """One writing statement as a transaction of its own; never repeated, its outcome may be unknown."""
        self.statements += 1
        rows = await self._fetch_once(lane, statement.sql, statement.arguments({"tenant_id": tenant_id, **given}))
        self._tell({tenant_id})
        return rows

    @asynccontextmanager
    async def transaction(
        self, lane: Lane = Lane.MAIN, *, isolation: str = "read_committed", readonly: bool = False
    ) -> AsyncIterator[Tx]:
        """Several statements, all or none; after the commit readers of the log are woken and `afterwards` is called."""
        async with self.connection(lane) as connection, begin(connection, isolation, readonly) as tx:
            yield tx
        if tx.tenants:
            self._tell(tx.tenants)
        for call in tx.afterwards:
            call()

    def _tell(self, tenants: Collection[UUID]) -> None:
        for told in self._on_commit:
            told(tenants)


async def _init_connection(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=_as_text, decoder=orjson.loads, schema="pg_catalog", format="text")


async def _keep(_: asyncpg.Connection) -> None:
    """No RESET on release: nothing here sets session state, and it would cost a round trip."""


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
