"""The chart specs whose compiled options are kept: every kind, and each way it can look."""

from pathlib import Path
from typing import Any, Final

import orjson

from app.domain.charts.option import compile_option
from app.domain.charts.parse import parse_spec
from app.domain.charts.rules import spec_problems
from app.domain.charts.spec import ChartSpec
from app.domain.grid.column import Column, ColumnType

FOLDER: Final = Path(__file__).parent

COLUMNS: Final = [
    Column(name="day", data_type=ColumnType.DATE),
    Column(name="weather", data_type=ColumnType.STRING),
    Column(name="rain", data_type=ColumnType.NUMBER),
    Column(name="wind", data_type=ColumnType.NUMBER),
    Column(name="at", data_type=ColumnType.DATETIME),
    Column(name="dry", data_type=ColumnType.BOOLEAN),
    Column(name="cost", data_type=ColumnType.DECIMAL),
    Column(name="days", data_type=ColumnType.INTEGER),
]

_AVERAGE: Final = {"column": "rain", "agg": "avg"}
_WIND: Final = {"column": "wind", "agg": "max", "label": "Strongest wind"}
_RAW: Final = {"column": "rain", "agg": "none"}
_WEATHER: Final = {"column": "weather"}
_DAY: Final = {"column": "day"}

CASES: Final[dict[str, dict[str, Any]]] = {
    "bar": {"kind": "bar", "x": _WEATHER, "y": [_AVERAGE]},
    "bar-grouped": {"kind": "bar", "x": _DAY, "y": [_AVERAGE], "group": _WEATHER, "title": "Rain"},
    "bar-measures": {"kind": "bar", "x": _WEATHER, "y": [_AVERAGE, _WIND], "theme": "dark"},
    "line": {"kind": "line", "x": _DAY, "y": [_WIND], "title": "Wind", "subtitle": "by day"},
    "line-measures": {"kind": "line", "x": _DAY, "y": [_AVERAGE, _WIND], "theme": "light"},
    "line-grouped": {"kind": "line", "x": _DAY, "y": [_WIND], "group": {"column": "dry"}, "subtitle": "dry or not"},
    "area": {"kind": "area", "x": _DAY, "y": [_AVERAGE]},
    "area-grouped": {"kind": "area", "x": _DAY, "y": [_AVERAGE], "group": _WEATHER},
    "area-measures": {
        "kind": "area",
        "x": _DAY,
        "y": [{"column": "rain", "agg": agg} for agg in ("sum", "min", "max", "count", "count_distinct", "median")],
    },
    "pie": {"kind": "pie", "x": _WEATHER, "y": [{"column": "*", "agg": "count"}]},
    "pie-dark": {"kind": "pie", "x": {"column": "dry"}, "y": [_AVERAGE], "theme": "dark", "title": "Dry days"},
    "donut": {"kind": "donut", "x": _WEATHER, "y": [_AVERAGE], "subtitle": "share of rain"},
    "scatter": {"kind": "scatter", "x": {"column": "wind"}, "y": [_RAW]},
    "scatter-days": {"kind": "scatter", "x": _DAY, "y": [_RAW], "group": _WEATHER},
    "scatter-instants": {"kind": "scatter", "x": {"column": "at"}, "y": [{"column": "days", "agg": "sum"}]},
    "scatter-flags": {"kind": "scatter", "x": {"column": "dry"}, "y": [_RAW]},
    "scatter-measures": {
        "kind": "scatter",
        "x": {"column": "cost"},
        "y": [_RAW, {"column": "wind", "agg": "none", "label": "Wind"}],
        "theme": "light",
    },
    "scatter-words": {"kind": "scatter", "x": _WEATHER, "y": [_RAW]},
    # What decides about rows, not about looks, leaves no trace in the option.
    "bar-chosen": {
        "kind": "bar",
        "x": _WEATHER,
        "y": [_AVERAGE],
        "filters": [{"column": "rain", "op": "gt", "value": 0}],
        "sort": {"by": "y", "order": "desc"},
        "limit": 10,
    },
}


def path_of(name: str) -> Path:
    """Where the option of a case is kept."""
    return FOLDER / f"{name}.json"


def printed_option(name: str) -> str:
    """The option of a case as its file has it."""
    spec = parse_spec(CASES[name])
    assert isinstance(spec, ChartSpec), spec
    assert spec_problems(spec, COLUMNS) == []
    return orjson.dumps(compile_option(spec, COLUMNS), option=orjson.OPT_INDENT_2).decode() + "\n"
