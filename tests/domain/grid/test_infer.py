"""Which type a column of a file gets."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.grid.bulk import convert_column
from app.domain.grid.column import ColumnType
from app.domain.grid.filecells import FROM_JSON, FROM_TEXT
from app.domain.grid.infer import JsonGuess, TextGuess
from tests.domain.strategies import cell_texts, dates, instants, json_values, numerals, relaxed, text


def _of_text(values: list[str]) -> str:
    guess = TextGuess()
    guess.feed_many(values)
    return guess.result().value


def _of_json(values: list[Any]) -> str:
    guess = JsonGuess()
    guess.feed_many(values)
    return guess.result().value


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], "string"),
        (["", ""], "string"),
        (["1", "-2", ""], "integer"),
        (["0"], "integer"),
        (["9223372036854775807"], "integer"),
        (["9223372036854775808"], "decimal"),
        (["1", "2.5"], "number"),
        (["1e3"], "number"),
        (["-0"], "number"),
        (["0.1", "-118.29155659999998"], "number"),
        (["0.12345678901234567890"], "decimal"),
        (["9007199254740993", "0.5"], "decimal"),
        (["9007199254740992", "0.5"], "number"),
        (["1e400"], "decimal"),
        (["1e5000"], "string"),
        (["9" * 2000], "string"),
        (["02134"], "string"),
        (["+1"], "string"),
        (["1,5"], "string"),
        (["NaN"], "string"),
        ([" 1"], "string"),
        (["true", "FALSE", ""], "boolean"),
        (["true", "1"], "string"),
        (["yes"], "string"),
        (["2012-01-31", "2012/01/31", "Jan 31 2012"], "date"),
        (["2012-02-30"], "string"),
        (["31/01/2012"], "string"),
        (["2012-01-31", "2012-01-31T10:00:00Z"], "datetime"),
        (["2010/01/01 00:00"], "datetime"),
        (["2010-01-01 00:00:00.123456+02:00"], "datetime"),
        (["2012-01-31", "1"], "string"),
        (["2012"], "integer"),
        (["20120131"], "integer"),
        (['{"a":1}'], "string"),
    ],
)
def test_text_gets_the_narrowest_type_that_loses_nothing(values: list[str], expected: str) -> None:
    assert _of_text(values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([None], "string"),
        ([1, None, -2], "integer"),
        ([1, 2.5], "number"),
        ([2**53 + 1, 0.5], "decimal"),
        ([2**63], "decimal"),
        ([True, None], "boolean"),
        ([True, 1], "string"),
        (["1565"], "string"),
        (["true"], "string"),
        ([""], "string"),
        (["1970-01-01", None], "date"),
        (["1970-01-01", ""], "string"),
        (["1970-01-01", "1970-01-01T00:00:00Z"], "datetime"),
        (["a", 1, 2.5, False], "string"),
        ([{"a": 1}, None], "json"),
        ([[1], "a"], "json"),
    ],
)
def test_json_keeps_the_types_it_has(values: list[Any], expected: str) -> None:
    assert _of_json(values) == expected


@relaxed
@given(st.one_of(*(st.lists(each, max_size=8) for each in (cell_texts, numerals, dates, instants, dates | instants))))
def test_text_of_an_inferred_column_always_becomes_cells(values: list[str]) -> None:
    column_type = ColumnType(_of_text(values))
    cells = convert_column([value or None for value in values], FROM_TEXT[column_type])
    assert cells is not None
    assert [cell is None for cell in cells] == [value == "" for value in values]


@relaxed
@given(
    st.lists(json_values | dates | instants, max_size=8)
    | st.lists(st.none() | st.booleans() | st.floats(-1e300, 1e300) | text | st.integers(-(2**63), 2**64 - 1))
)
def test_json_of_an_inferred_column_always_becomes_cells(values: list[Any]) -> None:
    column_type = ColumnType(_of_json(values))
    cells = convert_column(values, FROM_JSON[column_type])
    assert cells is not None
    assert [cell is None for cell in cells] == [value is None for value in values]


@relaxed
@given(st.lists(cell_texts, max_size=8), st.integers(0, 8))
def test_batches_do_not_change_the_result(values: list[str], cut: int) -> None:
    guess = TextGuess()
    guess.feed_many(values[:cut])
    for value in values[cut:]:
        guess.feed(value)
    assert guess.result() == _of_text(values)


@relaxed
@given(st.lists(numerals, min_size=1, max_size=8))
def test_a_number_column_prints_every_digit_of_its_file(values: list[str]) -> None:
    column_type = ColumnType(_of_text(values))
    cells = convert_column(values, FROM_TEXT[column_type])
    assert cells is not None
    if column_type is not ColumnType.STRING:
        assert [Decimal(repr(cell)) if isinstance(cell, float) else cell for cell in cells] == [
            Decimal(value) for value in values
        ]
