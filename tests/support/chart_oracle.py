"""Chart data worked out in plain Python, row by row: what the database has to agree with."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import fsum
from statistics import median
from typing import Any

Row = Mapping[str, Any]
Point = tuple[Any, Any, Any]

AGGREGATES: Mapping[str, Callable[[list[Any]], Any]] = {
    "sum": lambda values: fsum(values) if values else None,
    "avg": lambda values: fsum(values) / len(values) if values else None,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "count": len,
    "count_distinct": lambda values: len(set(values)),
    "median": lambda values: median(values) if values else None,
}


def oracle(rows: Sequence[Row], spec: Mapping[str, Any]) -> tuple[list[Point], bool]:
    """The points in order and whether they are cut off."""
    kept = [row for row in rows if all(holds(row, item) for item in spec.get("filters", ()))]
    x, group = spec["x"]["column"], (spec.get("group") or {}).get("column")
    measures = spec["y"]
    if measures[0]["agg"] == "none":
        found = [(row[x], row[group] if group else None, [row[m["column"]] for m in measures]) for row in kept]
    else:
        cells: dict[tuple[Any, Any], list[Row]] = {}
        for row in kept:
            cells.setdefault((row[x], row[group] if group else None), []).append(row)
        found = [(*key, [measured(inside, m) for m in measures]) for key, inside in cells.items()]
    points = ordered(found, spec, grouped=group is not None and measures[0]["agg"] != "none")
    names = [m.get("label") or m["column"] for m in measures]
    rows_out: list[Point] = []
    for at, series, ys in points:
        for name, y in zip(names, ys, strict=True):
            rows_out.append((at, y, series if len(names) == 1 else name))
    limit = spec.get("limit", 1_000)
    return rows_out[:limit], len(rows_out) > limit


def measured(rows: Sequence[Row], measure: Mapping[str, Any]) -> Any:
    """One aggregate of some rows."""
    if measure["column"] == "*":
        return len(rows)
    return AGGREGATES[measure["agg"]]([row[measure["column"]] for row in rows if row[measure["column"]] is not None])


def ordered(found: list[Any], spec: Mapping[str, Any], *, grouped: bool) -> list[Any]:
    """In the order of the spec, nulls last either way; sorts are stable, so ties are settled first."""
    sort = spec.get("sort") or {}
    descending = sort.get("order", "asc") == "desc"
    if grouped:
        found = by(found, lambda point: point[1])
    if sort.get("by", "x") == "x":
        return by(found, lambda point: point[0], descending)
    found = by(found, lambda point: point[0])
    if not grouped:
        return by(found, lambda point: point[2][0], descending)
    totals: dict[Any, Any] = {}
    for x, _, ys in found:
        if ys[0] is not None:
            totals[x] = totals.get(x, 0) + ys[0]
    return by(found, lambda point: totals.get(point[0]), descending)


def by(found: list[Any], key: Callable[[Any], Any], descending: bool = False) -> list[Any]:
    """Sorted by a key, nulls last."""
    some = sorted((point for point in found if key(point) is not None), key=key, reverse=False)
    if descending:
        keys = sorted({key(point) for point in some}, reverse=True)
        some = [point for one in keys for point in some if key(point) == one]
    return some + [point for point in found if key(point) is None]


def holds(row: Row, item: Mapping[str, Any]) -> bool:
    """Whether a row keeps a filter."""
    cell, op = row[item["column"]], item["op"]
    value: Any = item.get("value")
    if isinstance(cell, date) and not isinstance(cell, datetime):
        cell = cell.isoformat()  # ISO dates compare as texts do
    match op:
        case "is_null":
            return cell is None
        case "not_null":
            return cell is not None
        case "ne":
            return bool(cell != value)
        case "not_in":
            return cell not in value
        case "not_contains":
            return cell is None or value.lower() not in cell.lower()
    if cell is None:
        return False
    tests: Mapping[str, Callable[[], bool]] = {
        "eq": lambda: cell == value,
        "in": lambda: cell in value,
        "gt": lambda: cell > value,
        "gte": lambda: cell >= value,
        "lt": lambda: cell < value,
        "lte": lambda: cell <= value,
        "between": lambda: value[0] <= cell <= value[1],
        "contains": lambda: value.lower() in cell.lower(),
        "starts_with": lambda: cell.lower().startswith(value.lower()),
        "ends_with": lambda: cell.lower().endswith(value.lower()),
    }
    return tests[op]()


def on_the_wire(cell: Any) -> Any:
    """A category as the chart's data shows it."""
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return cell.isoformat()
    return format(cell, "f") if isinstance(cell, Decimal) else cell
