"""Donuts: pies with a hole."""

from app.domain.charts.kinds.parts import Part
from app.domain.charts.kinds.pie import round_part
from app.domain.charts.spec import ChartSpec


def donut(spec: ChartSpec) -> Part:
    """The single series of a donut chart."""
    return round_part(spec, ["45%", "70%"])
