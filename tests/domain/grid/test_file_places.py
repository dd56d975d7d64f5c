"""Records are found again in their file by their number."""

from io import BytesIO

import pytest

from app.domain.grid.batch import BATCH_ROWS
from app.domain.grid.file_places import record_place
from app.domain.grid.files import FileFormat


@pytest.mark.parametrize(
    ("text", "file_format", "places"),
    [
        ("a,b\n1,2\n\n3,4\n", FileFormat.CSV, [("line", 2), ("line", 4)]),
        ('a\n"x\ny"\nz\n', FileFormat.CSV, [("line", 2), ("line", 4)]),
        ("a\tb\n1\t2\n", FileFormat.TSV, [("line", 2)]),
        ('{"a": 1}\n\n{"a": 2}\n', FileFormat.JSON_LINES, [("line", 1), ("line", 3)]),
        ('[{"a": 1},\n\n{"a": 2}]', FileFormat.JSON_ARRAY, [("element", 1), ("element", 2)]),
    ],
)
def test_a_record_has_a_place(text: str, file_format: FileFormat, places: list[tuple[str, int]]) -> None:
    stream = BytesIO(text.encode())
    assert [record_place(stream, file_format, index) for index in range(len(places))] == places


def test_a_record_of_a_later_batch_has_its_place() -> None:
    stream = BytesIO(b"n\n" + b"1\n" * (BATCH_ROWS + 5))
    assert record_place(stream, FileFormat.CSV, BATCH_ROWS + 3) == ("line", BATCH_ROWS + 5)


@pytest.mark.parametrize("text", ["a\n1\n", ""])
def test_a_record_that_is_gone_is_told_by_its_number(text: str) -> None:
    assert record_place(BytesIO(text.encode()), FileFormat.CSV, 7) == ("record", 8)
