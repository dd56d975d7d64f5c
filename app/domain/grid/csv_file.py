"""Text tables: comma or tab separated records under a header line, read in batches."""

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final

from app.domain.grid.batch import BATCH_BYTES, BATCH_ROWS, RawBatch, line_problem
from app.domain.grid.column import Column, ColumnType, column_problems
from app.domain.grid.lines import BadLine, TextLines
from app.domain.problems import Problem, Refused, refuse

if TYPE_CHECKING:
    from _csv import Reader

_CHUNK_ROWS: Final = 100


class CsvFile:
    """An open text table: its header has been read, `batches` reads the rest once.

    A cell holds at most 131 072 characters, the limit of Python's csv module.
    """

    __slots__ = ("_lines", "_reader", "header")

    def __init__(self, lines: TextLines, reader: "Reader", header: Sequence[str]) -> None:
        self._lines = lines
        self._reader = reader
        self.header = header

    def batches(self) -> Iterator[RawBatch]:
        """Records of the right width, in order; a record that cannot be read at all ends the file."""
        stopped: Problem | None = None
        while stopped is None:
            first_line = self._reader.line_num + 1
            records, stopped = self._next_records(first_line)
            if not records and stopped is None:
                return
            yield self._batch(records, first_line, stopped)

    def _next_records(self, first_line: int) -> tuple[list[list[str]], Problem | None]:
        records: list[list[str]] = []
        enough = self._lines.bytes_read + BATCH_BYTES
        before = -1
        try:
            while before < len(records) < BATCH_ROWS and self._lines.bytes_read < enough:
                before = len(records)
                records.extend(islice(self._reader, _CHUNK_ROWS))  # keeps what came before an error
        except BadLine as bad:
            return records, line_problem(self._lines.number, "unreadable", str(bad))
        except csv.Error as bad:
            start = first_line + sum(map(_height, records))
            return records, line_problem(start, "unreadable", f"The record is not well formed: {bad}.")
        return records, None

    def _batch(self, records: list[list[str]], first_line: int, stopped: Problem | None) -> RawBatch:
        places: Sequence[int] = range(first_line, first_line + len(records))
        if self._reader.line_num != first_line + len(records) - 1:
            places = _places(records, first_line)
        problems: list[Problem] = []
        width = len(self.header)
        if not set(map(len, records)) <= {width}:
            problems = [
                line_problem(place, "row_length", f"{len(record)} cells; the header names {width} columns.")
                for place, record in zip(places, records, strict=True)
                if record and len(record) != width  # an empty line is no record
            ]
            sound = [index for index, record in enumerate(records) if len(record) == width]
            places, records = [places[index] for index in sound], [records[index] for index in sound]
        return RawBatch(records, places, [*problems, *([stopped] if stopped else [])], self._lines.bytes_read)


def open_csv(stream: BinaryIO, delimiter: str) -> CsvFile | Refused:
    """Reads the header from the stream's current position."""
    lines = TextLines(stream)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = next(filter(None, reader), None)
    except BadLine as bad:
        return refuse([line_problem(lines.number, "unreadable", str(bad))])
    except csv.Error as bad:
        return refuse([line_problem(1, "unreadable", f"The header is not well formed: {bad}.")])
    if header is None:
        return refuse([line_problem(1, "missing", "The file is empty; its first line names the columns.")])
    names = [unicodedata.normalize("NFC", name.strip()) for name in header]
    columns = [Column(name=name, data_type=ColumnType.STRING) for name in names]
    problems = [line_problem(reader.line_num, problem.code, problem.message) for problem in column_problems(columns)]
    return refuse(problems) if problems else CsvFile(lines, reader, names)


def _height(record: Sequence[str]) -> int:
    """How many lines the record takes: one, and one for each line break inside its quotes."""
    return 1 + sum(cell.count("\n") for cell in record)


def _places(records: Sequence[Sequence[str]], first_line: int) -> list[int]:
    places = []
    for record in records:
        places.append(first_line)
        first_line += _height(record)
    return places
