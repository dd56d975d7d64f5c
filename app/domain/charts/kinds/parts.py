"""Parts of an ECharts option that several kinds share; data is joined later as the source of `rows`."""

from typing import Any, Final

from app.domain.charts.spec import ChartSpec

Part = dict[str, Any]

ROWS: Final = "rows"
DIMENSIONS: Final = ("x", "y", "group")


def datasets(spec: ChartSpec) -> list[Part]:
    """The rows, and for several measures a view of each one's own rows."""
    rows: Part = {"id": ROWS, "dimensions": list(DIMENSIONS)}
    if len(spec.y) == 1:
        return [rows]
    return [rows, *(_view(index, measure.name) for index, measure in enumerate(spec.y))]


def axis_series(spec: ChartSpec, look: Part) -> list[Part]:
    """One series a measure; with a group one series that the client repeats for each of the group's values."""
    encode = {"x": "x", "y": "y"}
    if spec.group is not None:
        return [{**look, "datasetId": ROWS, "encode": encode}]
    if len(spec.y) == 1:
        return [{**look, "name": spec.y[0].name, "datasetId": ROWS, "encode": encode}]
    return [
        {**look, "name": measure.name, "datasetId": _view_id(index), "encode": encode}
        for index, measure in enumerate(spec.y)
    ]


def category_axes(spec: ChartSpec) -> Part:
    """Categories below, values at the side."""
    return {"xAxis": {"type": "category", "name": spec.x}, "yAxis": value_axis(spec)}


def value_axis(spec: ChartSpec) -> Part:
    """An axis of numbers, named when it shows a single measure."""
    named: Part = {"name": spec.y[0].name} if len(spec.y) == 1 else {}
    return {"type": "value", **named}


def _view_id(index: int) -> str:
    return f"measure-{index}"


def _view(index: int, name: str) -> Part:
    condition = {"dimension": "group", "=": name}
    return {
        "id": _view_id(index),
        "fromDatasetId": ROWS,
        "transform": {"type": "filter", "config": condition},
    }
