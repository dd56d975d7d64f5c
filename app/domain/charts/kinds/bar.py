"""Bars: one for each category, side by side for each series."""

from app.domain.charts.kinds.parts import Part, axis_series, category_axes
from app.domain.charts.spec import ChartSpec


def bar(spec: ChartSpec) -> Part:
    """Axes and series of a bar chart."""
    return {
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        **category_axes(spec),
        "series": axis_series(spec, {"type": "bar"}),
    }
