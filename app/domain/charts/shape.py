"""The shape of chart data: fetched rows become `{x, y, group}`, the form that every surface sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import TypedDict

from app.domain.charts.plan import ChartPlan
from app.domain.grid.column import Column
from app.domain.grid.numerals import JSON_INTEGER_MAX
from app.domain.grid.wire import wire_column


class ChartRow(TypedDict):
    """One point, bar or slice; y is a JSON number or null."""

    x: object
    y: int | float | None
    group: object


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartData:
    """What a chart shows; `truncated` says that at least one more row existed."""

    x_column: str
    group_column: str | None
    y_label: str | None
    rows: list[ChartRow]
    truncated: bool


def shape_rows(plan: ChartPlan, fetched: Sequence[Sequence[object]]) -> ChartData:
    """The result of a plan from its rows, each x, the group if planned, then every measure."""
    columns = list(zip(*fetched, strict=True)) or [()] * (1 + (plan.group is not None) + len(plan.measures))
    xs = _wire(columns[0], plan.x)
    groups = [None] * len(xs) if plan.group is None else _wire(columns[1], plan.group)
    measured = [list(map(_number, values)) for values in columns[-len(plan.measures) :]]
    if len(measured) == 1:
        rows = [ChartRow(x=x, y=y, group=group) for x, y, group in zip(xs, measured[0], groups, strict=True)]
    else:
        names = [measure.name for measure in plan.measures]
        rows = [
            ChartRow(x=x, y=y, group=name)
            for x, *ys in zip(xs, *measured, strict=True)
            for name, y in zip(names, ys, strict=True)
        ]
    return ChartData(
        x_column=plan.x.name,
        group_column=None if plan.group is None else plan.group.name,
        y_label=plan.label,
        rows=rows[: plan.limit],
        truncated=len(rows) > plan.limit,
    )


def _wire(values: Sequence[object], column: Column) -> Sequence[object]:
    return wire_column(values, column.data_type)


def _number(value: object) -> int | float | None:
    """The JSON number of an aggregate; what no JSON number can carry is shown as no value."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        whole = abs(value) <= JSON_INTEGER_MAX and value == value.to_integral_value()
        value = int(value) if whole else float(value)
    if isinstance(value, int):
        return value if abs(value) <= JSON_INTEGER_MAX else float(value)
    return value if isinstance(value, float) and isfinite(value) else None
