"""Rows from a caller: JSON objects or arrays become typed tuples, column by column."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from app.domain.grid.bulk import STRICT, convert_column, table_faults
from app.domain.grid.coerce import Cell, json_name
from app.domain.grid.column import Column
from app.domain.problems import PROBLEMS_MAX, Loc, Problem, Refused, loc_key, refuse, shown

Row = tuple[Cell, ...]


def coerce_rows(rows: Sequence[object], columns: Sequence[Column], loc: Loc = ()) -> list[Row] | Refused:
    """Rows in column order, ready for storage; a missing key is null, an unknown one is refused.

    `loc` of a problem goes on with the row's index and the column's name.
    """
    names = [column.name for column in columns]
    problems = _shape_problems(rows, names, loc)
    if len(problems) >= PROBLEMS_MAX:
        return refuse(problems)
    places: Sequence[int] = range(len(rows))
    if problems:
        misshapen = {problem.loc[len(loc)] for problem in problems}
        places = [place for place in places if place not in misshapen]
        rows = [rows[place] for place in places]
    table = _transposed(rows, names)
    converters = [STRICT[column.data_type] for column in columns]
    done = list(map(convert_column, table, converters))
    cells = [column for column in done if column is not None]
    if not problems and len(cells) == len(done):
        return list(zip(*cells, strict=True))
    problems += [
        Problem((*loc, places[fault.row], names[fault.column]), fault.code, fault.message)
        for fault in table_faults(table, converters, done)
    ]
    return refuse(sorted(problems, key=lambda problem: problem.loc[len(loc)]))


def _shape_problems(rows: Sequence[object], names: Sequence[str], loc: Loc) -> list[Problem]:
    """Rows that are neither an object with known keys nor an array of the right length."""
    kinds = set(map(type, rows))
    known = frozenset(names)
    quick: Sequence[Any] = rows
    if kinds <= {dict} and all(map(known.issuperset, quick)):
        return []
    if kinds <= {list} and set(map(len, quick)) <= {len(names)}:
        return []
    problems: list[Problem] = []
    for index, row in enumerate(rows):
        problems.extend(_row_problems(row, known, len(names), (*loc, index)))
        if len(problems) >= PROBLEMS_MAX:
            break
    return problems


def _row_problems(row: object, known: frozenset[str], width: int, loc: Loc) -> list[Problem]:
    if isinstance(row, dict):
        return [
            Problem((*loc, loc_key(key)), "unknown_column", f"The table has no column {shown(key)}.")
            for key in row
            if key not in known
        ]
    if not isinstance(row, list):
        message = f"A row is an object by column name or an array, not {json_name(row)}."
        return [Problem(loc, "row_type", message)]
    if len(row) == width:
        return []
    return [Problem(loc, "row_length", f"The row has {len(row)} values; the table has {width} columns.")]


def _transposed(rows: Sequence[Any], names: Sequence[str]) -> list[Sequence[Any]]:
    kinds = set(map(type, rows))
    if kinds == {list}:
        return list(zip(*rows, strict=True))
    if kinds == {dict, list}:
        rows = [row if isinstance(row, dict) else dict(zip(names, row, strict=True)) for row in rows]
    return [values_of(rows, name) for name in names]


def values_of(rows: Sequence[dict[str, Any]], name: str) -> list[Any]:
    """One column of JSON objects; a missing key is null."""
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:  # at least one row leaves the column out
        return [row.get(name) for row in rows]
