"""Leaves of an answer: whole columns of scalars and enums, serialised by code for their type.

A value that is not of the one Python type its scalar expects goes through the library's own serialisation, one by one;
what that refuses makes the plan give up, so that the library tells the error.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from graphql import GraphQLEnumType, GraphQLLeafType, Undefined

from app.graph.engine.plan.unplanned import Unplanned
from app.graph.scalars import wire_time

Column = list[Any]
Serialise = Callable[[Column], Column]

NONE: Final = type(None)
INT_MAX: Final = 2**31


def leaf_column(kind: GraphQLLeafType, *, nullable: bool) -> Serialise:
    """Turns a column of values into what is sent of them; Unplanned for a null where none may be."""
    one = _one(kind)
    fast = FAST.get(kind.name)
    if fast is None and isinstance(kind, GraphQLEnumType):
        fast = _enum_column(kind)

    def serialise(values: Column) -> Column:
        kinds = set(map(type, values))
        if NONE in kinds:
            if not nullable:
                raise Unplanned("a null where none may be")
            return [None if value is None else one(value) for value in values]
        if fast is not None:
            found = fast(values, kinds)
            if found is not None:
                return found
        return [one(value) for value in values]

    return serialise


def _one(kind: GraphQLLeafType) -> Callable[[Any], Any]:
    coerce = kind.coerce_output_value
    fast = ONE.get(kind.name)

    def one(value: Any) -> Any:
        if fast is not None:
            found = fast(value)
            if found is not None:
                return found
        if isinstance(value, UUID):
            # As the default resolver hands ids on.
            value = str(value)
        found = coerce(value)
        if found is None or found is Undefined:
            raise Unplanned("a value that cannot be sent")
        return found

    return one


def _texts(values: Column, kinds: set[type]) -> Column | None:
    return values if kinds == {str} else None


def _ids(values: Column, kinds: set[type]) -> Column | None:
    if kinds == {str}:
        return values
    return list(map(str, values)) if len(kinds) == 1 and issubclass(next(iter(kinds)), UUID) else None


def _booleans(values: Column, kinds: set[type]) -> Column | None:
    return values if kinds == {bool} else None


def _integers(values: Column, kinds: set[type]) -> Column | None:
    return values if kinds == {int} and min(values) >= -INT_MAX and max(values) < INT_MAX else None


def _numbers(values: Column, kinds: set[type]) -> Column | None:
    return values if kinds == {float} and all(map(math.isfinite, values)) else None


def _moments(values: Column, kinds: set[type]) -> Column | None:
    """Those in UTC are written with the whole answer, ten times as fast."""
    if kinds != {datetime}:
        return None
    return values if {value.tzinfo for value in values} == {UTC} else list(map(wire_time, values))


def _big(values: Column, kinds: set[type]) -> Column | None:
    return list(map(str, values)) if kinds == {int} else None


def _any(values: Column, kinds: set[type]) -> Column | None:
    return None if any(issubclass(kind, UUID) for kind in kinds) else values


def _moment(value: Any) -> str | None:
    return wire_time(value) if type(value) is datetime else None


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


FAST: Final[dict[str, Callable[[Column, set[type]], Column | None]]] = {
    "String": _texts,
    "ID": _ids,
    "Boolean": _booleans,
    "Int": _integers,
    "Float": _numbers,
    "DateTime": _moments,
    "BigInt": _big,
    "JSON": _any,
}
ONE: Final[dict[str, Callable[[Any], Any]]] = {"String": _text, "ID": _text, "DateTime": _moment}


def _enum_column(kind: GraphQLEnumType) -> Callable[[Column, set[type]], Column | None]:
    """Members by a table, made from the library's answer for each."""
    words: Any = getattr(kind, "wrapped_cls", None)
    if words is None:
        return lambda _values, _kinds: None
    told = {value.value for value in kind.values.values()}
    names = {word: kind.coerce_output_value(word) for word in words if word.value in told}

    def column(values: Column, kinds: set[type]) -> Column | None:
        if kinds != {words}:
            return None
        try:
            return [names[value] for value in values]
        except KeyError as unknown:
            raise Unplanned("a word that the schema does not have") from unknown

    return column
