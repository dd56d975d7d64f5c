"""Cells as JSON."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.grid.column import Column, ColumnType
from app.domain.grid.wire import to_wire, wire_column, wire_encoders, wire_rows
from tests.domain.strategies import column, relaxed


@pytest.mark.parametrize(
    ("data_type", "cell", "wire"),
    [
        ("string", "a", "a"),
        ("integer", 2**53, 2**53),
        ("integer", 2**53 + 1, "9007199254740993"),
        ("integer", -(2**53) - 1, "-9007199254740993"),
        ("number", 0.5, 0.5),
        ("number", float("nan"), None),
        ("number", float("-inf"), None),
        ("decimal", Decimal("1.50"), "1.50"),
        ("decimal", Decimal("1E+3"), "1000"),
        ("decimal", Decimal("NaN"), None),
        ("boolean", False, False),
        ("date", date(24, 1, 2), "0024-01-02"),
        ("datetime", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "2024-01-02T03:04:05Z"),
        ("datetime", datetime(2024, 1, 2, 3, 4, 5, 600, tzinfo=UTC), "2024-01-02T03:04:05.000600Z"),
        ("datetime", datetime(2024, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), "2024-01-02T01:00:00Z"),
        ("json", '{"a":[1,null]}', {"a": [1, None]}),
    ],
)
def test_each_type_has_one_form(data_type: str, cell: object, wire: object) -> None:
    assert to_wire(cell, ColumnType(data_type)) == wire


def test_plain_columns_need_no_encoder() -> None:
    columns = [column("a", "string"), column("b", "boolean")]
    assert wire_encoders(columns) == (None, None)


COLUMNS: list[Column] = [column("i", "integer"), column("n", "number"), column("s", "string"), column("d", "date")]


def test_a_page_is_objects_by_column_name() -> None:
    rows = [(1, 0.5, "a", date(2024, 1, 1)), (None, None, None, None)]
    assert wire_rows(rows, COLUMNS) == [
        {"i": 1, "n": 0.5, "s": "a", "d": "2024-01-01"},
        {"i": None, "n": None, "s": None, "d": None},
    ]


def test_one_large_value_does_not_change_the_others() -> None:
    rows = [(2**60, float("inf"), "a", None), (0, 1.0, "b", None), (None, None, "c", None)]
    assert wire_rows(rows, COLUMNS[:3] + COLUMNS[3:]) == [
        {"i": str(2**60), "n": None, "s": "a", "d": None},
        {"i": 0, "n": 1.0, "s": "b", "d": None},
        {"i": None, "n": None, "s": "c", "d": None},
    ]


def test_values_whose_sum_overflows_are_still_values() -> None:
    assert wire_rows([(1.7e308,), (1.7e308,)], [column("n", "number")]) == [{"n": 1.7e308}, {"n": 1.7e308}]


EAST = timezone(timedelta(hours=2))
CELLS = {
    ColumnType.INTEGER: st.integers(-(2**63), 2**63 - 1),
    ColumnType.NUMBER: st.floats(),
    ColumnType.DECIMAL: st.decimals(),
    ColumnType.DATE: st.dates(),
    ColumnType.DATETIME: st.datetimes(timezones=st.just(UTC)) | st.just(datetime(2024, 1, 2, 3, tzinfo=EAST)),
}


@relaxed
@given(st.data(), st.sampled_from(sorted(CELLS)), st.booleans())
def test_a_column_looks_like_each_of_its_cells(data: st.DataObject, kind: ColumnType, nulls: bool) -> None:
    cell = CELLS[kind]
    values = data.draw(st.lists(st.none() | cell if nulls else cell, max_size=6))
    assert list(wire_column(values, kind)) == [to_wire(value, kind) for value in values]


def test_an_empty_page_is_empty() -> None:
    assert wire_rows([], COLUMNS) == []
