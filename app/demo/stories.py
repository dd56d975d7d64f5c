"""The story lines of the demo: tasks that ask something worth knowing about real rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MARK: Final = "demo"  # in a task's metadata: it belongs to the demo
FAULTY_OF: Final = 7
FAULTY_AT: Final = 3


class Place(StrEnum):
    """The workspaces of the demo, by title."""

    WEATHER = "Seattle weather"
    CARS = "Cars"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A task that is made again and again."""

    name: str
    title: str
    place: Place
    question: Mapping[str, Any]

    def metadata(self, serial: int) -> dict[str, Any]:
        """What the worker needs to know."""
        return {MARK: True, "story": self.name, "serial": serial, "question": dict(self.question)}


STORIES: Final = (
    Story(
        name="monthly-temperature",
        title="Monthly mean temperature",
        place=Place.WEATHER,
        question={"kind": "mean_by", "of": "temp_max", "by": "date", "part": "month"},
    ),
    Story(
        name="fuel-by-origin",
        title="Fuel use by origin",
        place=Place.CARS,
        question={"kind": "mean_by", "of": "Miles_per_Gallon", "by": "Origin"},
    ),
    Story(
        name="precipitation-outliers",
        title="Outliers in precipitation",
        place=Place.WEATHER,
        question={"kind": "outliers", "of": "precipitation", "label": "date", "deviations": 3},
    ),
    Story(
        name="fuel-by-year",
        title="Fuel use by year",
        place=Place.CARS,
        question={"kind": "mean_by", "of": "Miles_per_Gallon", "by": "Year", "part": "year"},
    ),
    Story(
        name="dry-spells",
        title="Longest dry spells",
        place=Place.WEATHER,
        question={"kind": "longest_streak", "of": "precipitation", "equals": 0, "day": "date"},
    ),
    Story(
        name="power-by-cylinders",
        title="Power by number of cylinders",
        place=Place.CARS,
        question={"kind": "mean_by", "of": "Horsepower", "by": "Cylinders"},
    ),
    Story(
        name="wind-by-weather",
        title="Wind by kind of weather",
        place=Place.WEATHER,
        question={"kind": "mean_by", "of": "wind", "by": "weather"},
    ),
    Story(
        name="heavy-cars",
        title="Outliers in weight",
        place=Place.CARS,
        question={"kind": "outliers", "of": "Weight_in_lbs", "label": "Name", "deviations": 2},
    ),
)


def story_of(serial: int) -> Story:
    """The story lines take turns."""
    return STORIES[serial % len(STORIES)]


def is_faulty(metadata: Mapping[str, Any], attempt: int) -> bool:
    """Whether the demo lets this attempt fail: the first one of each seventh task, so that a retry can be watched."""
    return attempt == 1 and metadata["serial"] % FAULTY_OF == FAULTY_AT
