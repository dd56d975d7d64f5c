"""Chart data against plain Python on random tables: every type on x and as group, nulls everywhere, every operation."""

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.charts.filters import LIST_OPS, NULL_OPS, OPS_BY_TYPE, TEXT_OPS, Op
from app.domain.grid.column import ColumnType
from app.loaders.chart_data import chart_data as data_of
from app.loaders.reader import Reader
from app.services.registry import Services
from app.storage.rows.workspace import ChartRow
from tests.loaders.test_chart_data import agrees, chart_of
from tests.support.chart_oracle import oracle
from tests.support.grid import make_table

TYPES = {
    "word": ColumnType.STRING,
    "whole": ColumnType.INTEGER,
    "part": ColumnType.NUMBER,
    "exact": ColumnType.DECIMAL,
    "yes": ColumnType.BOOLEAN,
    "day": ColumnType.DATE,
}
NUMBERS = ["whole", "part", "exact"]
# Few values, so that they meet; fractions whose sums have no rounding, so that every order of adding gives the same.
VALUES: dict[str, list[Any]] = {
    "word": ["", "a", "B", "ab", "a%b", "a_b", "100%", "\\", "ä"],
    "whole": [-3, 0, 1, 2, 2**40],
    "part": [-0.5, 0.0, 0.25, 1.75, 1e6],
    "exact": [Decimal("-1.25"), Decimal("0.00"), Decimal("0.10"), Decimal("1234.50")],
    "yes": [True, False],
    "day": [date(1999, 12, 31), date(2024, 2, 29), date(2024, 3, 1)],
}
TEXTS = ["a", "A", "%", "_", "\\", "b", "0%"]


def random_rows(chance: random.Random) -> list[dict[str, Any]]:
    """Cells that are null every fourth time."""
    return [
        {name: None if chance.random() < 0.25 else chance.choice(values) for name, values in VALUES.items()}
        for _ in range(chance.choice([0, 1, 5, 40]))
    ]


def random_filter(chance: random.Random) -> dict[str, Any]:
    """One that fits its column, with values as Python has them."""
    column = chance.choice(list(TYPES))
    op = chance.choice(sorted(OPS_BY_TYPE[TYPES[column]]))
    values = [one.isoformat() if isinstance(one, date) else one for one in VALUES[column]]
    found: dict[str, Any] = {"column": column, "op": op.value}
    if op in LIST_OPS:
        found["value"] = chance.sample(values, k=chance.randint(1, 2))
    elif op is Op.BETWEEN:
        found["value"] = [chance.choice(values), chance.choice(values)]
    elif op in TEXT_OPS:
        found["value"] = chance.choice(TEXTS)
    elif op not in NULL_OPS:
        found["value"] = chance.choice(values)
    return found


def random_spec(chance: random.Random) -> dict[str, Any]:
    """One that the rules allow and whose order is the only one."""
    shape = chance.choice(["single", "grouped", "long"])
    sort = {"by": chance.choice("xy"), "order": chance.choice(["asc", "desc"])} if chance.random() < 0.7 else None
    measures = []
    for at in range(chance.randint(2, 8) if shape == "long" else 1):
        column = chance.choice([*TYPES, "*"])
        aggs = ["count"] if column == "*" else ["count", "count_distinct"]
        if column in NUMBERS:
            aggs += ["sum", "min", "max"]
            # Quotients that are equal may be rounded apart.
            aggs += [] if sort is not None and sort["by"] == "y" else ["avg", "median"]
        measures.append({"column": column, "agg": chance.choice(aggs), "label": f"measure {at}"})
    spec: dict[str, Any] = {"kind": "bar", "x": {"column": chance.choice(list(TYPES))}, "y": measures, "sort": sort}
    if shape == "grouped":
        spec["group"] = {"column": chance.choice(list(TYPES))}
    if chance.random() < 0.4:
        spec["limit"] = chance.randint(1, 12)
    spec["filters"] = [random_filter(chance) for _ in range(chance.choice([0, 0, 1, 2]))]
    return spec


def wire(value: Any) -> Any:
    """A value as JSON has it; exact decimals are text."""
    if isinstance(value, list):
        return [wire(one) for one in value]
    return str(value) if isinstance(value, Decimal) else value


def sent(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec with the values of its filters as JSON has them."""
    return {**spec, "filters": [{key: wire(value) for key, value in one.items()} for one in spec["filters"]]}


@pytest.mark.parametrize("seed", range(8))
async def test_every_chart_of_a_random_table_agrees_with_plain_python(
    db: Database, services: Services, viewer: Viewer, seed: int
) -> None:
    chance = random.Random(seed)
    rows = random_rows(chance)
    cells = [[wire(one.isoformat() if isinstance(one, date) else one) for one in row.values()] for row in rows]
    table = await make_table(services, viewer, TYPES, cells)
    start = {"kind": "bar", "x": {"column": "word"}, "y": [{"column": "*", "agg": "count"}]}
    chart, shown = await chart_of(db, services, viewer, table, start)
    for _ in range(40):
        spec = random_spec(chance)
        changed = ChartRow(**{**{name: getattr(chart, name) for name in ChartRow.columns()}, "spec": sent(spec)})
        found = await data_of(Reader(db, viewer), changed, shown, ())
        wanted, truncated = oracle(rows, spec)
        assert agrees(found.rows, wanted), (spec, found.rows[:9], wanted[:9])
        assert (found.truncated, found.x_column) == (truncated, spec["x"]["column"])
        several = len(spec["y"]) > 1
        group = spec.get("group")
        assert (found.y_label, found.group_column) == (
            None if several else "measure 0",
            None if group is None else group["column"],
        )


async def test_several_raw_measures_are_told_row_by_row(db: Database, services: Services, viewer: Viewer) -> None:
    cells = [["a", 2, 0.5, "1.10"], ["b", None, 1.5, None], [None, 1, None, "2.00"]]
    types = {name: TYPES[name] for name in ("word", "whole", "part", "exact")}
    table = await make_table(services, viewer, types, cells)
    spec = {
        "kind": "scatter",
        "x": {"column": "word"},
        "y": [{"column": name, "agg": "none"} for name in ("whole", "exact")],
        "sort": {"by": "y", "order": "desc"},
        "limit": 3,
    }
    chart, shown = await chart_of(db, services, viewer, table, spec)
    found = await data_of(Reader(db, viewer), chart, shown, ())
    assert [(row["x"], row["y"], row["group"]) for row in found.rows] == [
        ("a", 2, "whole"),
        ("a", 1.1, "exact"),
        (None, 1, "whole"),
    ]
    assert (found.truncated, found.y_label, found.group_column) == (True, None, None)


LABELS = {
    "sum": "Sum of part",
    "avg": "Average of part",
    "min": "Minimum of part",
    "max": "Maximum of part",
    "count": "Count of part",
    "count_distinct": "Distinct count of part",
    "median": "Median of part",
    "none": "part",
}


@pytest.mark.parametrize(("agg", "label"), LABELS.items())
async def test_one_measure_is_named_in_words(
    db: Database, services: Services, viewer: Viewer, agg: str, label: str
) -> None:
    table = await make_table(services, viewer, {"word": TYPES["word"], "part": TYPES["part"]}, [["a", 1.0]])
    for given, wanted in ((None, label), ("", label), ("Own", "Own")):
        spec = {"kind": "bar", "x": {"column": "word"}, "y": [{"column": "part", "agg": agg, "label": given}]}
        chart, shown = await chart_of(db, services, viewer, table, spec)
        found = await data_of(Reader(db, viewer), chart, shown, ())
        assert (found.y_label, found.rows) == (wanted, [{"x": "a", "y": 1, "group": None}])
