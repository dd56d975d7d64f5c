"""Scatter: points between two axes of values; instants and words on x get the axis they need."""

from collections.abc import Mapping
from typing import Final

from app.domain.charts.kinds.parts import Part, axis_series, value_axis
from app.domain.charts.spec import ChartSpec
from app.domain.grid.column import ColumnType

_X_AXES: Final[Mapping[ColumnType, str]] = {
    ColumnType.DATE: "time",
    ColumnType.DATETIME: "time",
    ColumnType.STRING: "category",
    ColumnType.BOOLEAN: "category",
}


def scatter(spec: ChartSpec, x_type: ColumnType) -> Part:
    """Axes and series of a scatter chart; value axes need not begin at zero."""
    x_axis: Part = {"type": _X_AXES.get(x_type, "value"), "name": spec.x}
    if x_axis["type"] == "value":
        x_axis["scale"] = True
    return {
        "tooltip": {"trigger": "item"},
        "xAxis": x_axis,
        "yAxis": {**value_axis(spec), "scale": True},
        "series": axis_series(spec, {"type": "scatter"}),
    }
