"""Text tables: comma or tab separated records under a header line, read in batches."""

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final

from app.domain.grid.batch import BATCH_BYTES, BATCH_ROWS, line_problem
from app.domain.grid.column import Column, ColumnType, column_problems
from app.domain.grid.lines import BadLine, TextLines
from app.domain.problems import Problem, Refused, refuse

if TYPE_CHECKING:
    from _csv import Reader

_CHUNK_ROWS: Final = 250


@dataclass(slots=True, kw_only=True)
class TextBatch:
    """Records as columns of text, the place of each record, and problems with what could not be read at all."""

    columns: list[list[str]]
    places: list[int]
    problems: list[Problem]
    bytes_read: int = 0
    unit: str = "line"


class CsvFile:
    """An open text table: its header has been read, `batches` reads the rest once.

    A cell holds at most 131 072 characters, the limit of Python's csv module.
    """

    __slots__ = ("_lines", "_reader", "header")

    def __init__(self, lines: TextLines, reader: "Reader", header: Sequence[str]) -> None:
        self._lines = lines
        self._reader = reader
        self.header = header

    def batches(self) -> Iterator[TextBatch]:
        """Records of the right width, in order; a record that cannot be read at all ends the file."""
        more = True
        while more:
            batch = TextBatch(columns=[[] for _ in self.header], places=[], problems=[])
            more = self._fill(batch)
            batch.bytes_read = self._lines.bytes_read
            if batch.places or batch.problems or more:
                yield batch

    def _fill(self, batch: TextBatch) -> bool:
        """Few records at a time become cells of columns: lists that live long cost the garbage collector dear."""
        enough = self._lines.bytes_read + BATCH_BYTES
        while len(batch.places) < BATCH_ROWS and self._lines.bytes_read < enough:
            first_line = self._reader.line_num + 1
            records: list[list[str]] = []
            try:
                records.extend(islice(self._reader, _CHUNK_ROWS))  # keeps what came before an error
            except BadLine as bad:
                stopped = line_problem(self._lines.number, "unreadable", str(bad))
            except csv.Error as bad:
                start = first_line + sum(map(_height, records))
                stopped = line_problem(start, "unreadable", f"The record is not well formed: {bad}.")
            else:
                self._take(batch, records, first_line)
                if len(records) < _CHUNK_ROWS:
                    return False
                continue
            self._take(batch, records, first_line)
            batch.problems.append(stopped)
            return False
        return True

    def _take(self, batch: TextBatch, records: list[list[str]], first_line: int) -> None:
        places: Sequence[int] = range(first_line, first_line + len(records))
        if self._reader.line_num != first_line + len(records) - 1:
            places = _places(records, first_line)
        width = len(self.header)
        if not set(map(len, records)) <= {width}:
            batch.problems += [
                line_problem(place, "row_length", f"{len(record)} cells; the header names {width} columns.")
                for place, record in zip(places, records, strict=True)
                if record and len(record) != width  # an empty line is no record
            ]
            sound = [index for index, record in enumerate(records) if len(record) == width]
            places, records = [places[index] for index in sound], [records[index] for index in sound]
        batch.places.extend(places)
        for column, cells in zip(batch.columns, zip(*records, strict=True), strict=False):
            column.extend(cells)


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
