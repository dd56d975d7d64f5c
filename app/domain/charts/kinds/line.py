"""Lines: one for each series over the categories; a missing value is a gap."""

from app.domain.charts.kinds.parts import Part, axis_series, category_axes
from app.domain.charts.spec import ChartSpec


def line(spec: ChartSpec) -> Part:
    """Axes and series of a line chart."""
    return {
        "tooltip": {"trigger": "axis"},
        **category_axes(spec),
        "series": axis_series(spec, {"type": "line", "connectNulls": False}),
    }
