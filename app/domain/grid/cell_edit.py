"""Cell edits: what a caller asks for, what is wrong with it, and when two cells hold the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.domain.errors import Conflict
from app.domain.grid.coerce import Cell, coerce
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.numerals import INT64_MAX, is_integer_numeral
from app.domain.grid.wire import to_wire
from app.domain.problems import Loc, Problem, Refused, loc_key, refuse, shown

EDITS_MAX: Final = 500  # a call


class CellConflict(Conflict):
    """The cell does not hold what its editor expected; `currentValue` and `row` say what is there."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A value that was sent; it may be null, which is something else than not being sent."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEdit:
    """An edit as it was asked for; without `expected` the last write wins, without `new` it is no edit."""

    column: str
    new: Sent | None
    expected: Sent | None = None
    row_identity: object | None = None
    ws_row_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What edits are checked against: the columns, those that name a row, and whether rows have numbers as well."""

    columns: Sequence[Column]
    identity: Sequence[str]
    numbered: bool


@dataclass(frozen=True, slots=True)
class Address:
    """How a row is found: by these columns and their values, or by its number if there are none."""

    names: tuple[str, ...]
    values: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundEdit:
    """An edit that fits the grid; `expected` holds a cell."""

    column: Column
    new: Cell
    expected: Sent | None
    address: Address


def bind_edit(edit: CellEdit, grid: Grid, loc: Loc = ()) -> BoundEdit | Refused:
    """The edit in the types of the grid, or everything that is wrong with it."""
    column = next((one for one in grid.columns if one.name == edit.column), None)
    problems = [*_address_problems(edit, grid, loc), *_column_problems(edit, grid, column, loc)]
    address = _address(edit, grid, loc)
    if isinstance(address, Refused):
        problems += address.problems
    if column is None or edit.new is None:
        return refuse(problems)
    new = coerce(edit.new.value, column.data_type, (*loc, "newValue"))
    expected = coerce(edit.expected.value, column.data_type, (*loc, "expectedOldValue")) if edit.expected else None
    problems += [found for found in (new, expected) if isinstance(found, Problem)]
    if problems or isinstance(new, Problem) or isinstance(expected, Problem) or isinstance(address, Refused):
        return refuse(problems)
    sent = None if edit.expected is None else Sent(expected)
    return BoundEdit(column=column, new=new, expected=sent, address=address)


def _column_problems(edit: CellEdit, grid: Grid, column: Column | None, loc: Loc) -> Iterator[Problem]:
    if edit.new is None:
        yield Problem((*loc, "newValue"), "missing", "Give newValue; null empties the cell.")
    if column is None:
        yield Problem((*loc, "column"), "unknown_column", f"There is no column {shown(edit.column)}.")
    elif edit.column in grid.identity:
        message = f"{shown(edit.column)} names the row and cannot be changed."
        yield Problem((*loc, "column"), "identity_column", message)


def _address_problems(edit: CellEdit, grid: Grid, loc: Loc) -> Iterator[Problem]:
    if (edit.row_identity is None) == (edit.ws_row_id is None):
        yield Problem(loc, "value_error", "Give exactly one of rowIdentity and wsRowId.")
    elif edit.ws_row_id is not None and not grid.numbered:
        yield Problem((*loc, "wsRowId"), "value_error", "Rows of a live table have no wsRowId; give rowIdentity.")
    elif edit.row_identity is not None and not grid.identity:
        yield Problem((*loc, "rowIdentity"), "value_error", "No column names the rows of this workspace; give wsRowId.")


def _address(edit: CellEdit, grid: Grid, loc: Loc) -> Address | Refused:
    """The row that is meant; a number that no row can have is that of none."""
    if edit.row_identity is None or not grid.identity:
        text = edit.ws_row_id or ""
        number = int(text) if is_integer_numeral(text) else 0
        return Address((), (number if 0 < number <= INT64_MAX else 0,))
    loc = (*loc, "rowIdentity")
    if not isinstance(edit.row_identity, dict):
        return refuse([Problem(loc, "dict_type", "Give an object of the columns that name a row and their values.")])
    given: Mapping[str, object] = edit.row_identity
    problems = [
        Problem((*loc, loc_key(name)), "unknown_column", f"{shown(name)} is none of the columns that name a row.")
        for name in given
        if name not in grid.identity
    ]
    types = {column.name: column.data_type for column in grid.columns}
    values: list[Cell] = []
    for name in grid.identity:
        cell = coerce(given.get(name), types[name], (*loc, name))
        if isinstance(cell, Problem):
            problems.append(cell)
        elif cell is None:
            problems.append(Problem((*loc, name), "missing", f"Give {shown(name)}: it names the row."))
        else:
            values.append(cell)
    return refuse(problems) if problems else Address(tuple(grid.identity), tuple(values))


def same_cell(one: Cell, other: Cell, column_type: ColumnType) -> bool:
    """Whether two cells of a column hold the same value; documents are compared as what they say."""
    if one is None or other is None:
        return one is other
    if column_type is ColumnType.JSON:
        return _same_json(orjson.loads(str(one)), orjson.loads(str(other)))
    if column_type is ColumnType.DATETIME:  # the driver gives the ends of the calendar without an offset
        return to_wire(one, column_type) == to_wire(other, column_type)
    return one == other


def _same_json(one: object, other: object) -> bool:
    """Equal as JSON: order of keys and writing of numbers do not matter, and true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same_json(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same_json, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other
