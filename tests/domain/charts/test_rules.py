"""Chart specs against the columns of their table."""

from typing import Any

import pytest

from app.domain.charts.parse import parse_spec
from app.domain.charts.rules import spec_problems
from app.domain.charts.spec import ChartSpec
from tests.domain.strategies import column

COLUMNS = [
    column("day", "date"),
    column("city", "string"),
    column("rain", "number"),
    column("price", "decimal"),
    column("days", "integer"),
    column("wet", "boolean"),
    column("notes", "json"),
]
SUM = {"column": "rain", "agg": "sum"}


def _spec(**change: Any) -> ChartSpec:
    found = parse_spec({"kind": "bar", "x": {"column": "day"}, "y": [SUM], **change})
    assert isinstance(found, ChartSpec), found
    return found


def _problems(**change: Any) -> list[tuple[Any, str]]:
    return [(problem.loc, problem.code) for problem in spec_problems(_spec(**change), COLUMNS)]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"group": {"column": "city"}},
        {"x": {"column": "wet"}, "y": [{"column": "price", "agg": "median"}, {"column": "days", "agg": "avg"}]},
        {"y": [{"column": "*", "agg": "count"}, {"column": "city", "agg": "count_distinct"}]},
        {"y": [{"column": "notes", "agg": "count"}]},
        {"kind": "pie", "x": {"column": "city"}},
        {"kind": "scatter", "y": [{"column": "rain", "agg": "none"}, {"column": "days", "agg": "none"}]},
        {"y": [SUM, {**SUM, "label": "again"}]},
        {"filters": [{"column": "city", "op": "contains", "value": "a"}]},
    ],
)
def test_a_spec_that_fits_has_no_problem(change: dict[str, Any]) -> None:
    assert _problems(**change) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"x": {"column": "nope"}}, [(("x", "column"), "unknown_column")]),
        ({"group": {"column": "nope"}}, [(("group", "column"), "unknown_column")]),
        ({"y": [{"column": "nope", "agg": "sum"}]}, [(("y", 0, "column"), "unknown_column")]),
        ({"y": [{"column": "*", "agg": "sum"}]}, [(("y", 0, "column"), "value_error")]),
        ({"y": [{"column": "*", "agg": "count_distinct"}]}, [(("y", 0, "column"), "value_error")]),
        ({"y": [{"column": "city", "agg": "sum"}]}, [(("y", 0, "agg"), "value_error")]),
        ({"y": [{"column": "wet", "agg": "avg"}]}, [(("y", 0, "agg"), "value_error")]),
        ({"y": [{"column": "day", "agg": "max"}]}, [(("y", 0, "agg"), "value_error")]),
        ({"y": [{"column": "city", "agg": "none"}]}, [(("y", 0, "agg"), "value_error")]),
        ({"x": {"column": "notes"}}, [(("x", "column"), "value_error")]),
        ({"group": {"column": "notes"}}, [(("group", "column"), "value_error")]),
        (
            {"y": [SUM, {"column": "rain", "agg": "none"}]},
            [(("y", 0, "agg"), "value_error")],
        ),
        (
            {"group": {"column": "city"}, "y": [SUM, {"column": "days", "agg": "sum"}]},
            [(("group",), "value_error")],
        ),
        ({"y": [SUM, SUM]}, [(("y", 0, "label"), "value_error"), (("y", 1, "label"), "value_error")]),
        (
            {"kind": "pie", "y": [SUM, {"column": "days", "agg": "sum"}]},
            [(("y",), "value_error")],
        ),
        ({"kind": "donut", "group": {"column": "city"}}, [(("group",), "value_error")]),
        (
            {"filters": [{"column": "rain", "op": "eq", "value": "wet"}, {"column": "?", "op": "is_null"}]},
            [(("filters", 0, "value"), "number_type"), (("filters", 1, "column"), "unknown_column")],
        ),
    ],
)
def test_each_rule_says_where_it_is_broken(change: dict[str, Any], expected: list[tuple[Any, str]]) -> None:
    assert _problems(**change) == expected


def test_several_broken_rules_are_reported_together_under_the_callers_place() -> None:
    spec = _spec(kind="pie", x={"column": "nope"}, group={"column": "city"})
    found = spec_problems(spec, COLUMNS, ("body", "spec"))
    assert [problem.loc for problem in found] == [("body", "spec", "x", "column"), ("body", "spec", "group")]
