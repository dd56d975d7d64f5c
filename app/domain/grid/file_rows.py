"""The second pass over a file: typed rows in batches, or everything that is wrong with them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, TypeVar, assert_never

from app.domain.grid.batch import LineBatch, RawBatch, RowBatch, place_problem
from app.domain.grid.bulk import BadValue, Converter, convert_column, table_faults
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.copy_text import lines_of, nulled, written_column
from app.domain.grid.csv_file import TextBatch, open_csv
from app.domain.grid.file_scan import Progress
from app.domain.grid.filecells import FROM_JSON, FROM_TEXT, written
from app.domain.grid.files import DELIMITERS, FileFormat
from app.domain.grid.json_file import json_array_batches, json_line_batches
from app.domain.grid.parquet_file import FROM_PARQUET, UNIT, open_parquet
from app.domain.grid.rows import values_of
from app.domain.problems import PROBLEMS_MAX, Problem, Refused, refuse, shown

Table = list[Sequence[Any]]
Batch = TypeVar("Batch", RowBatch, LineBatch)


def read_file(
    stream: BinaryIO, file_format: FileFormat, columns: Sequence[Column], *, progress: Progress | None = None
) -> Iterator[RowBatch | Refused]:
    """Reads the whole file once, from its start, as rows of these columns; a column it leaves out is null.

    A Refused is always the last item, and no row of the file may then be kept.
    """
    stream.seek(0)
    return _until_refused(_typed_batches(stream, file_format, columns), progress)


def read_lines(
    stream: BinaryIO, delimiter: str, columns: Sequence[Column], *, progress: Progress | None = None
) -> Iterator[LineBatch | Refused]:
    """Like read_file, of a text table, as lines for COPY: what is plainly valid never becomes an object of Python."""
    stream.seek(0)
    return _until_refused(_line_batches(stream, delimiter, columns), progress)


def _until_refused(found: Iterator[Batch | Refused], progress: Progress | None) -> Iterator[Batch | Refused]:
    """The batches before the first refused one; then everything that is wrong from there on."""
    problems: list[Problem] = []
    for done in found:
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
    for found in _text_tables(stream, delimiter, columns):
        if isinstance(found, Refused):
            yield found
        else:
            batch, table = found
            yield _typed(batch, [nulled(values) for values in table], columns, FROM_TEXT, [])


def _line_batches(stream: BinaryIO, delimiter: str, columns: Sequence[Column]) -> Iterator[LineBatch | Refused]:
    types = [column.data_type for column in columns]
    converters = [FROM_TEXT[type] for type in types]
    for found in _text_tables(stream, delimiter, columns):
        if isinstance(found, Refused):
            yield found
            continue
        batch, table = found
        done = list(map(written_column, table, types))
        written_columns = [column for column in done if column is not None]
        if not batch.problems and len(written_columns) == len(done):
            yield LineBatch(written_columns, lines_of(written_columns), batch.places, batch.bytes_read, batch.unit)
        else:
            raw = [nulled(values) for values in table]
            yield refuse([*batch.problems, *_faults(batch, raw, columns, converters, done)])


def _text_tables(
    stream: BinaryIO, delimiter: str, columns: Sequence[Column]
) -> Iterator[tuple[TextBatch, list[Sequence[str]]] | Refused]:
    """Batches with their cells as text in the order of the columns; a column the file leaves out is empty."""
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
        nothing = [""] * len(batch.places)
        table: list[Sequence[str]] = [
            batch.columns[positions[column.name]] if column.name in positions else nothing for column in columns
        ]
        yield batch, table


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
    if not batch.problems and not problems and len(cells) == len(done):
        return RowBatch(cells, batch.places, batch.bytes_read, batch.unit)
    return refuse([*batch.problems, *problems, *_faults(batch, table, columns, converters, done)])


def _faults(
    batch: RawBatch | TextBatch,
    table: Sequence[Sequence[Any]],
    columns: Sequence[Column],
    converters: Sequence[Converter],
    done: Sequence[Sequence[Any] | None],
) -> Iterator[Problem]:
    """What is wrong with the cells of the columns that were not done."""

    def problem_of(fault: BadValue) -> Problem:
        message = f"{fault.message} Found {written(table[fault.column][fault.row])}."
        place, name = batch.places[fault.row], columns[fault.column].name
        return place_problem(batch.unit, place, fault.code, message, name)

    return map(problem_of, table_faults(table, converters, done))
