"""Files become rows whole, or say line by line what is wrong with them."""

from collections.abc import Callable
from datetime import date
from io import BytesIO

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.grid.batch import BATCH_ROWS, RowBatch
from app.domain.grid.column import Column
from app.domain.grid.file_rows import read_file
from app.domain.grid.file_scan import FileScan, scan_file
from app.domain.grid.files import FileFormat, detect_format, table_name_of
from app.domain.grid.json_file import ARRAY_BYTES_MAX
from app.domain.grid.lines import LINE_BYTES_MAX
from app.domain.grid.rows import Row
from app.domain.problems import PROBLEMS_MAX, Problem, Refused
from tests.domain.strategies import column, relaxed

CSV, TSV, LINES, ARRAY = FileFormat.CSV, FileFormat.TSV, FileFormat.JSON_LINES, FileFormat.JSON_ARRAY


def _scan(content: bytes, file_format: FileFormat = CSV) -> FileScan:
    found = scan_file(BytesIO(content), file_format)
    assert isinstance(found, FileScan), found
    return found


def _scan_problems(content: bytes, file_format: FileFormat = CSV) -> list[Problem]:
    found = scan_file(BytesIO(content), file_format)
    assert isinstance(found, Refused)
    return list(found.problems)


def _rows(content: bytes, file_format: FileFormat, columns: tuple[Column, ...]) -> list[Row]:
    rows: list[Row] = []
    for batch in read_file(BytesIO(content), file_format, columns):
        assert isinstance(batch, RowBatch), batch
        rows.extend(batch.rows)
    return rows


def _row_problems(content: bytes, file_format: FileFormat, *columns: Column) -> list[Problem]:
    *_, last = read_file(BytesIO(content), file_format, columns)
    assert isinstance(last, Refused)
    return list(last.problems)


def test_a_text_table_becomes_typed_rows() -> None:
    content = b'\xef\xbb\xbfday, wind ,note\r\n2012/01/01,4.7,"a, ""b"""\r\n\r\n2012-01-02,,Z\xc3\xbcrich\r\n'
    scan = _scan(content)
    assert [(each.name, each.data_type.value) for each in scan.columns] == [
        ("day", "date"),
        ("wind", "number"),
        ("note", "string"),
    ]
    assert scan.row_count == 2
    assert _rows(content, CSV, scan.columns) == [
        (date(2012, 1, 1), 4.7, 'a, "b"'),
        (date(2012, 1, 2), None, "Zürich"),
    ]


def test_tabs_separate_as_well() -> None:
    content = b"a\tb\n1\tx,y\n"
    assert _rows(content, TSV, _scan(content, TSV).columns) == [(1, "x,y")]


def test_json_lines_have_the_columns_of_all_lines() -> None:
    content = b'{"a":1}\n\n{"b":"x","a":2.5}\n'
    scan = _scan(content, LINES)
    assert [(each.name, each.data_type.value) for each in scan.columns] == [("a", "number"), ("b", "string")]
    assert (scan.row_count, _rows(content, LINES, scan.columns)) == (2, [(1.0, None), (2.5, "x")])


def test_an_array_of_objects_is_read_like_lines() -> None:
    content = b'\xef\xbb\xbf [\n {"a": true, "b": [1]},\n {"a": null, "b": {"c": "\xc3\xa9"}}\n]'
    scan = _scan(content, ARRAY)
    assert [(each.name, each.data_type.value) for each in scan.columns] == [("a", "boolean"), ("b", "json")]
    assert _rows(content, ARRAY, scan.columns) == [(True, "[1]"), (None, '{"c":"é"}')]


def test_mixed_scalars_of_a_json_file_are_text_as_json_writes_them() -> None:
    content = b'{"a":"x"}\n{"a":1.5}\n{"a":true}\n{"a":null}\n'
    assert _rows(content, LINES, _scan(content, LINES).columns) == [("x",), ("1.5",), ("true",), (None,)]


def test_a_header_alone_is_an_empty_table_of_text() -> None:
    scan = _scan(b"a,b\n")
    assert ([each.data_type.value for each in scan.columns], scan.row_count) == (["string", "string"], 0)
    assert _rows(b"a,b\n", CSV, scan.columns) == []


@pytest.mark.parametrize(
    ("content", "place", "code"),
    [
        (b"", (1,), "missing"),
        (b"\n\n", (1,), "missing"),
        (b"a,b\n1,2\n3\n4,5,6\n", (3,), "row_length"),
        (b"a,a\n", (1,), "duplicate"),
        (b"a,A\n", (1,), "duplicate"),
        (b"a,\n", (1,), "string_too_short"),
        (b"\n_ws_x\n", (2,), "value_error"),
        (b"a\nok\n\xff\n", (3,), "unreadable"),
        (b"a\xff\n", (1,), "unreadable"),
        (b'a\n"x\n\ny\n"\nz\n\xff', (7,), "unreadable"),
        (b'a,b\n1,2\n"x\n', (3,), "unreadable"),
        (b'a\n"x"y\n', (2,), "unreadable"),
        (b'"a\n', (1,), "unreadable"),
        (b"a\rb\rc\r", (1,), "unreadable"),
        (b"a\n" + b"x" * 200_000, (2,), "unreadable"),
        (b"a\n1\n" + b"x" * (LINE_BYTES_MAX + 1), (3,), "unreadable"),
    ],
)
def test_a_broken_text_table_is_reported_by_line(content: bytes, place: tuple[int], code: str) -> None:
    found = _scan_problems(content)[0]
    assert (found.loc, found.code) == (place, code)
    assert found.message.startswith(f"line {place[0]}: ")


@pytest.mark.parametrize(
    ("content", "file_format", "place", "code"),
    [
        (b'{"a":1}\n{"a":\n', LINES, (2,), "json_invalid"),
        (b'{"a":1}\n[1]\n', LINES, (2,), "row_type"),
        (b'{"a":1}\n\n{"a":"\xff"}\n', LINES, (3,), "unreadable"),
        (b'{"a":1e999}\n', LINES, (1,), "json_invalid"),
        (b'{"a":"\\ud800"}\n', LINES, (1,), "json_invalid"),
        (b'{"a":1}\n' + b" " * (LINE_BYTES_MAX + 1), LINES, (2,), "unreadable"),
        (b'{"a":1,"A":2}\n', LINES, (1, "name"), "duplicate"),
        (b'{"_ws_a":1}\n', LINES, (0, "name"), "value_error"),
        (b"{}\n", LINES, (), "missing"),
        (b"", LINES, (), "missing"),
        (b"[]", ARRAY, (), "missing"),
        (b'[{"a":1},\n{"a":}]', ARRAY, (2,), "json_invalid"),
        (b'[{"a":1},\n\n{"a":"\xff"}]', ARRAY, (3,), "unreadable"),
        (b'{"a":1}', ARRAY, (), "row_type"),
        (b'[{"a":1}, 2]', ARRAY, (2,), "row_type"),
    ],
)
def test_broken_json_is_reported_by_place(
    content: bytes, file_format: FileFormat, place: tuple[int | str, ...], code: str
) -> None:
    found = _scan_problems(content, file_format)
    assert [(problem.loc, problem.code) for problem in found] == [(place, code)]


def test_an_array_larger_than_memory_allows_is_refused_before_it_is_parsed() -> None:
    found = _scan_problems(b"[" + b" " * ARRAY_BYTES_MAX, ARRAY)
    assert [problem.code for problem in found] == ["too_large"]


def test_a_file_of_too_many_columns_is_refused() -> None:
    names = [f"c{index}" for index in range(501)]
    assert _scan_problems(",".join(names).encode())[0].code == "too_long"
    assert _scan_problems(orjson.dumps(dict.fromkeys(names, 1)), LINES)[0].code == "too_long"


def test_problems_of_a_large_file_are_bounded() -> None:
    assert len(_scan_problems(b"a,b\n" + b"1\n" * 20_000)) == PROBLEMS_MAX
    assert len(_scan_problems(b"1\n" * 20_000, LINES)) == PROBLEMS_MAX
    assert len(_row_problems(b"a\n" + b"x\n" * 20_000, CSV, column("a", "integer"))) == PROBLEMS_MAX


def test_a_bad_cell_is_named_by_line_and_column() -> None:
    content = b'day,temp_max\n2012-01-01,"1\n2"\n2012-01-02,3\n2012-01-03,warm\n'
    found = _row_problems(content, CSV, column("day", "date"), column("temp_max", "integer"))
    assert [(problem.loc, problem.code) for problem in found] == [
        ((2, "temp_max"), "int_type"),
        ((5, "temp_max"), "int_type"),
    ]
    assert found[1].message == ("line 5, column 'temp_max': Give an integer, not this text. Found 'warm'.")


def test_a_bad_element_of_an_array_is_counted_from_one() -> None:
    found = _row_problems(b'[{"a":1},{"a":{"b":2}}]', ARRAY, column("a", "integer"))
    assert [problem.message for problem in found] == [
        "element 2, column 'a': Give an integer, not an object. Found '{\"b\":2}'."
    ]


def test_text_that_cannot_be_stored_is_refused() -> None:
    assert _row_problems(b"a\nx\0y\n", CSV, column("a", "string"))[0].code == "unstorable_text"
    assert _row_problems(b'{"a":{"b":"\\u0000"}}', LINES, column("a", "json"))[0].code == "json_type"


@pytest.mark.parametrize(("content", "file_format"), [(b"a,c\n1,2\n", CSV), (b'{"a":1,"c":2}\n', LINES)])
def test_a_column_that_the_table_does_not_have_is_refused(content: bytes, file_format: FileFormat) -> None:
    found = _row_problems(content, file_format, column("a", "integer"), column("b", "integer"))
    assert [(problem.loc, problem.code) for problem in found] == [((1,), "unknown_column")]


def test_a_file_may_leave_columns_out_and_order_them_freely() -> None:
    columns = (column("a", "integer"), column("b", "json"), column("c", "boolean"))
    assert _rows(b"c,a\ntrue,1\n,\n", CSV, columns) == [(1, None, True), (None, None, None)]
    assert _rows(b'b\n"{""x"": 1}"\nnull\n', CSV, columns) == [(None, '{"x":1}', None), (None, None, None)]


def test_rows_before_a_bad_one_may_come_but_the_refusal_comes_last() -> None:
    content = b"a\n" + b"1\n" * BATCH_ROWS + b"x\n" + b"2\n" * BATCH_ROWS
    found = list(read_file(BytesIO(content), CSV, [column("a", "integer")]))
    assert [type(each) for each in found] == [RowBatch, Refused]
    assert isinstance(found[1], Refused)
    assert [problem.loc for problem in found[1].problems] == [(BATCH_ROWS + 2, "a")]


@pytest.mark.parametrize("read", [scan_file, None], ids=["scan", "rows"])
def test_progress_rises_to_the_size_of_the_file(read: Callable[..., object] | None) -> None:
    content = b"a,b\n" + b"1,x\n" * (3 * BATCH_ROWS)
    heard: list[int] = []
    if read is not None:
        read(BytesIO(content), CSV, progress=heard.append)
    else:
        columns = [column("a", "integer"), column("b", "string")]
        assert sum(1 for _ in read_file(BytesIO(content), CSV, columns, progress=heard.append)) == 3
    assert len(heard) == 3
    assert heard == sorted(heard)
    assert heard[-1] == len(content)


def test_a_batch_of_wide_rows_ends_early_so_that_memory_is_bounded() -> None:
    wide = b"x" * 100_000
    for content, file_format in ((b"a\n" + (wide + b"\n") * 300, CSV), ((b'{"a":"' + wide + b'"}\n') * 300, LINES)):
        batches = list(read_file(BytesIO(content), file_format, [column("a", "string")]))
        assert len(batches) > 1
        assert sum(len(batch.rows) for batch in batches if isinstance(batch, RowBatch)) == 300


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


@relaxed
@given(st.lists(st.tuples(CELLS, CELLS.filter(bool)), max_size=20))
def test_any_text_written_as_csv_is_read_back(table: list[tuple[str, str]]) -> None:
    quoted = ['"' + '","'.join(cell.replace('"', '""') for cell in row) + '"\n' for row in table]
    content = ("first,second\n" + "".join(quoted)).encode()
    columns = (column("first", "string"), column("second", "string"))
    assert _rows(content, CSV, columns) == [(first or None, second) for first, second in table]


@pytest.mark.parametrize(
    ("filename", "content", "expected"),
    [
        ("a.csv", b"", CSV),
        ("A.CSV", b"", CSV),
        ("a.tsv", b"", TSV),
        ("a.jsonl", b'{"a":1}', LINES),
        ("a.ndjson", b"", LINES),
        ("a.json", b'\xef\xbb\xbf \n[{"a":1}]', ARRAY),
        ("a.json", b'{"a":1}', LINES),
        ("a.xlsx", b"", None),
        ("csv", b"", CSV),
    ],
)
def test_the_format_is_told_by_the_ending(filename: str, content: bytes, expected: FileFormat | None) -> None:
    stream = BytesIO(content)
    assert detect_format(filename, stream) is expected
    assert stream.tell() == 0


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("seattle-weather.csv", "seattle_weather"),
        ("/data/Iowa Electricity (2).csv", "iowa_electricity_2"),
        (r"C:\data\Größe.json", "groe"),
        ("2024.csv", "table_2024"),
        ("年.csv", "table"),
        (".csv", "csv"),
        ("x" * 100 + ".csv", "x" * 63),
    ],
)
def test_a_table_is_named_after_its_file(filename: str, name: str) -> None:
    assert table_name_of(filename) == name
