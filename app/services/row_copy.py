"""Rows of a file into a table: COPY batch by batch, so that memory stays bounded; all or nothing."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from app.db.tx import Tx
from app.domain.grid.batch import RowBatch, place_problem
from app.domain.grid.file_rows import read_file
from app.domain.grid.files import FileFormat
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
    """Copy all rows; the next batch is read while the server takes this one. InvalidInput tells line and column."""
    batches = read_file(file.stream, file.file_format, source.columns, progress=file.progress)
    copied = 0
    coming = _next(batches)
    try:
        while (found := await coming) is not None:
            batch = accepted(found)
            coming = _next(batches)
            await _copy_batch(tx, source, batch)
            copied += len(batch.rows)
    finally:
        # A thread cannot be stopped: the file must not be closed while one reads it.
        await asyncio.gather(coming, return_exceptions=True)
    return copied


def _next(batches: Iterator[RowBatch | Refused]) -> "asyncio.Task[RowBatch | Refused | None]":
    return asyncio.create_task(asyncio.to_thread(next, batches, None))


async def _copy_batch(tx: Tx, source: Source, batch: RowBatch) -> None:
    for problem in null_key_problems(batch.rows, source.columns, source.key):
        index, column = int(problem.loc[0]), str(problem.loc[1])
        raise _placed(batch, index, problem.code, problem.message, column)
    try:
        await grid.copy_rows(tx, source, batch.rows)
    except grid.RowRefused as refusal:
        code, why = ("duplicate", DUPLICATE_ROW) if refusal.duplicate else ("too_large", TOO_LARGE_ROW)
        if refusal.index is None:
            raise InvalidInput([Problem((), code, f"A record {why}")]) from refusal
        raise _placed(batch, refusal.index, code, f"The record {why}") from refusal


def _placed(batch: RowBatch, index: int, code: str, message: str, column: str | None = None) -> InvalidInput:
    return InvalidInput([place_problem(batch.unit, batch.places[index], code, message, column)])
