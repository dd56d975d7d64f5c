"""The plan: what storage has to ask for to draw a chart, as inert data without any SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.charts.filters import BoundFilter, Filter, bind_filters
from app.domain.charts.rules import spec_problems
from app.domain.charts.spec import ALL_ROWS, Agg, ChartSpec, Sort, SortBy, SortOrder
from app.domain.grid.column import Column
from app.domain.problems import Loc, Problem, Refused, refuse


class PlanMode(StrEnum):
    """How rows of the table become rows of the result."""

    RAW = "raw"  # no aggregation: one result row for each table row
    SINGLE = "single"  # one measure: one result row for each x, or each pair of x and group
    LONG = "long"  # several measures side by side for each x, made into one row a measure afterwards


class OrderBy(StrEnum):
    """What one step of the order looks at."""

    X = "x"
    GROUP = "group"
    Y = "y"  # the first measure
    X_TOTAL = "x_total"  # the sum of y over all groups of the same x, so that series stay aligned


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStep:
    """One step of the order; nulls are last whatever the direction."""

    by: OrderBy
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMeasure:
    """One measure; no column means the rows themselves, which are only ever counted."""

    column: Column | None
    agg: Agg
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPlan:
    """The query of a chart.

    Each fetched row is x, then the group if there is one, then every measure in order. A raw plan's order is
    completed by the row identity. `fetch` rows are enough to know whether more than `limit` results exist.
    """

    mode: PlanMode
    x: Column
    group: Column | None
    measures: tuple[PlannedMeasure, ...]
    filters: tuple[BoundFilter, ...]
    order: tuple[OrderStep, ...]
    fetch: int
    limit: int
    label: str | None


def make_plan(
    spec: ChartSpec,
    columns: Sequence[Column],
    extra_filters: Sequence[Filter] = (),
    *,
    spec_loc: Loc = ("spec",),
    filters_loc: Loc = ("filters",),
) -> ChartPlan | Refused:
    """The plan for a spec on the columns of today, with a caller's own filters joined by AND.

    A spec that was right when stored is refused here once its columns have gone or changed.
    """
    problems: list[Problem] = spec_problems(spec, columns, spec_loc)
    own = bind_filters(spec.filters, columns)
    extra = bind_filters(extra_filters, columns, filters_loc)
    if isinstance(extra, Refused):
        problems.extend(extra.problems)
    if problems or isinstance(own, Refused) or isinstance(extra, Refused):
        return refuse(problems)
    by_name = {column.name: column for column in columns}
    return ChartPlan(
        mode=_mode(spec),
        x=by_name[spec.x],
        group=None if spec.group is None else by_name[spec.group],
        measures=tuple(
            PlannedMeasure(
                column=None if measure.column == ALL_ROWS else by_name[measure.column],
                agg=measure.agg,
                name=measure.name,
            )
            for measure in spec.y
        ),
        filters=(*own, *extra),
        order=_order(spec),
        fetch=-(-(spec.limit + 1) // len(spec.y)),
        limit=spec.limit,
        label=spec.y[0].name if len(spec.y) == 1 else None,
    )


def _mode(spec: ChartSpec) -> PlanMode:
    if spec.is_raw:
        return PlanMode.RAW
    return PlanMode.SINGLE if len(spec.y) == 1 else PlanMode.LONG


def _order(spec: ChartSpec) -> tuple[OrderStep, ...]:
    sort = spec.sort or Sort()
    descending = sort.order is SortOrder.DESC
    grouped = spec.group is not None and not spec.is_raw
    ties = (OrderStep(by=OrderBy.GROUP),) if grouped else ()
    if sort.by is SortBy.X:
        return (OrderStep(by=OrderBy.X, descending=descending), *ties)
    first = OrderBy.X_TOTAL if grouped else OrderBy.Y
    return (OrderStep(by=first, descending=descending), OrderStep(by=OrderBy.X), *ties)
