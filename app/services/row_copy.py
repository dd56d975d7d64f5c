"""Rows of a file into a table: one COPY that is fed batch by batch, so that memory stays bounded; all or nothing."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import BinaryIO

from app.db.tx import Tx
from app.domain.grid.batch import RowBatch, place_problem
from app.domain.grid.file_rows import read_file
from app.domain.grid.files import FileFormat
from app.domain.grid.rows import Row
from app.domain.grid.table import null_key_problems
from app.domain.invalid import InvalidInput, accepted
from app.domain.problems import Problem, Refused
from app.services.tables import DUPLICATE_ROW, TOO_LARGE_ROW
from app.storage import grid
from app.storage.relation import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFile:
    """An open file of records; what reads it calls `progress` with the bytes so far."""

    stream: BinaryIO
    file_format: FileFormat
    progress: Callable[[int], None] | None = None


async def copy_file(tx: Tx, source: Source, file: RowFile) -> int:
    """Copy all rows in one statement, read as the server takes them. InvalidInput tells line and column."""
    async with aclosing(_rows(source, file)) as rows:
        try:
            return await grid.copy_rows(tx, source, rows)
        except grid.RowRefused as refusal:
            raise await _refused(source, file, refusal) from refusal


async def _rows(source: Source, file: RowFile) -> AsyncGenerator[Row, None]:
    """The rows in order; the next batch is read while the server takes this one."""
    batches = read_file(file.stream, file.file_format, source.columns, progress=file.progress)
    coming = _next(batches)
    try:
        while (found := await coming) is not None:
            batch = accepted(found)
            coming = _next(batches)
            _require_keys(source, batch)
            for row in zip(*batch.columns, strict=True):
                yield row
    finally:
        # A thread cannot be stopped: the file must not be closed, nor read again, while one reads it.
        await asyncio.gather(coming, return_exceptions=True)


def _require_keys(source: Source, batch: RowBatch) -> None:
    keys = (cells for column, cells in zip(source.columns, batch.columns, strict=True) if column.name in source.key)
    if all(None not in cells for cells in keys):
        return
    for problem in null_key_problems(batch.rows, source.columns, source.key):
        index, column = int(problem.loc[0]), str(problem.loc[1])
        raise InvalidInput([place_problem(batch.unit, batch.places[index], problem.code, problem.message, column)])


def _next(batches: Iterator[RowBatch | Refused]) -> "asyncio.Task[RowBatch | Refused | None]":
    return asyncio.create_task(asyncio.to_thread(next, batches, None))


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
