"""Pies: x names the slices, the one measure is their size."""

from app.domain.charts.kinds.parts import ROWS, Part
from app.domain.charts.spec import ChartSpec


def pie(spec: ChartSpec) -> Part:
    """The single series of a pie chart."""
    return round_part(spec, "70%")


def round_part(spec: ChartSpec, radius: str | list[str]) -> Part:
    """A disc or a ring, depending on the radius."""
    series = {
        "type": "pie",
        "name": spec.y[0].name,
        "radius": radius,
        "datasetId": ROWS,
        "encode": {"itemName": "x", "value": "y"},
    }
    return {"tooltip": {"trigger": "item"}, "series": [series]}
