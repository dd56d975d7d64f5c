"""The compiler's last phase: a checked spec becomes an ECharts option without data."""

from collections.abc import Sequence
from typing import Any, assert_never

from app.domain.charts.kinds.area import area
from app.domain.charts.kinds.bar import bar
from app.domain.charts.kinds.donut import donut
from app.domain.charts.kinds.line import line
from app.domain.charts.kinds.parts import Part, datasets
from app.domain.charts.kinds.pie import pie
from app.domain.charts.kinds.scatter import scatter
from app.domain.charts.spec import ChartSpec, Kind, Theme
from app.domain.grid.column import Column, ColumnType


def compile_option(spec: ChartSpec, columns: Sequence[Column]) -> dict[str, Any]:
    """The option of a spec that fits the columns.

    The client puts the rows of the chart's data into `dataset[0].source`. If the spec has a group, it repeats
    the one series for each value of the group, each on a dataset filtered like those of several measures.
    """
    x_type = next((column.data_type for column in columns if column.name == spec.x), ColumnType.STRING)
    return {**_frame(spec), "dataset": datasets(spec), **_kind_part(spec, x_type)}


def _frame(spec: ChartSpec) -> Part:
    frame: Part = {}
    if spec.theme is not Theme.AUTO:
        frame["darkMode"] = spec.theme is Theme.DARK
    title = {"text": spec.title, "subtext": spec.subtitle}
    shown = {key: text for key, text in title.items() if text is not None}
    if shown:
        frame["title"] = shown
    if spec.group is not None or len(spec.y) > 1:
        frame["legend"] = {"type": "scroll"}
    return frame


def _kind_part(spec: ChartSpec, x_type: ColumnType) -> Part:
    match spec.kind:
        case Kind.BAR:
            return bar(spec)
        case Kind.LINE:
            return line(spec)
        case Kind.AREA:
            return area(spec)
        case Kind.PIE:
            return pie(spec)
        case Kind.DONUT:
            return donut(spec)
        case Kind.SCATTER:
            return scatter(spec, x_type)
        case _:
            assert_never(spec.kind)
