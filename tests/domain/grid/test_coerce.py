"""JSON values become cells exactly, or not at all."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.grid.coerce import STRING_BYTES_MAX, Cell, coerce
from app.domain.grid.column import ColumnType
from app.domain.grid.wire import to_wire
from app.domain.problems import Problem
from tests.domain.strategies import relaxed, wire_cells

DEEP: Any = "bottom"
for _ in range(65):
    DEEP = [DEEP]

ACCEPTED: list[tuple[str, object, Cell]] = [
    ("string", "", ""),
    ("string", "Zürich 🚲", "Zürich 🚲"),
    ("string", "x" * STRING_BYTES_MAX, "x" * STRING_BYTES_MAX),
    ("integer", 12, 12),
    ("integer", 12.0, 12),
    ("integer", "12", 12),
    ("integer", "-9223372036854775808", -(2**63)),
    ("integer", 2**53 + 1, 2**53 + 1),
    ("number", 12, 12.0),
    ("number", 0.1, 0.1),
    ("number", "12.5", 12.5),
    ("number", "1e3", 1000.0),
    ("number", "-.5", -0.5),
    ("decimal", "12.50", Decimal("12.50")),
    ("decimal", 12, Decimal(12)),
    ("decimal", 0.1, Decimal("0.1")),
    ("decimal", "9" * 1000, Decimal("9" * 1000)),
    ("boolean", True, True),
    ("date", "2024-02-29", date(2024, 2, 29)),
    ("datetime", "2024-01-01T12:00:00Z", datetime(2024, 1, 1, 12, tzinfo=UTC)),
    ("datetime", "2024-01-01T12:00:00", datetime(2024, 1, 1, 12, tzinfo=UTC)),
    ("datetime", "2024-01-01 12:00", datetime(2024, 1, 1, 12, tzinfo=UTC)),
    ("datetime", "2024-01-01T12:00:00.5+02:00", datetime(2024, 1, 1, 10, 0, 0, 500_000, tzinfo=UTC)),
    ("datetime", "2024-01-01", datetime(2024, 1, 1, tzinfo=UTC)),
    ("json", {"a": [1, None, "é"]}, '{"a":[1,null,"é"]}'),
    ("json", "text", '"text"'),
]

REFUSED: list[tuple[str, object, str]] = [
    ("string", 1, "string_type"),
    ("string", ["a"], "string_type"),
    ("string", "a\0b", "unstorable_text"),
    ("string", "a\ud800", "unstorable_text"),
    ("string", "x" * (STRING_BYTES_MAX + 1), "string_too_long"),
    ("string", "é" * (STRING_BYTES_MAX // 2 + 1), "string_too_long"),
    ("integer", True, "int_type"),
    ("integer", 12.5, "int_type"),
    ("integer", 1e300, "int_type"),
    ("integer", float("nan"), "int_type"),
    ("integer", "12.5", "int_type"),
    ("integer", "12.0", "int_type"),
    ("integer", " 12", "int_type"),
    ("integer", "+12", "int_type"),
    ("integer", "012", "int_type"),
    ("integer", "1_000", "int_type"),
    ("integer", "١٢", "int_type"),
    ("integer", "", "int_type"),
    ("integer", "12\n", "int_type"),
    ("integer", 2**63, "out_of_range"),
    ("integer", "9223372036854775808", "out_of_range"),
    ("integer", "9" * 5000, "int_type"),
    ("number", False, "number_type"),
    ("number", "1,5", "number_type"),
    ("number", "NaN", "number_type"),
    ("number", "inf", "number_type"),
    ("number", "0x10", "number_type"),
    ("number", "5.", "number_type"),
    ("number", float("inf"), "out_of_range"),
    ("number", float("nan"), "out_of_range"),
    ("number", "1e400", "out_of_range"),
    ("number", 10**400, "out_of_range"),
    ("decimal", True, "decimal_type"),
    ("decimal", "NaN", "decimal_type"),
    ("decimal", "sNaN", "decimal_type"),
    ("decimal", float("inf"), "out_of_range"),
    ("decimal", "9" * 1001, "out_of_range"),
    ("decimal", 10**1000, "out_of_range"),
    ("decimal", -(10**4000), "out_of_range"),
    ("decimal", "1e9999", "out_of_range"),
    ("decimal", "1e99999999999999999999", "decimal_type"),
    ("boolean", 1, "bool_type"),
    ("boolean", "true", "bool_type"),
    ("date", "2024-02-30", "date_type"),
    ("date", "2024/02/28", "date_type"),
    ("date", "20240228", "date_type"),
    ("date", "2024-W01-1", "date_type"),
    ("date", "2024-01-01T00:00:00", "date_type"),
    ("date", 20240101, "date_type"),
    ("datetime", "2024-01-01T25:00:00", "datetime_type"),
    ("datetime", "2024-01-01T12:00:00.1234567", "datetime_type"),
    ("datetime", "2024-01-01T12:00:00 UTC", "datetime_type"),
    ("datetime", "0001-01-01T00:00:00+10:00", "datetime_type"),
    ("datetime", 1704110400, "datetime_type"),
    ("json", {"a": "\0"}, "json_type"),
    ("json", {"a\ud800": 1}, "json_type"),
    ("json", [float("nan")], "json_type"),
    ("json", [2**64], "json_type"),
    ("json", DEEP, "json_type"),
    ("json", "x" * STRING_BYTES_MAX, "json_type"),
]


def _short(value: object) -> str | None:
    return value[:20] if isinstance(value, str) else None


@pytest.mark.parametrize(("data_type", "value", "cell"), ACCEPTED, ids=_short)
def test_an_exact_value_becomes_a_cell(data_type: str, value: object, cell: Cell) -> None:
    found = coerce(value, ColumnType(data_type))
    assert (type(found), found) == (type(cell), cell)


@pytest.mark.parametrize(("data_type", "value", "code"), REFUSED, ids=_short)
def test_anything_else_is_refused_where_it_stands(data_type: str, value: object, code: str) -> None:
    found = coerce(value, ColumnType(data_type), ("body", "newValue"))
    assert isinstance(found, Problem)
    assert (found.loc, found.code) == (("body", "newValue"), code)


@pytest.mark.parametrize("column_type", ColumnType)
def test_null_fits_every_column(column_type: ColumnType) -> None:
    assert coerce(None, column_type) is None
    assert to_wire(None, column_type) is None


@relaxed
@given(st.data())
def test_what_the_server_sends_comes_back_unchanged(data: st.DataObject) -> None:
    column_type = data.draw(st.sampled_from(ColumnType))
    value = data.draw(wire_cells(column_type))
    cell = coerce(value, column_type)
    assert not isinstance(cell, Problem)
    wire = to_wire(cell, column_type)
    assert wire == value
    assert coerce(wire, column_type) == cell


@relaxed
@given(st.sampled_from(ColumnType), st.one_of(st.text(), st.floats(), st.integers(), st.lists(st.text())))
def test_no_value_raises(column_type: ColumnType, value: object) -> None:
    found = coerce(value, column_type)
    assert isinstance(found, Problem) or to_wire(found, column_type) is not None
