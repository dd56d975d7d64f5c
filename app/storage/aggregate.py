"""Chart data: a plan becomes one statement that groups, aggregates, sorts and stops."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, assert_never

import sqlalchemy as sa

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.domain.charts.plan import ChartPlan, OrderBy, OrderStep, PlanMode, PlannedMeasure
from app.domain.charts.spec import Agg
from app.storage.conditions import FilterShape, arguments, conditions, shapes
from app.storage.grid import existing
from app.storage.relation import STATEMENTS_MAX, Source, cell, comparable, compiled, identity, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartShape:
    """A plan without its values: charts of one shape share a statement."""

    mode: PlanMode
    x: str
    group: str | None
    measures: tuple[PlannedMeasure, ...]
    filters: tuple[FilterShape, ...]
    order: tuple[OrderStep, ...]


async def chart_rows(db: Database, source: Source, plan: ChartPlan) -> Sequence[Sequence[object]]:
    """The rows of a plan: x, the group if there is one, every measure; at most `plan.fetch` of them."""
    shape = ChartShape(
        mode=plan.mode,
        x=plan.x.name,
        group=None if plan.group is None else plan.group.name,
        measures=plan.measures,
        filters=shapes(plan.filters),
        order=plan.order,
    )
    with existing():
        found = await db.fetch(
            chart_statement(source, shape), Lane.CHARTS, chart_fetch=plan.fetch, **arguments(plan.filters)
        )
    return [tuple(record.values()) for record in found]


@lru_cache(maxsize=STATEMENTS_MAX)
def chart_statement(source: Source, shape: ChartShape) -> Statement:
    """The statement of all charts of one shape on one table."""
    axes = [cell(source, shape.x), *([] if shape.group is None else [cell(source, shape.group)])]
    measures = [_measure(source, measure) for measure in shape.measures]
    labels = [f"value_{at}" for at in range(len(axes) + len(measures))]
    found = [value.label(label) for value, label in zip([*axes, *measures], labels, strict=True)]
    statement = sa.select(*found).select_from(rows_of(source)).where(*conditions(source, shape.filters))
    if shape.mode is not PlanMode.RAW:
        statement = statement.group_by(*axes)
    steps = [_step(step, axes, measures[0]) for step in shape.order]
    ties = identity(source) if shape.mode is PlanMode.RAW else []
    limit = sa.bindparam("chart_fetch", type_=sa.Integer())
    return compiled(statement.order_by(*steps, *ties).limit(limit), name="chart_data")


def _measure(source: Source, measure: PlannedMeasure) -> sa.ColumnElement[Any]:
    if measure.column is None:
        return sa.func.count()
    read = comparable if measure.agg is Agg.COUNT_DISTINCT else cell
    return _aggregate(read(source, measure.column.name), measure.agg)


def _aggregate(column: sa.ColumnElement[Any], agg: Agg) -> sa.ColumnElement[Any]:
    match agg:
        case Agg.SUM:
            return sa.func.sum(column)
        case Agg.AVG:
            return sa.func.avg(column)
        case Agg.MIN:
            return sa.func.min(column)
        case Agg.MAX:
            return sa.func.max(column)
        case Agg.COUNT:
            return sa.func.count(column)
        case Agg.COUNT_DISTINCT:
            return sa.func.count(sa.distinct(column))
        case Agg.MEDIAN:
            return sa.func.percentile_cont(sa.literal_column("0.5")).within_group(column)
        case Agg.NONE:
            return column
        case _:
            assert_never(agg)


def _step(
    step: OrderStep, axes: Sequence[sa.ColumnElement[Any]], measure: sa.ColumnElement[Any]
) -> sa.UnaryExpression[Any]:
    match step.by:
        case OrderBy.X:
            by: sa.ColumnElement[Any] = axes[0]
        case OrderBy.GROUP:
            by = axes[1]
        case OrderBy.Y:
            by = measure
        case OrderBy.X_TOTAL:
            by = sa.func.sum(measure).over(partition_by=axes[0])
        case _:
            assert_never(step.by)
    return by.desc().nulls_last() if step.descending else by.asc().nulls_last()
