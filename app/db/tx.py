"""One transaction: statements, a COPY, and what to tell the world once it is committed."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg

from app.db.errors import translated
from app.db.statement import Statement

Record = Mapping[str, Any]


class Tx:
    """An open transaction on one connection; `tenants` collects whose log grew in it, `afterwards` what to do then."""

    __slots__ = ("_connection", "afterwards", "tenants")

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.tenants: set[UUID] = set()
        self.afterwards: list[Callable[[], None]] = []

    async def fetch(self, statement: Statement, **given: object) -> list[Record]:
        """All rows of a statement."""
        with translated():
            rows: list[Record] = await self._connection.fetch(statement.sql, *statement.arguments(given))
        return rows

    async def fetchrow(self, statement: Statement, **given: object) -> Record | None:
        """The first row, or None."""
        with translated():
            row: Record | None = await self._connection.fetchrow(statement.sql, *statement.arguments(given))
        return row

    async def stream(self, statement: Statement, *, batch: int, **given: object) -> AsyncIterator[list[Record]]:
        """The rows of a statement in batches, by a cursor of the server: however many there are, few are held here."""
        with translated():
            cursor = await self._connection.cursor(statement.sql, *statement.arguments(given))
        while True:
            with translated():
                rows: list[Record] = await cursor.fetch(batch)
            if not rows:
                return
            yield rows

    async def run(self, sql: str) -> None:
        """DDL, or a SET LOCAL: text that holds no value of a caller."""
        with translated():
            await self._connection.execute(sql)

    async def copy_in(
        self,
        schema: str,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]] | AsyncIterable[object],
    ) -> int:
        """COPY rows into a table; returns how many."""
        with translated():
            done: str = await self._connection.copy_records_to_table(
                table, schema_name=schema, columns=list(columns), records=rows
            )
        return int(done.rpartition(" ")[2])

    async def copy_text(self, schema: str, table: str, columns: Sequence[str], lines: AsyncIterable[bytes]) -> int:
        """COPY rows that are written in the server's text format already; returns how many."""
        with translated():
            done: str = await self._connection.copy_to_table(
                table, schema_name=schema, columns=list(columns), source=lines, format="text"
            )
        return int(done.rpartition(" ")[2])

    def wrote_events(self, tenant_id: UUID) -> None:
        """Note that the tenant's log grew: its readers are woken after the commit."""
        self.tenants.add(tenant_id)


@asynccontextmanager
async def begin(connection: asyncpg.Connection, isolation: str, readonly: bool) -> AsyncIterator[Tx]:
    """A transaction that ends with its block: committed at the end, rolled back by any exception."""
    with translated():
        opened = connection.transaction(isolation=isolation, readonly=readonly)
        await opened.start()
    try:
        yield Tx(connection)
    except BaseException:
        with translated():
            await opened.rollback()
        raise
    with translated():
        await opened.commit()
