"""Parquet: every type that has a twin comes over exactly, the rest as documents or not at all."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from app.domain.grid.batch import BATCH_ROWS, RowBatch
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.file_rows import read_file
from app.domain.grid.file_scan import FileScan, scan_file
from app.domain.grid.files import FileFormat
from app.domain.problems import Refused

pa: Any = pytest.importorskip("pyarrow")
parquet: Any = pytest.importorskip("pyarrow.parquet")

PARQUET = FileFormat.PARQUET


def written(columns: dict[str, Any], **options: Any) -> BytesIO:
    """A file of these columns."""
    file = BytesIO()
    parquet.write_table(pa.table(columns), file, **options)
    return file


def read(file: BytesIO, columns: Sequence[Column] | None = None) -> list[Any]:
    """All its rows, of the columns that it was found to have."""
    if columns is None:
        scan = scan_file(file, PARQUET)
        assert isinstance(scan, FileScan), scan
        columns = scan.columns
    batches = list(read_file(file, PARQUET, columns))
    assert all(isinstance(batch, RowBatch) for batch in batches), batches
    return [row for batch in batches if isinstance(batch, RowBatch) for row in batch.rows]


def one(kind: Any, value: object) -> tuple[ColumnType, Any]:
    """The type of a column of that kind, and what its value becomes."""
    file = written({"a": pa.array([value, None], type=kind)})
    scan = scan_file(file, PARQUET)
    assert isinstance(scan, FileScan), scan
    [[found], [nothing]] = read(file)
    assert (nothing, scan.row_count) == (None, 2)
    return scan.columns[0].data_type, found


@pytest.mark.parametrize(
    ("kind", "value", "column_type", "cell"),
    [
        (pa.int8(), -5, ColumnType.INTEGER, -5),
        (pa.int64(), 2**63 - 1, ColumnType.INTEGER, 2**63 - 1),
        (pa.uint64(), 2**64 - 1, ColumnType.DECIMAL, Decimal(2**64 - 1)),
        (pa.float32(), 0.5, ColumnType.NUMBER, 0.5),
        (pa.float64(), 1e300, ColumnType.NUMBER, 1e300),
        (pa.decimal128(20, 4), Decimal("12.3400"), ColumnType.DECIMAL, Decimal("12.3400")),
        (pa.bool_(), False, ColumnType.BOOLEAN, False),
        (pa.date32(), date(2024, 2, 29), ColumnType.DATE, date(2024, 2, 29)),
        (pa.timestamp("ms"), datetime(2024, 1, 1, 12), ColumnType.DATETIME, datetime(2024, 1, 1, 12, tzinfo=UTC)),  # noqa: DTZ001 - without a zone on purpose
        (
            pa.timestamp("us", tz="America/New_York"),
            datetime(2024, 1, 1, 12, 0, 0, 1, tzinfo=UTC),
            ColumnType.DATETIME,
            datetime(2024, 1, 1, 12, 0, 0, 1, tzinfo=UTC),
        ),
        (pa.string(), "ü", ColumnType.STRING, "ü"),
        (pa.large_string(), "", ColumnType.STRING, ""),
        (pa.dictionary(pa.int32(), pa.string()), "x", ColumnType.STRING, "x"),
        (pa.list_(pa.int32()), [1, 2], ColumnType.JSON, "[1,2]"),
        (pa.struct([("a", pa.int32())]), {"a": 1}, ColumnType.JSON, '{"a":1}'),
    ],
    ids=str,
)
def test_a_value_comes_over_exactly(kind: Any, value: object, column_type: ColumnType, cell: object) -> None:
    assert one(kind, value) == (column_type, cell)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.float64(), float("nan")),
        (pa.float64(), float("inf")),
        (pa.string(), "a\0b"),
        (pa.binary(), b"x"),
        (pa.timestamp("ns"), 1),
    ],
    ids=str,
)
def test_what_has_no_twin_is_refused(kind: Any, value: object) -> None:
    file = written({"a": pa.array([value], type=kind)})
    scan = scan_file(file, PARQUET)
    assert isinstance(scan, FileScan)
    [last] = read_file(file, PARQUET, scan.columns)
    assert isinstance(last, Refused)


def test_columns_go_by_name_and_those_left_out_are_null() -> None:
    columns = [Column(name=name, data_type=ColumnType.STRING) for name in ("a", "b", "c")]
    assert read(written({"c": ["x"], "a": ["y"]}), columns) == [("y", None, "x")]
    [last] = read_file(written({"d": ["x"]}), PARQUET, columns)
    assert isinstance(last, Refused) and last.problems[0].code == "unknown_column"


def test_many_row_groups_are_read_in_order() -> None:
    count = 2 * BATCH_ROWS + 3
    file = written({"n": list(range(count))}, row_group_size=1_000, compression="zstd")
    assert read(file) == [(at,) for at in range(count)]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", b"id,name\n1,2\n"])
def test_what_is_no_parquet_is_refused(content: bytes) -> None:
    found = scan_file(BytesIO(content), PARQUET)
    assert isinstance(found, Refused) and found.problems[0].code == "unreadable"


def test_a_damaged_page_is_refused() -> None:
    whole = written({"a": [str(at) * 50 for at in range(1_000)]}, compression="snappy").getvalue()
    broken = BytesIO(whole[:200] + bytes(200) + whole[400:])
    columns = [Column(name="a", data_type=ColumnType.STRING)]
    *_, last = read_file(broken, PARQUET, columns)
    assert isinstance(last, Refused)
