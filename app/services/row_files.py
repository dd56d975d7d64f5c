"""Rows that come as a file: spooled to disk at the caller's pace, then copied at the server's."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from app.db.engine import Database, Lane
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.actor import OriginKind
from app.domain.errors import Conflict, NotFound, RateLimited, TooLarge
from app.domain.grid.files import FileFormat
from app.domain.grid.table import TableSource
from app.domain.tasks.events import EventType
from app.services.row_copy import RowFile, copy_file
from app.services.tables import Changed, Tables, still_active, table_event
from app.storage import catalog, events
from app.storage.rows.grid import TableRow

BYTES_MAX: Final = 1 << 30
AT_ONCE_MAX: Final = 8
WRITE_BYTES: Final = 1 << 20


class RowFiles:
    """Adds the rows of files to tables; whoever sends slowly holds a file open, but no connection."""

    def __init__(self, db: Database, tables: Tables, *, bytes_max: int = BYTES_MAX) -> None:
        self.bytes_max = bytes_max
        self._db = db
        self._tables = tables
        self._receiving = 0

    async def table(self, viewer: Viewer, id: str) -> TableRow:
        """The table, if the viewer may add rows to it."""
        table = await self._tables.table(viewer, id, Action.WRITE)
        if table.source_type is not TableSource.TABLE:
            raise Conflict("The table shows another source and cannot be written to.", reason="source_read_only")
        return table

    async def add(self, viewer: Viewer, id: str, chunks: AsyncIterable[bytes], file_format: FileFormat) -> Changed:
        """Add the rows of a file to a table, all or none; InvalidInput tells line and column of what is bad."""
        table = await self.table(viewer, id)
        async with self._received(chunks) as stream:
            place = await self._tables.place_of(viewer, table)
            async with self._db.transaction(Lane.IMPORTS) as tx:
                await still_active(tx, viewer, place)
                if not await catalog.hold(tx, viewer.tenant_id, table.id):
                    raise NotFound("The table was deleted a moment ago.", id=id)
                added = await copy_file(tx, table.source, RowFile(stream=stream, file_format=file_format))
                if not added:
                    return Changed(table=table, sequence=None)
                await catalog.rows_added(tx, viewer.tenant_id, table.id, added)
                type = EventType.TABLE_ROWS_IMPORTED
                fact = table_event(type, viewer, table, place, OriginKind.HTTP, rowCount=added)
                sequence = await events.append(tx, viewer.tenant_id, [fact])
        return Changed(table=await self._tables.table(viewer, id, Action.READ), sequence=sequence, imported=added)

    @asynccontextmanager
    async def _received(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[BinaryIO]:
        """The whole file, on disk."""
        if self._receiving >= AT_ONCE_MAX:
            raise RateLimited(f"{AT_ONCE_MAX} files are being received already; try again shortly.", limit=AT_ONCE_MAX)
        self._receiving += 1
        try:
            with TemporaryFile() as spool:
                await self._spool(chunks, spool)
                yield spool
        finally:
            self._receiving -= 1

    async def _spool(self, chunks: AsyncIterable[bytes], spool: BinaryIO) -> None:
        size = 0
        held = bytearray()
        async for chunk in chunks:
            size += len(chunk)
            if size > self.bytes_max:
                message = f"The file is larger than {self.bytes_max} bytes; send it in parts."
                raise TooLarge(message, limit=self.bytes_max)
            held += chunk
            if len(held) >= WRITE_BYTES:
                await asyncio.to_thread(spool.write, bytes(held))
                held.clear()
        await asyncio.to_thread(spool.write, bytes(held))
