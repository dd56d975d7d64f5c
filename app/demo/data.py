"""Real data for the demo: two files that the package vega-datasets carries."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = "vega_datasets"

Row = Mapping[str, Any]
Parse = Callable[[str], Any]


class NoData(Exception):
    """The data files are not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A file, and the table it becomes."""

    file: str
    table: str
    columns: Mapping[str, str]
    primary_key: tuple[str, ...]


WEATHER: Final = Dataset(
    file="seattle-weather.csv",
    table="seattle_weather",
    columns={
        "date": "date",
        "precipitation": "number",
        "temp_max": "number",
        "temp_min": "number",
        "wind": "number",
        "weather": "string",
    },
    primary_key=("date",),
)
# Cars of one name and year come in more than one version, so nothing in the file tells them apart: they get a number.
CARS: Final = Dataset(
    file="cars.json",
    table="cars",
    columns={
        "Car": "integer",
        "Name": "string",
        "Miles_per_Gallon": "number",
        "Cylinders": "integer",
        "Displacement": "number",
        "Horsepower": "integer",
        "Weight_in_lbs": "integer",
        "Acceleration": "number",
        "Year": "date",
        "Origin": "string",
    },
    primary_key=("Car",),
)


def iso_date(text: str) -> str:
    """A date as YYYY-MM-DD; the weather file writes it with slashes."""
    return text.replace("/", "-")


PARSERS: Final[Mapping[str, Parse]] = {"number": float, "integer": int, "date": iso_date, "string": str}


def folder() -> Path:
    """Where the files are."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise NoData(
            "The demo's data files are not installed: pip install 'taskloom[demo]' brings them."
            " The server works without them."
        )
    return Path(spec.submodule_search_locations[0]) / "_data"


def rows_of(dataset: Dataset) -> list[Row]:
    """The rows of a data set, typed."""
    path = folder() / dataset.file
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as problem:
        raise NoData(f"{path} is missing; another version of {PACKAGE} may carry it.") from problem
    if path.suffix == ".json":
        return [{"Car": number, **row} for number, row in enumerate(json.loads(text), start=1)]
    return list(_csv_rows(dataset, text))


def _csv_rows(dataset: Dataset, text: str) -> Iterator[Row]:
    for found in csv.DictReader(text.splitlines()):
        yield {
            name: PARSERS[kind](found[name]) if found[name] != "" else None for name, kind in dataset.columns.items()
        }
