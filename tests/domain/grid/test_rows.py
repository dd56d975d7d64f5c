"""Rows of a call become typed tuples."""

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.grid.bulk import STRICT, convert_column
from app.domain.grid.coerce import CELLS, BadCell, coerce
from app.domain.grid.column import ColumnType
from app.domain.grid.rows import coerce_rows
from app.domain.problems import PROBLEMS_MAX, Problem, Refused
from tests.domain.strategies import column, relaxed, wire_cells

COLUMNS = [column("id", "integer"), column("name", "string"), column("day", "date")]


def _where(found: object) -> list[tuple[Any, str]]:
    assert isinstance(found, Refused)
    return [(problem.loc, problem.code) for problem in found.problems]


def test_objects_are_read_by_name_and_a_missing_key_is_null() -> None:
    rows = [{"name": "a", "id": 1, "day": "2024-01-01"}, {"id": "2"}, {}]
    assert coerce_rows(rows, COLUMNS) == [(1, "a", date(2024, 1, 1)), (2, None, None), (None, None, None)]


def test_arrays_are_read_in_column_order() -> None:
    assert coerce_rows([[1, "a", None], [2, "b", "2024-01-01"]], COLUMNS) == [
        (1, "a", None),
        (2, "b", date(2024, 1, 1)),
    ]


def test_objects_and_arrays_may_stand_side_by_side() -> None:
    assert coerce_rows([[1, "a", None], {"id": 2}], COLUMNS) == [(1, "a", None), (2, None, None)]


def test_no_rows_are_no_rows() -> None:
    assert coerce_rows([], COLUMNS) == []


def test_every_problem_is_reported_in_the_order_of_the_rows() -> None:
    rows: list[object] = [
        {"id": "x", "name": 1},
        {"id": 1, "nome": "a", "\ud800": 1},
        [1, 2],
        "row",
        {"id": 2.5, "day": "yesterday"},
        {"id": 3},
    ]
    assert _where(coerce_rows(rows, COLUMNS, ("rows",))) == [
        (("rows", 0, "id"), "int_type"),
        (("rows", 0, "name"), "string_type"),
        (("rows", 1, "nome"), "unknown_column"),
        (("rows", 1, "'\\ud800'"), "unknown_column"),
        (("rows", 2), "row_length"),
        (("rows", 3), "row_type"),
        (("rows", 4, "id"), "int_type"),
        (("rows", 4, "day"), "date_type"),
    ]


def test_problems_are_bounded_and_the_first_ones_win() -> None:
    rows = [{"id": index} for index in range(10)] + [{"id": "x", "name": 1} for _ in range(1_000)]
    found = _where(coerce_rows(rows, COLUMNS))
    assert len(found) == PROBLEMS_MAX
    assert found[:3] == [((10, "id"), "int_type"), ((10, "name"), "string_type"), ((11, "id"), "int_type")]
    shapeless = _where(coerce_rows(["x"] * 1_000, COLUMNS))
    assert len(shapeless) == PROBLEMS_MAX


MESSY = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(["1", "-0", "2.5", "\0"])
)


def _cell_by_cell(values: list[Any], column_type: ColumnType) -> list[Any] | None:
    try:
        return [None if value is None else CELLS[column_type](value) for value in values]
    except BadCell:
        return None


@relaxed
@given(st.data())
def test_a_whole_column_is_judged_like_its_cells(data: st.DataObject) -> None:
    column_type = data.draw(st.sampled_from(ColumnType))
    values = data.draw(st.lists(st.one_of(MESSY, wire_cells(column_type)), max_size=6))
    expected = _cell_by_cell(values, column_type)
    found = convert_column(values, STRICT[column_type])
    assert repr(None if found is None else list(found)) == repr(expected)


@relaxed
@given(st.data())
def test_rows_are_judged_like_single_cells(data: st.DataObject) -> None:
    values = data.draw(st.lists(st.one_of(MESSY, st.integers(), st.text(max_size=3)), max_size=6))
    rows = [{"id": value, "name": value} for value in values]
    single = [[coerce(value, each.data_type) for each in COLUMNS[:2]] for value in values]
    found = coerce_rows(rows, COLUMNS[:2])
    bad = sum(isinstance(cell, Problem) for cells in single for cell in cells)
    if bad:
        assert isinstance(found, Refused)
        assert len(found.problems) == bad
    else:
        assert repr(found) == repr([tuple(cells) for cells in single])
