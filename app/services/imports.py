"""Files become tables: two passes over the file, one transaction, all or nothing."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import BinaryIO

from app.db.engine import Database, Lane
from app.db.errors import Duplicate
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.actor import OriginKind
from app.domain.errors import BadInput
from app.domain.grid.file_scan import scan_file
from app.domain.grid.files import detect_format, table_name_of
from app.domain.invalid import accepted
from app.domain.tasks.events import EventType
from app.services.row_copy import RowFile, copy_file
from app.services.tables import TableDraft, Tables, name_taken, table_event
from app.storage import catalog, events, grid
from app.storage.rows.grid import TableRow


class Step(StrEnum):
    """What an import is doing."""

    READING = "reading"
    IMPORTING = "importing"


Progress = Callable[[Step, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The new table and the sequence of its last event."""

    table: TableRow
    sequence: int


class FileImports:
    """Imports files that this process can open."""

    def __init__(self, db: Database, tables: Tables) -> None:
        self._db = db
        self._tables = tables

    async def run(
        self,
        viewer: Viewer,
        path: Path,
        *,
        name: str | None = None,
        key: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Imported:
        """A tenant table with the columns and rows of the file; InvalidInput names line and column of what is bad."""
        try:
            with path.open("rb") as stream:
                return await self._import(viewer, path.name, stream, name, key, progress)
        except OSError as problem:
            raise BadInput(f"{path} cannot be read: {problem.strerror or problem}.", field="file") from problem

    async def _import(
        self,
        viewer: Viewer,
        filename: str,
        stream: BinaryIO,
        name: str | None,
        key: Sequence[str],
        progress: Progress | None,
    ) -> Imported:
        file_format = detect_format(filename, stream)
        if file_format is None:
            raise BadInput(
                f"{filename} is of no known kind; give .csv, .tsv, .json, .jsonl, .ndjson or .parquet.", field="file"
            )
        told = partial(progress, Step.READING) if progress else None
        scan = accepted(await asyncio.to_thread(scan_file, stream, file_format, progress=told))
        draft = TableDraft(name=table_name_of(filename) if name is None else name, columns=scan.columns, key=key)
        new, place = await self._tables.prepare(viewer, draft)
        made = partial(table_event, viewer=viewer, table=new, place=place, door=OriginKind.CLI)
        try:
            async with self._db.transaction(Lane.IMPORTS) as tx:
                await catalog.insert(tx, new)
                await grid.create(tx, new.source)
                file = RowFile(
                    stream=stream,
                    file_format=file_format,
                    progress=partial(progress, Step.IMPORTING) if progress else None,
                )
                added = await copy_file(tx, new.source, file)
                facts = [made(EventType.TABLE_CREATED)]
                if added:
                    await catalog.rows_added(tx, viewer.tenant_id, new.source.table_id, added)
                    facts.append(made(EventType.TABLE_ROWS_IMPORTED, rowCount=added))
                sequence = await events.append(tx, viewer.tenant_id, facts)
        except Duplicate as problem:
            raise name_taken(new) from problem
        table = await self._tables.table(viewer, str(new.source.table_id), Action.READ)
        return Imported(table=table, sequence=sequence)
