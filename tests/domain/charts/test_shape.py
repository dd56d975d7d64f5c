"""Fetched rows become chart data."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from app.domain.charts.parse import parse_spec
from app.domain.charts.plan import ChartPlan, make_plan
from app.domain.charts.shape import ChartData, shape_rows
from app.domain.charts.spec import ChartSpec
from tests.domain.strategies import column

COLUMNS = [column("day", "date"), column("at", "datetime"), column("city", "string"), column("n", "integer")]


def _plan(**change: Any) -> ChartPlan:
    raw = {"kind": "bar", "x": {"column": "day"}, "y": [{"column": "n", "agg": "sum"}], **change}
    spec = parse_spec(raw)
    assert isinstance(spec, ChartSpec), spec
    plan = make_plan(spec, COLUMNS)
    assert isinstance(plan, ChartPlan), plan
    return plan


def test_one_measure_gives_a_row_for_each_x() -> None:
    fetched = [(date(2024, 1, 1), Decimal(3)), (None, None)]
    assert shape_rows(_plan(), fetched) == ChartData(
        x_column="day",
        group_column=None,
        y_label="Sum of n",
        rows=[{"x": "2024-01-01", "y": 3, "group": None}, {"x": None, "y": None, "group": None}],
        truncated=False,
    )


def test_a_group_stands_in_each_row() -> None:
    plan = _plan(x={"column": "n"}, group={"column": "at"})
    data = shape_rows(plan, [(2**60, datetime(2024, 1, 1, tzinfo=UTC), 1), (1, None, 2)])
    assert (data.x_column, data.group_column) == ("n", "at")
    assert data.rows == [
        {"x": str(2**60), "y": 1, "group": "2024-01-01T00:00:00Z"},
        {"x": 1, "y": 2, "group": None},
    ]


def test_several_measures_give_one_row_each_in_long_form() -> None:
    plan = _plan(y=[{"column": "n", "agg": "sum"}, {"column": "*", "agg": "count", "label": "rows"}])
    data = shape_rows(plan, [(date(2024, 1, 1), Decimal("2.5"), 1), (date(2024, 1, 2), None, 0)])
    assert (data.group_column, data.y_label) == (None, None)
    assert [(row["x"], row["group"], row["y"]) for row in data.rows] == [
        ("2024-01-01", "Sum of n", 2.5),
        ("2024-01-01", "rows", 1),
        ("2024-01-02", "Sum of n", None),
        ("2024-01-02", "rows", 0),
    ]


@pytest.mark.parametrize(
    ("change", "fetched", "shown", "truncated"),
    [
        ({"limit": 2}, [(None, 1)] * 2, 2, False),
        ({"limit": 2}, [(None, 1)] * 3, 2, True),
        ({"limit": 3, "y": [{"column": "n", "agg": agg} for agg in ("sum", "avg")]}, [(None, 1, 1)] * 1, 2, False),
        ({"limit": 3, "y": [{"column": "n", "agg": agg} for agg in ("sum", "avg")]}, [(None, 1, 1)] * 2, 3, True),
        ({}, [], 0, False),
    ],
)
def test_the_limit_counts_result_rows(
    change: dict[str, Any], fetched: list[tuple[object, ...]], shown: int, truncated: bool
) -> None:
    data = shape_rows(_plan(**change), fetched)
    assert (len(data.rows), data.truncated) == (shown, truncated)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (Decimal("2.50"), 2.5),
        (Decimal("3.0000"), 3),
        (Decimal(10) ** 30, 1e30),
        (Decimal("1e400"), None),
        (Decimal("NaN"), None),
        (float("inf"), None),
        (float("nan"), None),
        (2**53, 2**53),
        (2**62, float(2**62)),
        (0.1, 0.1),
        (None, None),
    ],
)
def test_y_is_always_a_json_number_or_null(stored: object, shown: object) -> None:
    (row,) = shape_rows(_plan(), [(None, stored)]).rows
    assert (type(row["y"]), row["y"]) == (type(shown), shown)
    assert orjson.loads(orjson.dumps(row)) == row
