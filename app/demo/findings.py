"""What the demo's worker finds out about rows: plain arithmetic whose answers are true."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, pstdev
from typing import Any, Final

Row = Mapping[str, Any]

PARTS: Final[Mapping[str, slice]] = {"year": slice(0, 4), "month": slice(5, 7)}  # of YYYY-MM-DD
DIGITS: Final = 3


class CannotCompute(Exception):
    """The question makes no sense for these rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An answer in words, with the table that it was read from."""

    summary: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    rows: Sequence[Row]


def mean_by(rows: Sequence[Row], *, of: str, by: str, part: str | None = None) -> Finding:
    """The mean of a column for each value of another, or for a part of a date."""
    groups: dict[Any, list[float]] = {}
    for row in present(rows, of, by):
        label = row[by] if part is None else str(row[by])[PARTS[part]]
        groups.setdefault(label, []).append(float(row[of]))
    if not groups:
        raise CannotCompute(f"No row holds both {of} and {by}.")
    name = part or by
    found: list[dict[str, Any]] = [
        {name: str(label), "mean": round(fmean(values), DIGITS), "rows": len(values)}
        for label, values in sorted(groups.items(), key=lambda item: str(item[0]))
    ]
    low, high = (pick(found, key=lambda row: row["mean"]) for pick in (min, max))
    return Finding(
        summary=f"mean {of} by {name}: highest {high[name]} with {high['mean']:g}, lowest {low[name]}"
        f" with {low['mean']:g}",
        columns={name: "string", "mean": "number", "rows": "integer"},
        key=(name,),
        rows=found,
    )


def outliers(rows: Sequence[Row], *, of: str, label: str, deviations: float) -> Finding:
    """The rows that are more than so many standard deviations from the mean."""
    known = present(rows, of, label)
    if len(known) < 2:
        raise CannotCompute(f"Fewer than two rows hold both {of} and {label}.")
    values = [float(row[of]) for row in known]
    mean, deviation = fmean(values), pstdev(values)
    if deviation == 0:
        raise CannotCompute(f"{of} is the same in every row.")
    scored = [(number, row, (float(row[of]) - mean) / deviation) for number, row in enumerate(known, start=1)]
    far: list[dict[str, Any]] = [
        {"row": number, label: str(row[label]), of: float(row[of]), "z": round(z, DIGITS)}
        for number, row, z in sorted(scored, key=lambda item: -abs(item[2]))
        if abs(z) > deviations
    ]
    furthest = f"; furthest {far[0][label]} with {far[0][of]:g}" if far else ""
    return Finding(
        summary=f"{len(far)} of {len(known)} rows lie more than {deviations:g} deviations from the mean"
        f" {of} {mean:.{DIGITS}g}{furthest}",
        columns={"row": "integer", label: "string", of: "number", "z": "number"},
        key=("row",),
        rows=far,
    )


def longest_streak(rows: Sequence[Row], *, of: str, equals: float, day: str) -> Finding:
    """The longest times during which a column kept a value."""
    ordered = sorted(present(rows, of, day), key=lambda row: str(row[day]))
    streaks = [
        [str(row[day]) for row in group]
        for same, group in groupby(ordered, key=lambda row: float(row[of]) == equals)
        if same
    ]
    if not streaks:
        raise CannotCompute(f"{of} is nowhere {equals:g}.")
    longest = sorted(streaks, key=lambda days: (-len(days), days[0]))[:10]
    found = [{"first": days[0], "last": days[-1], "days": len(days)} for days in longest]
    return Finding(
        summary=f"{of} stayed {equals:g} for {found[0]['days']} days, {found[0]['first']} to {found[0]['last']}",
        columns={"first": "date", "last": "date", "days": "integer"},
        key=("first",),
        rows=found,
    )


def present(rows: Iterable[Row], *columns: str) -> list[Row]:
    """The rows that have a value in each of the columns."""
    return [row for row in rows if all(row.get(column) is not None for column in columns)]


KINDS: Final[Mapping[str, Callable[..., Finding]]] = {
    "mean_by": mean_by,
    "outliers": outliers,
    "longest_streak": longest_streak,
}


def compute(question: Mapping[str, Any], rows: Sequence[Row]) -> Finding:
    """The answer to a question such as `{"kind": "mean_by", "of": …, "by": …}`."""
    kind = KINDS.get(question.get("kind", ""))
    if kind is None:
        raise CannotCompute(f"Nobody knows how to compute {question.get('kind')!r}.")
    try:
        return kind(rows, **{name: value for name, value in question.items() if name != "kind"})
    except (TypeError, KeyError, ValueError) as problem:
        raise CannotCompute(f"The question cannot be read: {problem}") from problem
