"""The chart spec, version 1: what to draw from which columns; its wire form is the published one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.charts.filters import Filter

SPEC_VERSION: Final = 1
MEASURES_MAX: Final = 8
LIMIT_DEFAULT: Final = 1_000
LIMIT_MAX: Final = 5_000
ALL_ROWS: Final = "*"  # what `count` may count in place of a column


class Kind(StrEnum):
    """How the chart is drawn."""

    BAR = "bar"
    LINE = "line"
    AREA = "area"
    PIE = "pie"
    DONUT = "donut"
    SCATTER = "scatter"


ROUND_KINDS: Final = frozenset({Kind.PIE, Kind.DONUT})


class Agg(StrEnum):
    """How the rows of one x become one y; none leaves them as they are."""

    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    MEDIAN = "median"
    NONE = "none"


class SortBy(StrEnum):
    """What result rows are ordered by."""

    X = "x"
    Y = "y"


class SortOrder(StrEnum):
    """Which end comes first; nulls are last either way."""

    ASC = "asc"
    DESC = "desc"


class Theme(StrEnum):
    """Colours; auto follows the viewer."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


_IN_WORDS: Final = {
    Agg.SUM: "Sum of",
    Agg.AVG: "Average of",
    Agg.MIN: "Minimum of",
    Agg.MAX: "Maximum of",
    Agg.COUNT: "Count of",
    Agg.COUNT_DISTINCT: "Distinct count of",
    Agg.MEDIAN: "Median of",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One vertical value."""

    column: str
    agg: Agg
    label: str | None = None

    @property
    def name(self) -> str:
        """What people read: the label, else the aggregate in words."""
        if self.label:
            return self.label
        if self.agg is Agg.NONE:
            return self.column
        return f"{_IN_WORDS[self.agg]} {'rows' if self.column == ALL_ROWS else self.column}"

    def to_wire(self) -> dict[str, object]:
        """As published."""
        return {"column": self.column, "agg": self.agg.value, "label": self.label}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """The order of result rows."""

    by: SortBy = SortBy.X
    order: SortOrder = SortOrder.ASC

    def to_wire(self) -> dict[str, object]:
        """As published."""
        return {"by": self.by.value, "order": self.order.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSpec:
    """One chart; no group means one series a measure, no sort means by x ascending."""

    kind: Kind
    x: str
    y: tuple[Measure, ...]
    group: str | None = None
    filters: tuple[Filter, ...] = ()
    sort: Sort | None = None
    limit: int = LIMIT_DEFAULT
    theme: Theme = Theme.AUTO
    title: str | None = None
    subtitle: str | None = None

    @property
    def is_raw(self) -> bool:
        """Whether rows are shown as they are, without aggregation."""
        return any(measure.agg is Agg.NONE for measure in self.y)

    def to_wire(self) -> dict[str, object]:
        """As published, every default filled in."""
        return {
            "v": SPEC_VERSION,
            "kind": self.kind.value,
            "title": self.title,
            "subtitle": self.subtitle,
            "x": {"column": self.x},
            "y": [measure.to_wire() for measure in self.y],
            "group": None if self.group is None else {"column": self.group},
            "filters": [item.to_wire() for item in self.filters],
            "sort": None if self.sort is None else self.sort.to_wire(),
            "limit": self.limit,
            "theme": self.theme.value,
        }
