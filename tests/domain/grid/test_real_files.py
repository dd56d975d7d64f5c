"""Real data files: every one is read whole, and the ones people know get exactly the types they expect."""

import importlib.util
from pathlib import Path

import pytest

from app.domain.grid.batch import RowBatch
from app.domain.grid.file_rows import read_file
from app.domain.grid.file_scan import FileScan, scan_file
from app.domain.grid.files import detect_format

_SPEC = importlib.util.find_spec("vega_datasets")
if _SPEC is None or not _SPEC.submodule_search_locations:
    pytest.skip("the optional package vega-datasets is not installed", allow_module_level=True)
FILES = sorted(
    path for path in (Path(_SPEC.submodule_search_locations[0]) / "_data").iterdir() if path.suffix in (".csv", ".json")
)

TYPES = {
    "seattle-weather.csv": {
        "date": "date",
        "precipitation": "number",
        "temp_max": "number",
        "temp_min": "number",
        "wind": "number",
        "weather": "string",
    },
    "cars.json": {
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
    "stocks.csv": {"symbol": "string", "date": "date", "price": "number"},
    "iowa-electricity.csv": {"year": "date", "source": "string", "net_generation": "integer"},
    "seattle-temps.csv": {"date": "datetime", "temp": "number"},
}
ROW_COUNTS = {"seattle-weather.csv": 1461, "cars.json": 406, "stocks.csv": 560, "iowa-electricity.csv": 51}


def _scan(path: Path) -> FileScan:
    with path.open("rb") as stream:
        file_format = detect_format(path.name, stream)
        assert file_format is not None
        found = scan_file(stream, file_format)
    assert isinstance(found, FileScan), found
    return found


def test_the_well_known_files_are_there() -> None:
    assert set(TYPES) <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_read_as_what_it_was_inferred_to_be(path: Path) -> None:
    scan = _scan(path)
    with path.open("rb") as stream:
        batches = list(read_file(stream, scan.file_format, scan.columns))
    assert all(isinstance(batch, RowBatch) for batch in batches), batches
    rows = [row for batch in batches if isinstance(batch, RowBatch) for row in batch.rows]
    assert len(rows) == scan.row_count == ROW_COUNTS.get(path.name, scan.row_count)
    if path.name in TYPES:
        assert {each.name: each.data_type.value for each in scan.columns} == TYPES[path.name]
