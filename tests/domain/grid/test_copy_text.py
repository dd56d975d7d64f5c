"""What goes straight on to COPY is what its cells say: the same texts are taken, the same refused in the same words."""

from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.grid.batch import LineBatch, RowBatch
from app.domain.grid.bulk import convert_column
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.copy_text import NULL, written_column
from app.domain.grid.file_rows import read_file, read_lines
from app.domain.grid.filecells import FROM_TEXT
from app.domain.grid.files import FileFormat
from app.domain.problems import Refused
from tests.domain.strategies import column, relaxed

UNESCAPED = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}
ENDS: dict[tuple[ColumnType, str | None], str] = {
    (ColumnType.DATE, "-infinity"): "0001-01-01",
    (ColumnType.DATE, "infinity"): "9999-12-31",
    (ColumnType.DATETIME, "-infinity"): "0001-01-01T00:00:00Z",
    (ColumnType.DATETIME, "infinity"): "9999-12-31T23:59:59.999999Z",
}
# Texts on the border between what a type takes and what it refuses.
ODD = (
    *("", "0", "-0", "00", "7", "-7", "+7", "007", "7.", ".5", "-.5", "0.50", "1e3", "1E-400", "1e400", "1e99999"),
    *("9" * 18, "9" * 19, str(2**63 - 1), str(2**63), str(-(2**63)), "9" * 100, "9" * 101, "9" * 400, "0." + "1" * 100),
    *("NaN", "inf", "Infinity", "1_000", "1,5", " 7", "7 ", "7\n", "\n", "7\n8", "\u0667", "0x10", "1e", "--1"),
    *("true", "True", "TRUE", "false", "t", "f", "yes", "1", "\\N", "\\.", "\\", "a\tb", "a\r\nb", '"', "\0", "Zürich"),
    *("2012-01-31", "2012/01/31", "Jan 31 2012", "2012-02-30", "0000-01-01", "0001-01-01", "9999-12-31", "epoch"),
    *("2012-01-31T23:59:59Z", "2012-01-31 23:59", "2012-01-31T23:59:59.999999+02:00", "9999-12-31T23:59:59-14:00"),
    "9999-12-31T23:59:59.999999Z",
    *("{}", "null", '{"a": [1, "\\n\\t"]}', "[1e999]", '"\\u0000"'),
)
TEXTS = st.sampled_from(ODD) | st.text(alphabet='0123456789-+.eE\n\t\\"', max_size=6)


def read_back(text: str) -> str | None:
    """A cell of COPY's text format."""
    if text == NULL:
        return None
    parts = iter(text)
    return "".join(UNESCAPED[next(parts)] if part == "\\" else part for part in parts)


def check_one_column(values: Sequence[str], kind: ColumnType) -> None:
    """Taken exactly where cells are; and what is written is read as those cells."""
    cells = convert_column([value or None for value in values], FROM_TEXT[kind])
    written = written_column(values, kind)
    assert (written is None) == (cells is None)
    if written is not None and cells is not None:
        assert not any({"\t", "\n", "\r"} & set(text) for text in written)
        back = [read_back(text) for text in written]
        if kind is ColumnType.BOOLEAN:
            back = [None if text is None else {"t": "true", "f": "false"}[text] for text in back]
        back = [ENDS.get((kind, text), text) for text in back]
        again = back if kind is ColumnType.JSON else convert_column(back, FROM_TEXT[kind])
        assert list(map(told, again or ())) == list(map(told, cells))


def told(cell: object) -> str:
    """Tells 0.0 from -0.0 and 1.50 from 1.5."""
    return format(cell, "f") if isinstance(cell, Decimal) else repr(cell)


@relaxed
@given(st.lists(TEXTS, max_size=8), st.sampled_from(ColumnType))
def test_a_column_is_taken_exactly_when_its_cells_are(values: list[str], kind: ColumnType) -> None:
    check_one_column(values, kind)


@pytest.mark.parametrize("kind", ColumnType)
def test_every_odd_text_alone_and_among_good_ones(kind: ColumnType) -> None:
    good = [text for text in ODD if convert_column([text or None], FROM_TEXT[kind]) is not None]
    check_one_column(good, kind)
    for text in ODD:
        check_one_column([text], kind)
        check_one_column([*good, text], kind)


@relaxed
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6), st.sampled_from(ColumnType), st.sampled_from(ColumnType))
def test_a_file_is_refused_in_the_same_words(rows: list[tuple[str, str]], one: ColumnType, two: ColumnType) -> None:
    quoted = ['"' + '","'.join(cell.replace('"', '""') for cell in row) + '"\n' for row in rows]
    columns = (column("one", one.value), column("absent", "date"), column("two", two.value))
    check_one_file(("one,two\n" + "".join(quoted)).encode(), columns)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"one\n",
        b"one,two\n",
        b"one,three\n1,2\n",
        b"one,two\n1\n1,2\n\n1,2,3\nx,y\n",
        b'one,two\n1,2\n1,"2',
        b"one,two\n1,2\n1,\xff\n3,4\n",
        b"one,two\r\n1,2\r\n" + b"1,x\r\n" * 150,
        b"one,two\n" + b"1,2\n" * 6_000 + b"x,y\n" + b"1,2\n" * 6_000,
        b'one,two\n"","a""b"\n\\N,\\.\n',
    ],
)
def test_a_file_that_is_not_well_formed_is_refused_in_the_same_words(content: bytes) -> None:
    check_one_file(content, (column("one", "integer"), column("two", "string")))
    check_one_file(content, (column("one", "string"), column("two", "number")))


def check_one_file(content: bytes, columns: Sequence[Column]) -> None:
    """Batch by batch the same places, and at the end the same problems."""
    typed = list(read_file(BytesIO(content), FileFormat.CSV, columns))
    lines = list(read_lines(BytesIO(content), ",", columns))
    assert len(typed) == len(lines)
    for left, right in zip(typed, lines, strict=True):
        if isinstance(left, RowBatch):
            assert isinstance(right, LineBatch)
            assert (list(left.places), left.bytes_read) == (list(right.places), right.bytes_read)
            assert right.text.count(b"\n") == len(left.places)
        else:
            assert isinstance(left, Refused)
            assert isinstance(right, Refused)
            assert left.problems == right.problems


def test_a_quoted_line_break_in_a_number_is_refused_and_not_a_fault_of_ours() -> None:
    [last] = read_file(BytesIO(b'n\n"1\n2"\n'), FileFormat.CSV, (column("n", "number"),))
    assert isinstance(last, Refused)
    assert [problem.code for problem in last.problems] == ["number_type"]
