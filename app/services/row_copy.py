"""Rows of a file into a table: one COPY that is fed batch by batch, so that memory stays bounded; all or nothing."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import BinaryIO, Final, TypeVar

from app.db.tx import Tx
from app.domain.grid.batch import LineBatch, RowBatch, place_problem
from app.domain.grid.copy_text import NULL
from app.domain.grid.file_rows import read_file, read_lines
from app.domain.grid.files import DELIMITERS, FileFormat
from app.domain.grid.rows import Row
from app.domain.grid.table import null_key_problem
from app.domain.invalid import InvalidInput, accepted
from app.domain.problems import Problem, Refused
from app.services.tables import DUPLICATE_ROW, TOO_LARGE_ROW
from app.storage import grid
from app.storage.relation import Source

# More than one: whoever sends waits for its turn among threads, and the reader should not wait for it in turn.
BATCHES_AHEAD: Final = 3
Batch = TypeVar("Batch", RowBatch, LineBatch)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFile:
    """An open file of records; what reads it calls `progress` with the bytes so far."""

    stream: BinaryIO
    file_format: FileFormat
    progress: Callable[[int], None] | None = None


async def copy_file(tx: Tx, source: Source, file: RowFile) -> int:
    """Copy all rows in one statement, read as the server takes them. InvalidInput tells line and column."""
    try:
        if file.file_format in DELIMITERS:
            async with aclosing(_lines(source, file)) as lines:
                return await grid.copy_lines(tx, source, lines)
        async with aclosing(_rows(source, file)) as rows:
            return await grid.copy_rows(tx, source, rows)
    except grid.RowRefused as refusal:
        raise await _refused(source, file, refusal) from refusal


async def _lines(source: Source, file: RowFile) -> AsyncGenerator[bytes, None]:
    """The rows of a text table, many at once."""
    delimiter = DELIMITERS[file.file_format]
    batches = read_lines(file.stream, delimiter, source.columns, progress=file.progress)
    async with aclosing(_ahead(batches)) as found:
        async for batch in found:
            _require_keys(source, batch, NULL)
            yield batch.text


async def _rows(source: Source, file: RowFile) -> AsyncGenerator[Row, None]:
    """The rows in order."""
    batches = read_file(file.stream, file.file_format, source.columns, progress=file.progress)
    async with aclosing(_ahead(batches)) as found:
        async for batch in found:
            _require_keys(source, batch, None)
            for row in zip(*batch.columns, strict=True):
                yield row


async def _ahead(batches: Iterator[Batch | Refused]) -> AsyncGenerator[Batch, None]:
    """The batches in order; the next ones are read while the server takes this one."""
    coming: deque[asyncio.Task[Batch | Refused | None]] = deque()
    try:
        while True:
            while len(coming) < BATCHES_AHEAD:
                coming.append(asyncio.create_task(_next(batches, coming[-1] if coming else None)))
            found = await asyncio.shield(coming[0])  # whoever is canceled here waits below for what is being read
            if found is None:
                return
            coming.popleft()
            yield accepted(found)
    finally:
        # A thread cannot be stopped: the file must not be closed, nor read again, while one reads it.
        await asyncio.gather(*coming, return_exceptions=True)


async def _next(
    batches: Iterator[Batch | Refused], before: "asyncio.Task[Batch | Refused | None] | None"
) -> Batch | Refused | None:
    """The next batch, once the one before it was read."""
    if before is not None:
        await asyncio.wait([before])
    return await asyncio.to_thread(next, batches, None)


def _require_keys(source: Source, batch: RowBatch | LineBatch, null: object) -> None:
    names = [column.name for column in source.columns]
    for name in source.key:
        cells = batch.columns[names.index(name)]
        if null in cells:
            problem = null_key_problem(name)
            place = batch.places[cells.index(null)]
            raise InvalidInput([place_problem(batch.unit, place, problem.code, problem.message, name)])


async def _refused(source: Source, file: RowFile, refusal: grid.RowRefused) -> InvalidInput:
    code, why = ("duplicate", DUPLICATE_ROW) if refusal.duplicate else ("too_large", TOO_LARGE_ROW)
    place = None if refusal.index is None else await asyncio.to_thread(_place, source, file, refusal.index)
    if place is None:
        return InvalidInput([Problem((), code, f"A record {why}")])
    return InvalidInput([place_problem(*place, code, f"The record {why}")])


def _place(source: Source, file: RowFile, index: int) -> tuple[str, int] | None:
    """Where a row stands, by its number from 0; looked up in the file, so that no place of any row is kept."""
    before = 0
    for batch in read_file(file.stream, file.file_format, source.columns):
        if isinstance(batch, Refused):
            return None
        if index < before + len(batch.places):
            return batch.unit, batch.places[index - before]
        before += len(batch.places)
    return None
