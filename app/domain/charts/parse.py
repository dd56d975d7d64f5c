"""Parsing: JSON becomes a chart spec, or every problem with it is reported at once."""

from typing import Any, Final

from app.domain.charts.fields import Fields, open_fields
from app.domain.charts.filters import read_filters
from app.domain.charts.merge import merge_patch
from app.domain.charts.spec import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    MEASURES_MAX,
    SPEC_VERSION,
    Agg,
    ChartSpec,
    Kind,
    Measure,
    Sort,
    SortBy,
    SortOrder,
    Theme,
)
from app.domain.grid.coerce import json_name
from app.domain.problems import Loc, Problem, Refused, refuse

_SPEC_KEYS: Final = (
    "v",
    "kind",
    "title",
    "subtitle",
    "x",
    "y",
    "group",
    "filters",
    "sort",
    "limit",
    "theme",
)


def parse_spec(raw: object, loc: Loc = ()) -> ChartSpec | Refused:
    """The spec of a JSON object, defaults filled in; it is not yet checked against any columns."""
    problems: list[Problem] = []
    fields = open_fields(raw, loc, _SPEC_KEYS, problems)
    spec = None if fields is None else _read_spec(fields, problems)
    return refuse(problems) if problems or spec is None else spec


def patch_spec(stored: ChartSpec, patch: object, loc: Loc = ()) -> ChartSpec | Refused:
    """The stored spec after a JSON merge patch (RFC 7396), validated as a whole; `v` cannot be patched."""
    if not isinstance(patch, dict):
        return refuse([Problem(loc, "dict_type", f"Give an object, not {json_name(patch)}.")])
    if "v" in patch:
        return refuse([Problem((*loc, "v"), "value_error", "The version of a spec cannot be patched.")])
    return parse_spec(merge_patch(stored.to_wire(), patch), loc)


def _read_spec(fields: Fields, problems: list[Problem]) -> ChartSpec | None:
    version = fields.get("v") if fields.has("v") else SPEC_VERSION
    if type(version) is not int or version != SPEC_VERSION:
        fields.refuse("v", "literal_error", f"The only known version is {SPEC_VERSION}.")
    kind = fields.word("kind", Kind)
    x = _read_column(fields, "x", problems) if fields.required("x") else None
    measures = _read_measures(fields, problems) if fields.required("y") else ()
    theme = fields.word("theme", Theme, Theme.AUTO)
    rest: dict[str, Any] = {
        "group": None if fields.get("group") is None else _read_column(fields, "group", problems),
        "filters": _read_filters(fields, problems),
        "sort": None if fields.get("sort") is None else _read_sort(fields, problems),
        "limit": fields.integer("limit", default=LIMIT_DEFAULT, least=1, most=LIMIT_MAX),
        "title": fields.text("title"),
        "subtitle": fields.text("subtitle"),
    }
    if kind is None or x is None or theme is None:
        return None
    return ChartSpec(kind=kind, x=x, y=measures, theme=theme, **rest)


def _read_column(fields: Fields, key: str, problems: list[Problem]) -> str | None:
    inner = open_fields(fields.get(key), (*fields.loc, key), ("column",), problems)
    return None if inner is None else inner.text("column", required=True)


def _read_measures(fields: Fields, problems: list[Problem]) -> tuple[Measure, ...]:
    items = fields.array("y", least=1, most=MEASURES_MAX) or []
    found = [_read_measure(item, (*fields.loc, "y", index), problems) for index, item in enumerate(items)]
    return tuple(measure for measure in found if measure is not None)


def _read_measure(raw: object, loc: Loc, problems: list[Problem]) -> Measure | None:
    fields = open_fields(raw, loc, ("column", "agg", "label"), problems)
    if fields is None:
        return None
    column, agg, label = fields.text("column", required=True), fields.word("agg", Agg), fields.text("label")
    return None if column is None or agg is None else Measure(column=column, agg=agg, label=label)


def _read_filters(fields: Fields, problems: list[Problem]) -> Any:
    return read_filters(fields.get("filters"), (*fields.loc, "filters"), problems) if fields.has("filters") else ()


def _read_sort(fields: Fields, problems: list[Problem]) -> Sort | None:
    inner = open_fields(fields.get("sort"), (*fields.loc, "sort"), ("by", "order"), problems)
    if inner is None:
        return None
    by = inner.word("by", SortBy, SortBy.X)
    order = inner.word("order", SortOrder, SortOrder.ASC)
    return None if by is None or order is None else Sort(by=by, order=order)
