"""Plans: what is asked of storage for each kind of spec."""

from typing import Any

import pytest

from app.domain.charts.filters import BoundFilter, Filter, Op
from app.domain.charts.parse import parse_spec
from app.domain.charts.plan import ChartPlan, OrderBy, OrderStep, PlanMode, PlannedMeasure, make_plan
from app.domain.charts.spec import Agg, ChartSpec
from app.domain.problems import Refused
from tests.domain.strategies import column

DAY, CITY, RAIN, DAYS = (
    column("day", "date"),
    column("city", "string"),
    column("rain", "number"),
    column("days", "integer"),
)
COLUMNS = [DAY, CITY, RAIN, DAYS]
SUM = {"column": "rain", "agg": "sum"}
COUNT = {"column": "*", "agg": "count"}
NONE = {"column": "rain", "agg": "none"}
GROUP = {"column": "city"}


def _spec(**change: Any) -> ChartSpec:
    found = parse_spec({"kind": "bar", "x": {"column": "day"}, "y": [SUM], **change})
    assert isinstance(found, ChartSpec), found
    return found


def _plan(**change: Any) -> ChartPlan:
    found = make_plan(_spec(**change), COLUMNS)
    assert isinstance(found, ChartPlan), found
    return found


def test_one_measure_is_grouped_by_x() -> None:
    assert _plan(limit=10, filters=[{"column": "city", "op": "eq", "value": "Rome"}]) == ChartPlan(
        mode=PlanMode.SINGLE,
        x=DAY,
        group=None,
        measures=(PlannedMeasure(column=RAIN, agg=Agg.SUM, name="Sum of rain"),),
        filters=(BoundFilter(column=CITY, op=Op.EQ, values=("Rome",)),),
        order=(OrderStep(by=OrderBy.X),),
        fetch=11,
        limit=10,
        label="Sum of rain",
    )


def test_counted_rows_have_no_column() -> None:
    assert _plan(y=[COUNT]).measures == (PlannedMeasure(column=None, agg=Agg.COUNT, name="Count of rows"),)


@pytest.mark.parametrize(
    ("change", "mode", "label"),
    [
        ({}, PlanMode.SINGLE, "Sum of rain"),
        ({"group": GROUP}, PlanMode.SINGLE, "Sum of rain"),
        ({"y": [{**SUM, "label": "mm"}]}, PlanMode.SINGLE, "mm"),
        ({"y": [SUM, COUNT]}, PlanMode.LONG, None),
        ({"y": [NONE]}, PlanMode.RAW, "rain"),
        ({"y": [NONE, {"column": "days", "agg": "none"}]}, PlanMode.RAW, None),
    ],
)
def test_the_measures_decide_the_mode(change: dict[str, Any], mode: PlanMode, label: str | None) -> None:
    plan = _plan(**change)
    assert (plan.mode, plan.label) == (mode, label)


@pytest.mark.parametrize(
    ("change", "order"),
    [
        ({}, ["x"]),
        ({"sort": {"order": "desc"}}, ["-x"]),
        ({"sort": {"by": "y", "order": "desc"}}, ["-y", "x"]),
        ({"group": GROUP, "sort": {"order": "desc"}}, ["-x", "group"]),
        ({"group": GROUP, "sort": {"by": "y"}}, ["x_total", "x", "group"]),
        ({"y": [SUM, COUNT], "sort": {"by": "y", "order": "desc"}}, ["-y", "x"]),
        ({"y": [NONE], "group": GROUP, "sort": {"by": "y"}}, ["y", "x"]),
    ],
)
def test_the_order_is_total_and_keeps_series_aligned(change: dict[str, Any], order: list[str]) -> None:
    steps = _plan(**change).order
    assert [("-" if step.descending else "") + step.by for step in steps] == order


@pytest.mark.parametrize(
    ("measures", "limit", "fetch"), [(1, 1000, 1001), (2, 1000, 501), (2, 1001, 501), (3, 1, 1), (8, 5000, 626)]
)
def test_enough_rows_are_asked_for_to_see_whether_more_exist(measures: int, limit: int, fetch: int) -> None:
    y = [{**SUM, "label": f"m{index}"} for index in range(measures)]
    assert _plan(y=y, limit=limit).fetch == fetch
    assert (fetch - 1) * measures <= limit < fetch * measures


def test_the_callers_filters_are_joined_to_the_specs_own() -> None:
    spec = _spec(filters=[{"column": "city", "op": "is_null"}])
    plan = make_plan(spec, COLUMNS, [Filter(column="days", op=Op.GT, value=3)])
    assert isinstance(plan, ChartPlan)
    assert [(item.column.name, item.values) for item in plan.filters] == [("city", ()), ("days", (3,))]


def test_a_spec_whose_columns_have_gone_is_refused_with_all_its_problems() -> None:
    spec = _spec(filters=[{"column": "city", "op": "is_null"}])
    found = make_plan(spec, [RAIN], [Filter(column="days", op=Op.GT, value=3)], filters_loc=("body", "filters"))
    assert isinstance(found, Refused)
    assert [problem.loc for problem in found.problems] == [
        ("spec", "x", "column"),
        ("spec", "filters", 0, "column"),
        ("body", "filters", 0, "column"),
    ]
