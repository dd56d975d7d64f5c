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
from app.db.tx import Tx
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.actor import OriginKind
from app.domain.errors import BadInput
from app.domain.grid.batch import place_problem
from app.domain.grid.file_places import record_place
from app.domain.grid.file_rows import read_file
from app.domain.grid.file_scan import FileScan, scan_file
from app.domain.grid.files import FileFormat, detect_format, table_name_of
from app.domain.grid.table import null_key_problems
from app.domain.invalid import InvalidInput, accepted
from app.domain.problems import Problem
from app.domain.tasks.events import EventType
from app.services.tables import DUPLICATE_ROW, TOO_LARGE_ROW, TableDraft, Tables, name_taken, table_event
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


class BadRecord(Exception):
    """A record that reads well but does not fit into the table, by its number from 0 if that is known."""

    def __init__(self, index: int | None, code: str, message: str, column: str | None = None) -> None:
        super().__init__(message)
        self.index = index
        self.code = code
        self.message = message
        self.column = column


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
            raise BadInput(f"{filename} is of no known kind; give .csv, .tsv, .json, .jsonl or .ndjson.", field="file")
        told = partial(progress, Step.READING) if progress else None
        scan = accepted(await asyncio.to_thread(scan_file, stream, file_format, progress=told))
        draft = TableDraft(name=table_name_of(filename) if name is None else name, columns=scan.columns, key=key)
        new, place = await self._tables.prepare(viewer, draft)
        made = partial(table_event, viewer=viewer, table=new, place=place, door=OriginKind.CLI)
        try:
            async with self._db.transaction(Lane.IMPORTS) as tx:
                await catalog.insert(tx, new)
                await grid.create(tx, new.source)
                added = await _copy(tx, new, stream, scan, partial(progress, Step.IMPORTING) if progress else None)
                facts = [made(EventType.TABLE_CREATED)]
                if added:
                    await catalog.rows_added(tx, viewer.tenant_id, new.source.table_id, added)
                    facts.append(made(EventType.TABLE_ROWS_IMPORTED, rowCount=added))
                sequence = await events.append(tx, viewer.tenant_id, facts)
        except Duplicate as problem:
            raise name_taken(new) from problem
        except BadRecord as problem:
            raise await _placed(problem, stream, file_format) from problem
        table = await self._tables.table(viewer, str(new.source.table_id), Action.READ)
        return Imported(table=table, sequence=sequence)


async def _copy(
    tx: Tx, new: catalog.NewTable, stream: BinaryIO, scan: FileScan, progress: Callable[[int], None] | None
) -> int:
    """COPY batch by batch, so that memory stays bounded; the next batch is read while the server takes this one."""
    batches = read_file(stream, scan.file_format, scan.columns, progress=progress)
    copied = 0
    coming = asyncio.create_task(asyncio.to_thread(next, batches, None))
    try:
        while (batch := await coming) is not None:
            rows = accepted(batch).rows
            coming = asyncio.create_task(asyncio.to_thread(next, batches, None))
            await _copy_batch(tx, new, rows, copied)
            copied += len(rows)
    finally:
        # A thread cannot be stopped: the file must not be closed, nor read again, while one reads it.
        await asyncio.gather(coming, return_exceptions=True)
    return copied


async def _copy_batch(tx: Tx, new: catalog.NewTable, rows: Sequence[Sequence[object]], before: int) -> None:
    for problem in null_key_problems(rows, new.source.columns, new.source.key):
        raise BadRecord(before + int(problem.loc[0]), problem.code, problem.message, str(problem.loc[1]))
    try:
        await grid.copy_rows(tx, new.source, rows)
    except grid.RowRefused as problem:
        why = ("duplicate", DUPLICATE_ROW) if problem.duplicate else ("too_large", TOO_LARGE_ROW)
        index = None if problem.index is None else before + problem.index
        raise BadRecord(index, why[0], f"{'A' if index is None else 'The'} record {why[1]}") from problem


async def _placed(problem: BadRecord, stream: BinaryIO, file_format: FileFormat) -> InvalidInput:
    if problem.index is None:
        return InvalidInput([Problem((), problem.code, problem.message)])
    unit, place = await asyncio.to_thread(record_place, stream, file_format, problem.index)
    return InvalidInput([place_problem(unit, place, problem.code, problem.message, problem.column)])
