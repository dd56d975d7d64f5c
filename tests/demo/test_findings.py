"""The numbers that the demo finds are the true ones."""

import csv
import json
import sqlite3
from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev
from typing import Any

import pytest

from app.demo.data import CARS, WEATHER, NoData, folder, rows_of
from app.demo.findings import CannotCompute, compute
from app.demo.stories import FAULTY_OF, STORIES, is_faulty, story_of

try:
    folder()
except NoData:
    pytest.skip("the optional package vega-datasets is not installed", allow_module_level=True)

QUESTIONS = {story.name: story.question for story in STORIES}


def database() -> sqlite3.Connection:
    """The same files, read by other means."""
    made = sqlite3.connect(":memory:")
    with (folder() / WEATHER.file).open(encoding="utf-8", newline="") as file:
        weather = list(csv.reader(file))[1:]
    cars = json.loads((folder() / CARS.file).read_text(encoding="utf-8"))
    made.execute(
        "CREATE TABLE weather (date TEXT, precipitation REAL, temp_max REAL, temp_min REAL, wind REAL, w TEXT)"
    )
    made.executemany("INSERT INTO weather VALUES (?, ?, ?, ?, ?, ?)", weather)
    made.execute("CREATE TABLE cars (mpg REAL, cylinders INT, power REAL, year TEXT, origin TEXT)")
    fields = ("Miles_per_Gallon", "Cylinders", "Horsepower", "Year", "Origin")
    made.executemany("INSERT INTO cars VALUES (?, ?, ?, ?, ?)", [[car[field] for field in fields] for car in cars])
    return made


@pytest.mark.parametrize(
    ("story", "name", "statement"),
    [
        ("monthly-temperature", "month", "SELECT substr(date, 6, 2), avg(temp_max), count(*) FROM weather GROUP BY 1"),
        ("wind-by-weather", "weather", "SELECT w, avg(wind), count(*) FROM weather GROUP BY 1"),
        ("fuel-by-origin", "Origin", "SELECT origin, avg(mpg), count(mpg) FROM cars GROUP BY 1"),
        ("fuel-by-year", "year", "SELECT substr(year, 1, 4), avg(mpg), count(mpg) FROM cars GROUP BY 1"),
        (
            "power-by-cylinders",
            "Cylinders",
            "SELECT cast(cylinders AS TEXT), avg(power), count(power) FROM cars GROUP BY 1",
        ),
    ],
)
def test_means_are_those_of_a_database(story: str, name: str, statement: str) -> None:
    found = compute(QUESTIONS[story], rows_of(CARS if "cars" in statement else WEATHER))
    made = database()
    expected = [(label, pytest.approx(mean, abs=0.0006), count) for label, mean, count in made.execute(statement)]
    made.close()
    assert [(row[name], row["mean"], row["rows"]) for row in found.rows] == expected


def test_outliers_are_all_rows_beyond_the_border_and_no_others() -> None:
    rows = rows_of(WEATHER)
    found = compute(QUESTIONS["precipitation-outliers"], rows)
    values = [row["precipitation"] for row in rows]
    border = fmean(values) + 3 * pstdev(values)
    assert {row["date"] for row in found.rows} == {row["date"] for row in rows if row["precipitation"] > border}
    assert found.summary == (
        "37 of 1461 rows lie more than 3 deviations from the mean precipitation 3.03; furthest 2015-03-15 with 55.9"
    )


def test_the_longest_dry_spell_is_dry_and_has_wet_neighbours() -> None:
    rows = rows_of(WEATHER)
    found = compute(QUESTIONS["dry-spells"], rows).rows[0]
    days = [row["date"] for row in rows]
    first, last = days.index(found["first"]), days.index(found["last"])
    rain = [row["precipitation"] for row in rows]
    assert (set(rain[first : last + 1]), last - first + 1) == ({0.0}, found["days"])
    assert rain[first - 1] > 0 < rain[last + 1]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_story_has_an_answer_whose_table_fits(story: Any) -> None:
    dataset = WEATHER if story.place == "Seattle weather" else CARS
    found = compute(story.question, rows_of(dataset))
    assert all(set(row) == set(found.columns) for row in found.rows)
    keys = [tuple(row[column] for column in found.key) for row in found.rows]
    assert len(set(keys)) == len(keys) > 0


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ({"kind": "guess"}, [{"a": 1}]),
        ({}, [{"a": 1}]),
        ({"kind": "mean_by", "of": "a", "by": "b"}, [{"a": None, "b": 1}]),
        ({"kind": "mean_by", "of": "a", "by": "b"}, [{"a": "x", "b": 1}]),
        ({"kind": "mean_by", "of": "a", "by": "b", "part": "week"}, [{"a": 1, "b": "2020-01-01"}]),
        ({"kind": "mean_by", "colour": "a"}, [{"a": 1}]),
        ({"kind": "outliers", "of": "a", "label": "a", "deviations": 3}, [{"a": 1}]),
        ({"kind": "outliers", "of": "a", "label": "a", "deviations": 3}, [{"a": 1}, {"a": 1}]),
        ({"kind": "longest_streak", "of": "a", "equals": 0, "day": "a"}, [{"a": 1}]),
    ],
)
def test_a_question_without_an_answer_says_so(question: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    with pytest.raises(CannotCompute):
        compute(question, rows)


def test_one_task_in_seven_fails_once() -> None:
    faulty = [n for n in range(FAULTY_OF * 3) if is_faulty(story_of(n).metadata(n), 1)]
    assert len(faulty) == 3
    assert not any(is_faulty(story_of(n).metadata(n), 2) for n in faulty)
