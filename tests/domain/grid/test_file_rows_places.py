"""Rows of a file know where they stood in it, so that what the database refuses has a line too."""

from io import BytesIO

import pytest

from app.domain.grid.batch import BATCH_ROWS, RowBatch
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.file_rows import read_file
from app.domain.grid.files import FileFormat
from app.domain.grid.lines import LINE_BYTES_MAX
from app.domain.problems import Refused

A = [Column(name="a", data_type=ColumnType.STRING)]


def places(content: bytes, file_format: FileFormat) -> list[tuple[str, int]]:
    """The place of every row."""
    batches = list(read_file(BytesIO(content), file_format, A))
    assert all(isinstance(batch, RowBatch) for batch in batches)
    return [(batch.unit, place) for batch in batches if isinstance(batch, RowBatch) for place in batch.places]


@pytest.mark.parametrize(
    ("text", "file_format", "found"),
    [
        ("a\n1\n\n3\n", FileFormat.CSV, [("line", 2), ("line", 4)]),
        ('a\n"x\ny"\nz\n', FileFormat.CSV, [("line", 2), ("line", 4)]),
        ("a\n1\n", FileFormat.TSV, [("line", 2)]),
        ('{"a": "1"}\n\n{"a": "2"}\n', FileFormat.JSON_LINES, [("line", 1), ("line", 3)]),
        ('[{"a": "1"},\n\n{"a": "2"}]', FileFormat.JSON_ARRAY, [("element", 1), ("element", 2)]),
    ],
)
def test_a_row_has_a_place(text: str, file_format: FileFormat, found: list[tuple[str, int]]) -> None:
    assert places(text.encode(), file_format) == found


def test_a_row_of_a_later_batch_has_its_place() -> None:
    found = places(b"a\n" + b"1\n" * (BATCH_ROWS + 5), FileFormat.CSV)
    assert (len(found), found[BATCH_ROWS + 3]) == (BATCH_ROWS + 5, ("line", BATCH_ROWS + 5))


def test_bad_lines_have_their_number_wherever_they_stand_in_a_block() -> None:
    for count in (0, 1, 5_000, 400_000):
        good = b"a\n" + b"x\n" * count
        for bad, code in ((b"\xff\n", "unreadable"), (b"y" * (LINE_BYTES_MAX + 1) + b"\n", "unreadable")):
            *_, last = read_file(BytesIO(good + bad + b"x\n"), FileFormat.CSV, A)
            assert isinstance(last, Refused)
            assert [(one.loc, one.code) for one in last.problems] == [((count + 2,), code)]


def test_lines_end_at_line_feeds_alone() -> None:
    text = "a\nx\u2028y\x0bz\n\x85\n"
    [batch] = read_file(BytesIO(text.encode()), FileFormat.CSV, A)
    assert isinstance(batch, RowBatch)
    assert (batch.rows, batch.places) == ([("x\u2028y\x0bz",), ("\x85",)], [2, 3])
