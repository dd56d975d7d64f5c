"""The filter grammar."""

import fnmatch
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.charts.filters import (
    OPS_BY_TYPE,
    BoundFilter,
    Filter,
    Op,
    bind_filters,
    like_pattern,
    parse_filters,
)
from app.domain.grid.column import ColumnType
from app.domain.problems import Refused
from tests.domain.strategies import column, json_values, relaxed

COLUMNS = [column(f"a_{data_type}", data_type) for data_type in ColumnType]


def _bound(raw: list[object]) -> tuple[BoundFilter, ...]:
    filters = parse_filters(raw)
    assert isinstance(filters, tuple), filters
    bound = bind_filters(filters, COLUMNS)
    assert isinstance(bound, tuple), bound
    return bound


def _problems(found: object) -> list[tuple[Any, str]]:
    assert isinstance(found, Refused), found
    return [(problem.loc, problem.code) for problem in found.problems]


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        ({"column": "a_string", "op": "eq", "value": "x"}, ("x",)),
        ({"column": "a_string", "op": "contains", "value": "5%"}, ("5%",)),
        ({"column": "a_integer", "op": "in", "value": [1, "9007199254740993"]}, (1, 9007199254740993)),
        ({"column": "a_number", "op": "between", "value": [1, 2.5]}, (1.0, 2.5)),
        ({"column": "a_decimal", "op": "gt", "value": "0.10"}, (Decimal("0.10"),)),
        ({"column": "a_boolean", "op": "ne", "value": False}, (False,)),
        ({"column": "a_date", "op": "gte", "value": "2024-01-01"}, (date(2024, 1, 1),)),
        ({"column": "a_datetime", "op": "lt", "value": "2024-01-01"}, (datetime(2024, 1, 1, tzinfo=UTC),)),
        ({"column": "a_json", "op": "is_null"}, ()),
        ({"column": "a_json", "op": "not_null", "value": None}, ()),
    ],
)
def test_a_filter_is_bound_to_its_column_with_typed_values(raw: dict[str, Any], values: tuple[object, ...]) -> None:
    (found,) = _bound([raw])
    assert (found.column.name, found.op.value, found.values) == (raw["column"], raw["op"], values)
    assert [type(value) for value in found.values] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("raw", "loc", "code"),
    [
        ({"op": "eq", "value": 1}, ("column",), "missing"),
        ({"column": "a", "value": 1}, ("op",), "missing"),
        ({"column": "a", "op": "like", "value": "x"}, ("op",), "literal_error"),
        ({"column": "a", "op": "EQ", "value": "x"}, ("op",), "literal_error"),
        ({"column": "a", "op": "eq"}, ("value",), "missing"),
        ({"column": "a", "op": "eq", "value": None}, ("value",), "value_error"),
        ({"column": "a", "op": "eq", "value": {"$gt": 1}}, ("value",), "value_error"),
        ({"column": "a", "op": "eq", "value": [1]}, ("value",), "value_error"),
        ({"column": "a", "op": "eq", "value": "a\0"}, ("value",), "unstorable_text"),
        ({"column": "a", "op": "eq", "value": 2**63}, ("value",), "out_of_range"),
        ({"column": "a", "op": "eq", "value": float("inf")}, ("value",), "out_of_range"),
        ({"column": "a", "op": "in", "value": []}, ("value",), "too_short"),
        ({"column": "a", "op": "in", "value": [1] * 501}, ("value",), "too_long"),
        ({"column": "a", "op": "in", "value": 1}, ("value",), "list_type"),
        ({"column": "a", "op": "in", "value": None}, ("value",), "list_type"),
        ({"column": "a", "op": "not_in", "value": [1, None]}, ("value", 1), "value_error"),
        ({"column": "a", "op": "between", "value": [1]}, ("value",), "too_short"),
        ({"column": "a", "op": "between", "value": [1, 2, 3]}, ("value",), "too_long"),
        ({"column": "a", "op": "is_null", "value": False}, ("value",), "value_error"),
        ({"column": "a", "op": "eq", "value": 1, "not": True}, ("not",), "extra_forbidden"),
    ],
)
def test_a_malformed_filter_is_refused_where_it_is_wrong(raw: object, loc: tuple[Any, ...], code: str) -> None:
    found = parse_filters([{"column": "a", "op": "is_null"}, raw], ("body", "filters"))
    assert _problems(found) == [(("body", "filters", 1, *loc), code)]


@pytest.mark.parametrize("raw", [None, {}, "a = 1"])
def test_filters_are_a_list(raw: object) -> None:
    assert _problems(parse_filters(raw, ("filters",))) == [(("filters",), "list_type")]


@pytest.mark.parametrize(
    ("item", "loc", "code"),
    [
        (Filter(column="nope", op=Op.IS_NULL), ("column",), "unknown_column"),
        (Filter(column="a_integer", op=Op.EQ, value="abc"), ("value",), "int_type"),
        (Filter(column="a_integer", op=Op.IN, value=(1, 2.5)), ("value", 1), "int_type"),
        (Filter(column="a_string", op=Op.EQ, value=1), ("value",), "string_type"),
        (Filter(column="a_boolean", op=Op.EQ, value=1), ("value",), "bool_type"),
        (Filter(column="a_date", op=Op.BETWEEN, value=("2024-01-01", "x")), ("value", 1), "date_type"),
        (Filter(column="a_integer", op=Op.CONTAINS, value="1"), ("op",), "value_error"),
        (Filter(column="a_boolean", op=Op.GT, value=True), ("op",), "value_error"),
        (Filter(column="a_json", op=Op.EQ, value="x"), ("op",), "value_error"),
    ],
)
def test_a_filter_that_does_not_fit_its_column_is_refused(item: Filter, loc: tuple[Any, ...], code: str) -> None:
    assert _problems(bind_filters([item], COLUMNS, ("filters",))) == [(("filters", 0, *loc), code)]


def test_every_type_has_its_operations() -> None:
    assert set(OPS_BY_TYPE) == set(ColumnType)
    assert OPS_BY_TYPE[ColumnType.STRING] == frozenset(Op)


@relaxed
@given(json_values)
def test_any_json_is_filters_or_is_refused(raw: object) -> None:
    assert isinstance(parse_filters(raw), tuple | Refused)
    assert isinstance(parse_filters([raw]), tuple | Refused)


def test_filters_go_out_as_they_came_in() -> None:
    raw = [
        {"column": "a", "op": "in", "value": [1, "x", True]},
        {"column": "b", "op": "eq", "value": False},
        {"column": "c", "op": "not_null"},
    ]
    filters = parse_filters(raw)
    assert isinstance(filters, tuple)
    assert [item.to_wire() for item in filters] == raw


@pytest.mark.parametrize(
    ("op", "text", "pattern"),
    [
        (Op.CONTAINS, "abc", "%abc%"),
        (Op.NOT_CONTAINS, "abc", "%abc%"),
        (Op.STARTS_WITH, "abc", "abc%"),
        (Op.ENDS_WITH, "abc", "%abc"),
        (Op.CONTAINS, "50%_\\", "%50\\%\\_\\\\%"),
        (Op.CONTAINS, "", "%%"),
    ],
)
def test_wildcards_of_the_caller_are_plain_characters(op: Op, text: str, pattern: str) -> None:
    assert like_pattern(op, text) == pattern


def _matches(pattern: str, text: str) -> bool:
    """LIKE with backslash as escape, by way of shell patterns."""
    shell, letters = "", iter(pattern)
    for letter in letters:
        if letter == "\\":
            letter = next(letters)
            shell += f"[{letter}]" if letter != "\\" else "\\"
        else:
            shell += {"%": "*", "_": "?"}.get(letter, letter)
    return fnmatch.fnmatchcase(text, shell)


@relaxed
@given(st.text("ab%_\\", max_size=4), st.text("ab%_\\", max_size=6))
def test_a_pattern_finds_what_plain_text_search_finds(needle: str, text: str) -> None:
    assert _matches(like_pattern(Op.CONTAINS, needle), text) == (needle in text)
    assert _matches(like_pattern(Op.STARTS_WITH, needle), text) == text.startswith(needle)
    assert _matches(like_pattern(Op.ENDS_WITH, needle), text) == text.endswith(needle)
