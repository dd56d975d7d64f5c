"""Filters: the grammar `{column, op, value}` that charts and grids share, checked against real columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Final

from app.domain.charts.fields import Fields, open_fields
from app.domain.grid.coerce import Cell, coerce, json_name
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.numerals import is_int64
from app.domain.problems import Loc, Problem, Refused, refuse, shown
from app.domain.text import is_storable

FILTERS_MAX: Final = 50
LIST_VALUES_MAX: Final = 500

Scalar = str | int | float | bool


class Op(StrEnum):
    """How a cell is compared; the value is the name on the wire."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NOT_IN = "not_in"
    BETWEEN = "between"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    IS_NULL = "is_null"
    NOT_NULL = "not_null"


NULL_OPS: Final = frozenset({Op.IS_NULL, Op.NOT_NULL})
LIST_OPS: Final = frozenset({Op.IN, Op.NOT_IN})
TEXT_OPS: Final = frozenset({Op.CONTAINS, Op.NOT_CONTAINS, Op.STARTS_WITH, Op.ENDS_WITH})
NEGATED_OPS: Final = frozenset({Op.NE, Op.NOT_IN, Op.NOT_CONTAINS})  # a null cell matches these
_EQUAL_OPS: Final = frozenset({Op.EQ, Op.NE, Op.IN, Op.NOT_IN})
_ORDER_OPS: Final = frozenset({Op.GT, Op.GTE, Op.LT, Op.LTE, Op.BETWEEN})
_ORDERED: Final = NULL_OPS | _EQUAL_OPS | _ORDER_OPS

OPS_BY_TYPE: Final[Mapping[ColumnType, frozenset[Op]]] = {
    ColumnType.STRING: _ORDERED | TEXT_OPS,
    ColumnType.INTEGER: _ORDERED,
    ColumnType.NUMBER: _ORDERED,
    ColumnType.DECIMAL: _ORDERED,
    ColumnType.BOOLEAN: NULL_OPS | _EQUAL_OPS,
    ColumnType.DATE: _ORDERED,
    ColumnType.DATETIME: _ORDERED,
    ColumnType.JSON: NULL_OPS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One condition as written; `value` is null for is_null and not_null, a tuple for in, not_in, between."""

    column: str
    op: Op
    value: Scalar | tuple[Scalar, ...] | None = None

    def to_wire(self) -> dict[str, object]:
        """As published; the null tests have no value."""
        wire: dict[str, object] = {"column": self.column, "op": self.op.value}
        if self.op not in NULL_OPS:
            wire["value"] = list(self.value) if isinstance(self.value, tuple) else self.value
        return wire


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundFilter:
    """One condition ready for a query: a known column, and values of its type to be bound as parameters.

    No value for the null tests, 1 to 500 for in and not_in, two for between, else one.
    """

    column: Column
    op: Op
    values: tuple[Cell, ...]


def like_pattern(op: Op, text: str) -> str:
    """The LIKE pattern of a text operation, with backslash as escape; compare it without regard to case."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    before = "" if op is Op.STARTS_WITH else "%"
    after = "" if op is Op.ENDS_WITH else "%"
    return f"{before}{escaped}{after}"


def parse_filters(raw: object, loc: Loc = ()) -> tuple[Filter, ...] | Refused:
    """The filters of a JSON array; all of them must hold for a row."""
    problems: list[Problem] = []
    filters = read_filters(raw, loc, problems)
    return refuse(problems) if problems else filters


def read_filters(raw: object, loc: Loc, problems: list[Problem]) -> tuple[Filter, ...]:
    """Like parse_filters, for a caller that gathers problems itself."""
    if not isinstance(raw, list):
        problems.append(Problem(loc, "list_type", f"Give a list of filters, not {json_name(raw)}."))
        return ()
    if len(raw) > FILTERS_MAX:
        problems.append(Problem(loc, "too_long", f"{len(raw)} filters; at most {FILTERS_MAX} are allowed."))
        return ()
    found = [_read_filter(item, (*loc, index), problems) for index, item in enumerate(raw)]
    return tuple(item for item in found if item is not None)


def _read_filter(raw: object, loc: Loc, problems: list[Problem]) -> Filter | None:
    fields = open_fields(raw, loc, ("column", "op", "value"), problems)
    if fields is None:
        return None
    column, op = fields.text("column", required=True), fields.word("op", Op)
    value = _read_value(fields, op, problems) if op is not None else None
    if column is None or op is None:
        return None
    return Filter(column=column, op=op, value=value)


def _read_value(fields: Fields, op: Op, problems: list[Problem]) -> Scalar | tuple[Scalar, ...] | None:
    """The value in the shape that the operation wants; its type is checked when the column is known."""
    raw = fields.get("value")
    if op in NULL_OPS:
        if raw is not None:
            fields.refuse("value", "value_error", f"{op} takes no value.")
        return None
    if not fields.required("value"):
        return None
    here = (*fields.loc, "value")
    if op in LIST_OPS or op is Op.BETWEEN:
        least, most = (2, 2) if op is Op.BETWEEN else (1, LIST_VALUES_MAX)
        items = fields.array("value", least=least, most=most) or []
        found = [_read_scalar(item, (*here, index), problems) for index, item in enumerate(items)]
        return tuple(item for item in found if item is not None)
    if raw is None:
        problems.append(Problem(here, "value_error", f"{op} takes no null; use is_null or not_null."))
        return None
    return _read_scalar(raw, here, problems)


def _read_scalar(raw: object, loc: Loc, problems: list[Problem]) -> Scalar | None:
    if isinstance(raw, str):
        if is_storable(raw):
            return raw
        problems.append(Problem(loc, "unstorable_text", "The text holds a NUL or a lone surrogate."))
    elif isinstance(raw, bool):
        return raw
    elif isinstance(raw, int | float):
        # What is kept must come back unchanged from JSON.
        if is_int64(raw) if isinstance(raw, int) else isfinite(raw):
            return raw
        problems.append(Problem(loc, "out_of_range", "Give a finite number, a large integer as a string."))
    else:
        message = f"Give a string, a number or a boolean, not {json_name(raw)}."
        problems.append(Problem(loc, "value_error", message))
    return None


def bind_filters(
    filters: Sequence[Filter], columns: Sequence[Column], loc: Loc = ()
) -> tuple[BoundFilter, ...] | Refused:
    """The filters on real columns, their values as cells of those columns' types."""
    by_name = {column.name: column for column in columns}
    bound: list[BoundFilter] = []
    problems: list[Problem] = []
    for index, item in enumerate(filters):
        found = _bind(item, by_name.get(item.column), (*loc, index))
        if isinstance(found, BoundFilter):
            bound.append(found)
        else:
            problems.extend(found)
    return refuse(problems) if problems else tuple(bound)


def _bind(item: Filter, column: Column | None, loc: Loc) -> BoundFilter | list[Problem]:
    if column is None:
        message = f"There is no column {shown(item.column)}."
        return [Problem((*loc, "column"), "unknown_column", message)]
    if item.op not in OPS_BY_TYPE[column.data_type]:
        usable = ", ".join(op for op in Op if op in OPS_BY_TYPE[column.data_type])
        message = f"{item.op} does not apply to a {column.data_type} column; usable: {usable}."
        return [Problem((*loc, "op"), "value_error", message)]
    if isinstance(item.value, tuple):
        cells = [coerce(value, column.data_type, (*loc, "value", index)) for index, value in enumerate(item.value)]
    else:
        cells = [] if item.value is None else [coerce(item.value, column.data_type, (*loc, "value"))]
    problems = [cell for cell in cells if isinstance(cell, Problem)]
    values = tuple(cell for cell in cells if not isinstance(cell, Problem))
    return problems or BoundFilter(column=column, op=item.op, values=values)
