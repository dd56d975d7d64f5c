"""The first pass over a file: which columns it has, of which types, and how many records."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, TypeVar, assert_never

from app.domain.grid.batch import RawBatch
from app.domain.grid.column import COLUMNS_MAX, Column, column_problems
from app.domain.grid.csv_file import CsvFile, TextBatch, open_csv
from app.domain.grid.files import DELIMITERS, FileFormat
from app.domain.grid.infer import JsonGuess, TextGuess
from app.domain.grid.json_file import json_array_batches, json_line_batches
from app.domain.grid.parquet_file import open_parquet
from app.domain.grid.rows import values_of
from app.domain.problems import PROBLEMS_MAX, Problem, Refused, refuse

Progress = Callable[[int], None]
Batch = TypeVar("Batch", RawBatch, TextBatch)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileScan:
    """What the first pass found."""

    file_format: FileFormat
    columns: tuple[Column, ...]
    row_count: int


def scan_file(stream: BinaryIO, file_format: FileFormat, *, progress: Progress | None = None) -> FileScan | Refused:
    """Reads the whole file once, from its start; `progress` hears how many bytes have been read."""
    stream.seek(0)
    match file_format:
        case FileFormat.CSV | FileFormat.TSV:
            opened = open_csv(stream, DELIMITERS[file_format])
            return opened if isinstance(opened, Refused) else _scan_text(opened, file_format, progress)
        case FileFormat.JSON_LINES:
            return _scan_json(json_line_batches(stream), file_format, progress)
        case FileFormat.JSON_ARRAY:
            return _scan_json(json_array_batches(stream), file_format, progress)
        case FileFormat.PARQUET:
            found = open_parquet(stream)
            if isinstance(found, Refused):
                return found
            return FileScan(file_format=file_format, columns=found.columns, row_count=found.row_count)
        case _:
            assert_never(file_format)


def _scan_text(file: CsvFile, file_format: FileFormat, progress: Progress | None) -> FileScan | Refused:
    guesses = [TextGuess() for _ in file.header]
    problems: list[Problem] = []
    row_count = 0
    for batch in _watched(file.batches(), problems, progress):
        row_count += len(batch.places)
        for guess, values in zip(guesses, batch.columns, strict=True):
            guess.feed_many(values)
    if problems:
        return refuse(problems)
    columns = tuple(
        Column(name=name, data_type=guess.result()) for name, guess in zip(file.header, guesses, strict=True)
    )
    return FileScan(file_format=file_format, columns=columns, row_count=row_count)


def _scan_json(batches: Iterator[RawBatch], file_format: FileFormat, progress: Progress | None) -> FileScan | Refused:
    guesses: dict[str, JsonGuess] = {}
    problems: list[Problem] = []
    row_count = 0
    for batch in _watched(batches, problems, progress):
        row_count += len(batch.records)
        for name in dict.fromkeys(chain.from_iterable(batch.records)):
            guesses.setdefault(name, JsonGuess())
        if len(guesses) > COLUMNS_MAX:
            break
        for name, guess in guesses.items():
            guess.feed_many(values_of(batch.records, name))
    columns = tuple(Column(name=name, data_type=guess.result()) for name, guess in guesses.items())
    if not problems and not columns:
        problems.append(Problem((), "missing", "The file holds no record with a value."))
    problems.extend(column_problems(columns) if columns else [])
    if problems:
        return refuse(problems)
    return FileScan(file_format=file_format, columns=columns, row_count=row_count)


def _watched(batches: Iterator[Batch], problems: list[Problem], progress: Progress | None) -> Iterator[Batch]:
    """The batches, while their problems are gathered and progress is told."""
    for batch in batches:
        problems.extend(batch.problems)
        if progress is not None:
            progress(batch.bytes_read)
        if len(problems) >= PROBLEMS_MAX:
            return
        yield batch
