"""Rules that bind a chart spec to the columns of its table; all are checked, all problems are reported."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from app.domain.charts.filters import bind_filters
from app.domain.charts.spec import ALL_ROWS, ROUND_KINDS, Agg, ChartSpec
from app.domain.grid.column import NUMERIC_TYPES, Column, ColumnType
from app.domain.problems import Loc, Problem, Refused, shown

ColumnsByName = Mapping[str, Column]
Rule = Callable[[ChartSpec, ColumnsByName], Iterator[Problem]]

# y is a number, so whatever is not counted has to be one.
COUNTING: Final = frozenset({Agg.COUNT, Agg.COUNT_DISTINCT})


def columns_exist(spec: ChartSpec, columns: ColumnsByName) -> Iterator[Problem]:
    """A chart names columns of its own table."""
    named: list[tuple[Loc, str]] = [(("x", "column"), spec.x)]
    named += [
        (("y", index, "column"), measure.column) for index, measure in enumerate(spec.y) if measure.column != ALL_ROWS
    ]
    if spec.group is not None:
        named.append((("group", "column"), spec.group))
    for loc, name in named:
        if name not in columns:
            yield Problem(loc, "unknown_column", f"There is no column {shown(name)}.")


def only_count_takes_all_rows(spec: ChartSpec, columns: ColumnsByName) -> Iterator[Problem]:
    """`*` is no column: the rows themselves can only be counted."""
    for index, measure in enumerate(spec.y):
        if measure.column == ALL_ROWS and measure.agg is not Agg.COUNT:
            message = f"{measure.agg} needs a column; only count takes {ALL_ROWS}."
            yield Problem(("y", index, "column"), "value_error", message)


def measure_needs_a_number(spec: ChartSpec, columns: ColumnsByName) -> Iterator[Problem]:
    """Everything but counting needs a numeric column."""
    for index, measure in enumerate(spec.y):
        column = columns.get(measure.column)
        if column is None or measure.agg in COUNTING or column.data_type in NUMERIC_TYPES:
            continue
        message = f"{measure.agg} needs a numeric column; {shown(column.name)} holds {column.data_type}."
        yield Problem(("y", index, "agg"), "value_error", message)


def axis_holds_scalars(spec: ChartSpec, columns: ColumnsByName) -> Iterator[Problem]:
    """A JSON document is neither a category nor a point on an axis."""
    for key, name in (("x", spec.x), ("group", spec.group)):
        column = columns.get(name) if name is not None else None
        if column is not None and column.data_type is ColumnType.JSON:
            yield Problem((key, "column"), "value_error", f"{shown(column.name)} holds JSON documents.")


def none_stands_alone(spec: ChartSpec, columns: ColumnsByName) -> Iterator[Problem]:
    """Raw rows and aggregates do not fit into one result."""
    if not spec.is_raw:
        return
    for index, measure in enumerate(spec.y):
        if measure.agg is not Agg.NONE:
            message = f"none shows raw rows and cannot be mixed with {measure.agg}."
            yield Problem(("y", index, "agg"), "value_error", message)


def group_takes_one_measure(spec: ChartSpec, columns: ColumnsByName) -> Iterator[Problem]:
    """A result row has one group: the group's value or the measure's name, not both."""
    if spec.group is not None and len(spec.y) > 1:
        yield Problem(("group",), "value_error", "A group allows one measure only.")


def measures_have_different_names(spec: ChartSpec, columns: ColumnsByName) -> Iterator[Problem]:
    """Several measures are told apart by their names."""
    uses = Counter(measure.name for measure in spec.y)
    for index, measure in enumerate(spec.y):
        if uses[measure.name] > 1:
            message = f"Several measures are named {shown(measure.name)}; give each its own label."
            yield Problem(("y", index, "label"), "value_error", message)


def round_kinds_have_one_series(spec: ChartSpec, columns: ColumnsByName) -> Iterator[Problem]:
    """A pie and a donut show one measure, cut by x."""
    if spec.kind not in ROUND_KINDS:
        return
    if len(spec.y) > 1:
        yield Problem(("y",), "value_error", f"A {spec.kind} takes one measure.")
    if spec.group is not None:
        yield Problem(("group",), "value_error", f"A {spec.kind} takes no group.")


def filters_fit_their_columns(spec: ChartSpec, columns: ColumnsByName) -> Iterator[Problem]:
    """Each filter compares a column with values of its type."""
    bound = bind_filters(spec.filters, list(columns.values()), ("filters",))
    if isinstance(bound, Refused):
        yield from bound.problems


RULES: Final[tuple[Rule, ...]] = (
    columns_exist,
    only_count_takes_all_rows,
    measure_needs_a_number,
    axis_holds_scalars,
    none_stands_alone,
    group_takes_one_measure,
    measures_have_different_names,
    round_kinds_have_one_series,
    filters_fit_their_columns,
)


def spec_problems(spec: ChartSpec, columns: Sequence[Column], loc: Loc = ()) -> list[Problem]:
    """Everything that keeps this spec from being drawn from these columns."""
    by_name = {column.name: column for column in columns}
    return [
        Problem((*loc, *problem.loc), problem.code, problem.message)
        for rule in RULES
        for problem in rule(spec, by_name)
    ]
