"""Areas: lines whose ground is filled, see-through where series overlap."""

from app.domain.charts.kinds.parts import Part, axis_series, category_axes
from app.domain.charts.spec import ChartSpec


def area(spec: ChartSpec) -> Part:
    """Axes and series of an area chart."""
    look = {"type": "line", "connectNulls": False, "areaStyle": {"opacity": 0.4}}
    return {"tooltip": {"trigger": "axis"}, **category_axes(spec), "series": axis_series(spec, look)}
