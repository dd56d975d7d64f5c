"""Chart data against plain Python, on real files and under random specs."""

import json
import random
from csv import DictReader
from datetime import date
from math import isclose
from typing import Any

import pytest

from app.db.engine import Database, Lane
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, ServiceUnavailable
from app.domain.grid.column import ColumnType
from app.domain.invalid import InvalidInput
from app.loaders import chart_data
from app.loaders.chart_data import chart_data as data_of
from app.loaders.reader import Reader
from app.services.registry import Services
from app.storage import catalog
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import ChartRow
from tests.support.chart_oracle import on_the_wire, oracle
from tests.support.grid import INTEGER, NUMBER, STRING, make_table, make_workspace, vega_file

Rows = list[dict[str, Any]]


async def chart_of(
    db: Database, services: Services, viewer: Viewer, table: TableRow, spec: dict[str, Any]
) -> tuple[ChartRow, TableRow]:
    """A chart on a table, and what its workspace shows."""
    place = await make_workspace(services, viewer, table)
    chart = (await services.charts.create(viewer, str(place.id), spec)).chart
    return chart, (await catalog.shown_by(db, viewer.tenant_id, [place.id]))[0][1]


def weather() -> Rows:
    """The weather of Seattle as Python reads it."""
    with vega_file("seattle-weather.csv").open(encoding="utf-8") as stream:
        return [
            {
                name: cell
                if name == "weather"
                else date.fromisoformat(cell.replace("/", "-"))
                if name == "date"
                else float(cell)
                for name, cell in row.items()
            }
            for row in DictReader(stream)
        ]


def cars() -> Rows:
    """Cars as Python reads them."""
    found: Rows = json.loads(vega_file("cars.json").read_text(encoding="utf-8"))
    return [{**row, "Year": date.fromisoformat(row["Year"])} for row in found]


FILES = {"seattle-weather.csv": weather, "cars.json": cars}
# Sums of whole numbers have one order only; sums of fractions that are equal but for rounding do not.
WHOLE = {"seattle-weather.csv": ["*"], "cars.json": ["*", "Cylinders", "Horsepower", "Weight_in_lbs"]}
NUMBERS = {
    "seattle-weather.csv": ["precipitation", "temp_max", "temp_min", "wind"],
    "cars.json": ["Miles_per_Gallon", "Cylinders", "Displacement", "Horsepower", "Weight_in_lbs", "Acceleration"],
}
AXES = {
    "seattle-weather.csv": ["weather", "date", "temp_max"],
    "cars.json": ["Origin", "Year", "Cylinders", "Horsepower"],
}
GROUPS = {"seattle-weather.csv": ["weather"], "cars.json": ["Origin", "Cylinders"]}
FILTERS: dict[str, list[dict[str, Any]]] = {
    "seattle-weather.csv": [
        {"column": "weather", "op": "in", "value": ["rain", "snow"]},
        {"column": "date", "op": "between", "value": ["2013-01-01", "2013-12-31"]},
        {"column": "temp_max", "op": "gte", "value": 20},
        {"column": "weather", "op": "contains", "value": "U"},
        {"column": "precipitation", "op": "eq", "value": 0},
    ],
    "cars.json": [
        {"column": "Miles_per_Gallon", "op": "is_null"},
        {"column": "Origin", "op": "ne", "value": "USA"},
        {"column": "Name", "op": "starts_with", "value": "FORD"},
        {"column": "Horsepower", "op": "not_null"},
        {"column": "Horsepower", "op": "not_in", "value": [150, 130]},
        {"column": "Year", "op": "lt", "value": "1975-01-01"},
    ],
}


def random_spec(chance: random.Random, file: str) -> dict[str, Any]:
    """A spec that the rules allow and whose order is the only one."""
    grouped = chance.random() < 0.4
    count = 1 if grouped else chance.randint(1, 3)
    sort = {"by": chance.choice("xy"), "order": chance.choice(["asc", "desc"])} if chance.random() < 0.7 else None
    whole = sort is not None and sort["by"] == "y"
    measures = []
    for at in range(count):
        column = chance.choice(WHOLE[file] if whole else [*NUMBERS[file], "*"])
        aggs = ["count"] if column == "*" else ["sum", "min", "max", "count", "count_distinct"]
        if column != "*" and not whole:
            aggs += ["avg", "median"]
        measures.append({"column": column, "agg": chance.choice(aggs), "label": f"measure {at}"})
    spec: dict[str, Any] = {"kind": "bar", "x": {"column": chance.choice(AXES[file])}, "y": measures}
    if grouped:
        spec["group"] = {"column": chance.choice(GROUPS[file])}
    if sort is not None:
        spec["sort"] = sort
    if chance.random() < 0.3:
        spec["limit"] = chance.randint(1, 20)
    spec["filters"] = chance.sample(FILTERS[file], k=chance.randint(0, 2))
    return spec


def agrees(found: Any, wanted: list[Any]) -> bool:
    """The same points in the same order; numbers to the last digits."""
    return len(found) == len(wanted) and all(
        row["x"] == on_the_wire(x) and row["group"] == on_the_wire(group) and close(row["y"], y)
        for row, (x, y, group) in zip(found, wanted, strict=True)
    )


def close(found: Any, wanted: Any) -> bool:
    """Equal, or as close as two ways of adding up come."""
    return found is wanted if found is None or wanted is None else isclose(found, wanted, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("file", FILES)
async def test_every_chart_agrees_with_plain_python(
    db: Database, services: Services, viewer: Viewer, file: str
) -> None:
    rows = FILES[file]()
    table = (await services.imports.run(viewer, vega_file(file))).table
    chart, shown = await chart_of(db, services, viewer, table, random_spec(random.Random(0), file))
    for seed in range(120):
        spec = random_spec(random.Random(seed), file)
        changed = ChartRow(**{**{name: getattr(chart, name) for name in ChartRow.columns()}, "spec": spec})
        found = await data_of(Reader(db, viewer), changed, shown, ())
        wanted, truncated = oracle(rows, spec)
        assert agrees(found.rows, wanted), (spec, found.rows[:5], wanted[:5])
        assert found.truncated == truncated


async def test_raw_points_are_the_rows_in_their_order(db: Database, services: Services, viewer: Viewer) -> None:
    rows = cars()
    table = (await services.imports.run(viewer, vega_file("cars.json"))).table
    for sort in (None, {"by": "x", "order": "desc"}, {"by": "y", "order": "asc"}):
        spec = {
            "kind": "scatter",
            "x": {"column": "Horsepower"},
            "y": [{"column": "Miles_per_Gallon", "agg": "none"}],
            "group": {"column": "Origin"},
            "sort": sort,
            "limit": 300,
        }
        chart, shown = await chart_of(db, services, viewer, table, spec)
        found = await data_of(Reader(db, viewer), chart, shown, ())
        wanted, truncated = oracle(rows, spec)
        assert agrees(found.rows, wanted)
        assert (found.truncated, truncated, found.y_label) == (True, True, "Miles_per_Gallon")


async def test_a_callers_filters_are_joined_with_those_of_the_spec(
    db: Database, services: Services, viewer: Viewer
) -> None:
    rows = weather()
    table = (await services.imports.run(viewer, vega_file("seattle-weather.csv"))).table
    own, extra = FILTERS["seattle-weather.csv"][0], FILTERS["seattle-weather.csv"][1:3]
    spec = {"kind": "pie", "x": {"column": "weather"}, "y": [{"column": "*", "agg": "count"}], "filters": [own]}
    chart, shown = await chart_of(db, services, viewer, table, spec)
    found = await data_of(Reader(db, viewer), chart, shown, extra)
    wanted, _ = oracle(rows, {**spec, "filters": [own, *extra]})
    assert agrees(found.rows, wanted)
    assert (found.x_column, found.group_column, found.y_label) == ("weather", None, "Count of rows")


async def test_every_type_of_cell_can_be_a_category(db: Database, services: Services, viewer: Viewer) -> None:
    types = {kind.value: kind for kind in ColumnType if kind is not ColumnType.JSON}
    row = {
        "string": "a",
        "integer": 2**60,
        "number": 0.5,
        "decimal": "1.10",
        "boolean": True,
        "date": "2024-02-29",
        "datetime": "2024-02-29T12:00:00Z",
    }
    table = await make_table(services, viewer, types, [row, row, {}])
    for name, kind in types.items():
        spec = {"kind": "bar", "x": {"column": name}, "y": [{"column": "*", "agg": "count"}]}
        chart, shown = await chart_of(db, services, viewer, table, spec)
        found = await data_of(Reader(db, viewer), chart, shown, ())
        x = str(2**60) if kind is ColumnType.INTEGER else row[name]
        assert found.rows == [{"x": x, "y": 2, "group": None}, {"x": None, "y": 1, "group": None}]


async def test_documents_can_be_counted(db: Database, services: Services, viewer: Viewer) -> None:
    sent = [["a", {"k": 1, "l": 2}], ["a", {"l": 2, "k": 1}], ["a", [1]], ["a", None]]
    table = await make_table(services, viewer, {"x": STRING, "doc": ColumnType.JSON}, sent)
    spec = {
        "kind": "bar",
        "x": {"column": "x"},
        "y": [{"column": "doc", "agg": "count"}, {"column": "doc", "agg": "count_distinct"}],
    }
    chart, shown = await chart_of(db, services, viewer, table, spec)
    assert [row["y"] for row in (await data_of(Reader(db, viewer), chart, shown, ())).rows] == [3, 2]


async def test_sums_beyond_any_integer_are_numbers(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, {"x": STRING, "n": INTEGER}, [["a", 2**63 - 1], ["a", 2**63 - 1]])
    spec = {"kind": "bar", "x": {"column": "x"}, "y": [{"column": "n", "agg": "sum"}]}
    chart, shown = await chart_of(db, services, viewer, table, spec)
    assert (await data_of(Reader(db, viewer), chart, shown, ())).rows[0]["y"] == float(2**64 - 2)


async def test_a_sum_beyond_double_precision_is_the_callers_to_know(
    db: Database, services: Services, viewer: Viewer
) -> None:
    table = await make_table(services, viewer, {"x": STRING, "n": NUMBER}, [["a", 1.7e308], ["a", 1.7e308]])
    spec = {"kind": "bar", "x": {"column": "x"}, "y": [{"column": "n", "agg": "sum"}]}
    chart, shown = await chart_of(db, services, viewer, table, spec)
    with pytest.raises(Exception, match="cannot") as refusal:
        await data_of(Reader(db, viewer), chart, shown, ())
    assert getattr(refusal.value, "code", None) == "BAD_USER_INPUT"


async def test_filters_that_make_no_sense_are_refused(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, {"x": STRING}, [["a"]])
    spec = {"kind": "bar", "x": {"column": "x"}, "y": [{"column": "*", "agg": "count"}]}
    chart, shown = await chart_of(db, services, viewer, table, spec)
    for wrong, field in (
        ([{"column": "y", "op": "eq", "value": 1}], "filters.0.column"),
        ([{"column": "x", "op": "eq", "value": 1}], "filters.0.value"),
        (["x"], "filters.0"),
    ):
        with pytest.raises(InvalidInput) as refusal:
            await data_of(Reader(db, viewer), chart, shown, wrong)
        assert refusal.value.field == field
    with pytest.raises(BadInput, match="no column"):
        await data_of(Reader(db, viewer), chart, None, ())


async def test_a_chart_that_takes_too_long_says_so(db: Database, services: Services, viewer: Viewer) -> None:
    table = await make_table(services, viewer, {"x": STRING}, [["a"]])
    spec = {"kind": "bar", "x": {"column": "x"}, "y": [{"column": "*", "agg": "count"}]}
    chart, shown = await chart_of(db, services, viewer, table, spec)
    async with db.connection(Lane.CHARTS) as held:  # the one connection of the lane that has been opened
        await held.execute("SET statement_timeout = 50")
    async with db.transaction() as tx:
        await tx.run(f"LOCK TABLE {table.source.schema}.{table.source.name} IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(ServiceUnavailable, match=f"longer than {chart_data.SECONDS_MAX} s"):
            await data_of(Reader(db, viewer), chart, shown, ())
    assert chart_data.SECONDS_MAX == 10
