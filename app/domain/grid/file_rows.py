"""The second pass over a file: typed rows in batches, or everything that is wrong with them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, assert_never

from app.domain.grid.batch import RawBatch, RowBatch, place_problem
from app.domain.grid.bulk import BadValue, Converter, convert_column, table_faults
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.csv_file import TextBatch, open_csv
from app.domain.grid.file_scan import Progress
from app.domain.grid.filecells import FROM_JSON, FROM_TEXT, written
from app.domain.grid.files import DELIMITERS, FileFormat
from app.domain.grid.json_file import json_array_batches, json_line_batches
from app.domain.grid.parquet_file import FROM_PARQUET, UNIT, open_parquet
from app.domain.grid.rows import values_of
from app.domain.problems import PROBLEMS_MAX, Problem, Refused, refuse, shown

Table = list[Sequence[Any]]


def read_file(
    stream: BinaryIO, file_format: FileFormat, columns: Sequence[Column], *, progress: Progress | None = None
) -> Iterator[RowBatch | Refused]:
    """Reads the whole file once, from its start, as rows of these columns; a column it leaves out is null.

    A Refused is always the last item, and no row of the file may then be kept.
    """
    stream.seek(0)
    problems: list[Problem] = []
    for done in _typed_batches(stream, file_format, columns):
        if isinstance(done, Refused):
            problems.extend(done.problems)
        else:
            if progress is not None:
                progress(done.bytes_read)
            if not problems:
                yield done
        if len(problems) >= PROBLEMS_MAX:
            break
    if problems:
        yield refuse(problems)


def _typed_batches(
    stream: BinaryIO, file_format: FileFormat, columns: Sequence[Column]
) -> Iterator[RowBatch | Refused]:
    match file_format:
        case FileFormat.CSV | FileFormat.TSV:
            return _text_batches(stream, DELIMITERS[file_format], columns)
        case FileFormat.JSON_LINES:
            return _json_batches(json_line_batches(stream), columns)
        case FileFormat.JSON_ARRAY:
            return _json_batches(json_array_batches(stream), columns)
        case FileFormat.PARQUET:
            return _parquet_batches(stream, columns)
        case _:
            assert_never(file_format)


def _text_batches(stream: BinaryIO, delimiter: str, columns: Sequence[Column]) -> Iterator[RowBatch | Refused]:
    file = open_csv(stream, delimiter)
    if isinstance(file, Refused):
        yield file
        return
    unknown = _unknown_names(file.header, columns)
    if unknown:
        yield refuse([place_problem("line", 1, "unknown_column", message) for message in unknown])
        return
    positions = {name: position for position, name in enumerate(file.header)}
    for batch in file.batches():
        nothing = [None] * len(batch.places)
        table = [
            _nulled(batch.columns[positions[column.name]]) if column.name in positions else nothing
            for column in columns
        ]
        yield _typed(batch, table, columns, FROM_TEXT, [])


def _nulled(values: Sequence[str]) -> Sequence[str | None]:
    return [value or None for value in values] if "" in values else values


def _json_batches(batches: Iterator[RawBatch], columns: Sequence[Column]) -> Iterator[RowBatch | Refused]:
    known = frozenset(column.name for column in columns)
    for batch in batches:
        problems = [
            place_problem(batch.unit, place, "unknown_column", message)
            for place, record in zip(batch.places, batch.records, strict=True)
            if not known.issuperset(record)
            for message in _unknown_names(record, columns)
        ]
        table: Table = [values_of(batch.records, column.name) for column in columns]
        yield _typed(batch, table, columns, FROM_JSON, problems)


def _parquet_batches(stream: BinaryIO, columns: Sequence[Column]) -> Iterator[RowBatch | Refused]:
    file = open_parquet(stream)
    if isinstance(file, Refused):
        yield file
        return
    names = [column.name for column in file.columns]
    unknown = _unknown_names(names, columns)
    if unknown:
        yield refuse([Problem((), "unknown_column", message) for message in unknown])
        return
    before = 0
    for batch in file.batches():
        if isinstance(batch, Refused):
            yield batch
            return
        places = range(before + 1, before + batch.row_count + 1)
        before += batch.row_count
        nothing = [None] * batch.row_count
        given = dict(zip(names, batch.columns, strict=True))
        table = [given.get(column.name, nothing) for column in columns]
        yield _typed(RawBatch(places, places, [], stream.tell(), UNIT), table, columns, FROM_PARQUET, [])


def _unknown_names(names: Sequence[str] | Mapping[str, object], columns: Sequence[Column]) -> list[str]:
    known = {column.name for column in columns}
    return [f"The table has no column {shown(name)}." for name in names if name not in known]


def _typed(
    batch: RawBatch | TextBatch,
    table: Sequence[Sequence[Any]],
    columns: Sequence[Column],
    converters_by_type: Mapping[ColumnType, Converter],
    problems: list[Problem],
) -> RowBatch | Refused:
    converters = [converters_by_type[column.data_type] for column in columns]
    done = list(map(convert_column, table, converters))
    cells = [column for column in done if column is not None]
    problems = [*batch.problems, *problems]
    if not problems and len(cells) == len(done):
        return RowBatch(cells, batch.places, batch.bytes_read, batch.unit)

    def problem_of(fault: BadValue) -> Problem:
        message = f"{fault.message} Found {written(table[fault.column][fault.row])}."
        place, name = batch.places[fault.row], columns[fault.column].name
        return place_problem(batch.unit, place, fault.code, message, name)

    return refuse([*problems, *map(problem_of, table_faults(table, converters, done))])
