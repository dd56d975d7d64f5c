"""Filters of grids and charts as conditions: the shape makes the statement, the values are bound to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.domain.charts.filters import LIST_OPS, NULL_OPS, TEXT_OPS, BoundFilter, Op, like_pattern
from app.storage.relation import TYPES, Source, cell


@dataclass(frozen=True, slots=True)
class FilterShape:
    """A filter without its values: filters of one shape share a statement."""

    column: str
    op: Op


def shapes(filters: Sequence[BoundFilter]) -> tuple[FilterShape, ...]:
    """What the statement depends on."""
    return tuple(FilterShape(item.column.name, item.op) for item in filters)


def arguments(filters: Sequence[BoundFilter]) -> dict[str, object]:
    """The values by the names that `conditions` gave their places."""
    given: dict[str, object] = {}
    for index, item in enumerate(filters):
        if item.op in NULL_OPS:
            continue
        if item.op in LIST_OPS:
            given[_place(index)] = list(item.values)
        elif item.op in TEXT_OPS:
            given[_place(index)] = like_pattern(item.op, str(item.values[0]))
        else:
            given |= {_place(index, at): value for at, value in enumerate(item.values)}
    return given


def conditions(source: Source, wanted: Sequence[FilterShape]) -> list[sa.ColumnElement[bool]]:
    """The conditions, to be joined by AND."""
    return [_condition(source, item, index) for index, item in enumerate(wanted)]


def _place(index: int, at: int = 0) -> str:
    return f"filter_{index}_{at}"


def _condition(source: Source, wanted: FilterShape, index: int) -> sa.ColumnElement[bool]:
    column = cell(source, wanted.column)
    kind = next(TYPES[c.data_type] for c in source.columns if c.name == wanted.column)
    low: sa.BindParameter[Any] = sa.bindparam(_place(index), type_=kind)
    if wanted.op in LIST_OPS:
        among = column == sa.any_(sa.bindparam(_place(index), type_=ARRAY(kind)))
        # Not IN, as people expect it: a null cell is not among the values.
        return among if wanted.op is Op.IN else among.is_not(sa.true())
    if wanted.op in TEXT_OPS:
        alike = column.ilike(sa.bindparam(_place(index), type_=sa.Text()))
        return alike.is_not(sa.true()) if wanted.op is Op.NOT_CONTAINS else alike
    if wanted.op is Op.BETWEEN:
        return column.between(low, sa.bindparam(_place(index, 1), type_=kind))
    return _comparison(column, wanted.op, low)


def _comparison(column: sa.ColumnElement[Any], op: Op, value: sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    match op:
        case Op.EQ:
            return column == value
        case Op.NE:
            return column.is_distinct_from(value)
        case Op.GT:
            return column > value
        case Op.GTE:
            return column >= value
        case Op.LT:
            return column < value
        case Op.LTE:
            return column <= value
        case Op.IS_NULL:
            return column.is_(None)
        case Op.NOT_NULL:
            return column.is_not(None)
        case Op.IN | Op.NOT_IN | Op.BETWEEN | Op.CONTAINS | Op.NOT_CONTAINS | Op.STARTS_WITH | Op.ENDS_WITH:
            raise AssertionError(op)  # have a shape of their own
        case _:
            assert_never(op)
