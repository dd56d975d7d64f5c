"""Where a record stands in its file, for what is only found out when the database has seen it."""

from collections.abc import Iterator
from typing import BinaryIO, assert_never

from app.domain.grid.batch import RawBatch
from app.domain.grid.csv_file import open_csv
from app.domain.grid.files import DELIMITERS, FileFormat
from app.domain.grid.json_file import json_array_batches, json_line_batches
from app.domain.problems import Refused


def record_place(stream: BinaryIO, file_format: FileFormat, index: int) -> tuple[str, int]:
    """The unit and the place of a record, counted from 0; a record that is no longer there is told by its number."""
    stream.seek(0)
    before = 0
    for batch in _raw_batches(stream, file_format):
        if index < before + len(batch.records):
            return batch.unit, batch.places[index - before]
        before += len(batch.records)
    return "record", index + 1


def _raw_batches(stream: BinaryIO, file_format: FileFormat) -> Iterator[RawBatch]:
    match file_format:
        case FileFormat.CSV | FileFormat.TSV:
            opened = open_csv(stream, DELIMITERS[file_format])
            return iter(()) if isinstance(opened, Refused) else opened.batches()
        case FileFormat.JSON_LINES:
            return json_line_batches(stream)
        case FileFormat.JSON_ARRAY:
            return json_array_batches(stream)
        case _:
            assert_never(file_format)
