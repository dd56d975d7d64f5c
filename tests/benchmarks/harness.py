"""What every benchmark has: a scale, medians and quantiles, a report that is one line of JSON."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import orjson

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured: `quick` shows that a benchmark works, the full scale gives its numbers."""

    quick: bool

    def of(self, full: float, quick: float) -> float:
        """The seconds for this scale."""
        return quick if self.quick else full

    def count(self, full: int, quick: int) -> int:
        """The number for this scale."""
        return quick if self.quick else full


@dataclass(slots=True, kw_only=True)
class Report:
    """What a benchmark found."""

    name: str
    settings: Row
    measured: list[Row] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)
    aims: list[Row] = field(default_factory=list)

    def aim(self, text: str, got: float, wanted: float, *, at_most: bool = False) -> None:
        """Note an aim and whether it was met."""
        met = got <= wanted if at_most else got >= wanted
        self.aims.append({"aim": text, "wanted": wanted, "got": short(got), "met": met})

    @property
    def met(self) -> bool:
        """Whether every aim was met."""
        return all(aim["met"] for aim in self.aims)

    def line(self) -> str:
        """One line of JSON."""
        found = {
            "name": self.name,
            "settings": self.settings,
            "measured": self.measured,
            "ratios": {name: short(value) for name, value in self.ratios.items()},
            "aims": self.aims,
            "met": self.met,
        }
        return orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS).decode()


def say(text: str) -> None:
    """Progress, for people."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def short(value: float) -> float:
    """Three digits are all that such a measurement is worth."""
    return float(f"{value:.3g}")


def medians(rounds: Sequence[Row]) -> Row:
    """Several measurements of the same thing as one: the median of each number, `of` how many."""
    merged: Row = {}
    for name, value in rounds[0].items():
        same = all(row[name] == value for row in rounds)
        merged[name] = value if same else short(median(row[name] for row in rounds))
    return merged
