"""Shapes on the wire: dataclasses that are written as JSON and described as JSON Schema.

A field with a default is optional: without a value it is left out, never null. `MayBeNull` says that clients must
be ready for null there, because the published description says so.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Final, Optional, TypeVar, Union, get_args, get_origin, get_type_hints

Value = TypeVar("Value")

NULLABLE: Final = "nullable"
INT32: Final = "int32"
INT64: Final = "int64"
INT32_MAX: Final = 2**31 - 1
INT64_MAX: Final = 2**63 - 1
ZERO_TIME: Final = datetime.min.replace(tzinfo=UTC)

MayBeNull = Annotated[Optional[Value], NULLABLE]  # noqa: UP045 - a type variable must stand in it
Int32 = Annotated[int, INT32]
Int64 = Annotated[int, INT64]
Double = Annotated[float, "double"]
# Any JSON value; None leaves it out.
Json = Any

PLAIN: Final[Mapping[object, Mapping[str, str]]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
}


def wire(value: object) -> Any:
    """What goes out as JSON; JSON values of clients pass as they are."""
    kind: Any = type(value)
    return _writer(kind)(value)


@cache
def _writer(kind: Any) -> Callable[[Any], dict[str, Any]]:
    """Made once for each shape, from its types: lists are long, and to ask each value what it is takes longest."""
    hints = hints_of(kind)
    names = tuple(field.name for field in fields(kind))
    values_of = attrgetter(*names) if len(names) > 1 else _alone(attrgetter(*names))
    converters = tuple(_converter(bare(hints[name])[0]) for name in names)

    def write(shape: object) -> dict[str, Any]:
        return {
            name: item if convert is None else convert(item)
            for name, convert, item in zip(names, converters, values_of(shape), strict=True)
            if item is not None
        }

    return write


def _alone(value_of: Callable[[object], object]) -> Callable[[object], tuple[object]]:
    return lambda shape: (value_of(shape),)


def _converter(kind: Any) -> Callable[[Any], Any] | None:
    """How a value of a field is written; None where it goes out as it is."""
    if kind is datetime:
        return moment
    if get_origin(kind) is tuple:
        item = _converter(bare(get_args(kind)[0])[0])
        return list if item is None else lambda items: [item(one) for one in items]
    return wire if is_dataclass(kind) else None


def moment(at: datetime) -> str:
    """RFC 3339 in UTC without the trailing zeros of the fraction."""
    text = (at if at.tzinfo is UTC else at.astimezone(UTC)).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


@cache
def hints_of(kind: Any) -> Mapping[str, Any]:
    """The types of a shape's fields, marks included."""
    return get_type_hints(kind, include_extras=True)


def required_of(kind: type) -> list[str]:
    """The fields that are always there."""
    given = fields(kind)
    return [f.name for f in given if f.default is MISSING and f.default_factory is MISSING]


def bare(hint: Any) -> tuple[Any, frozenset[str]]:
    """A type without its marks and without None, and the marks."""
    marks: frozenset[str] = frozenset()
    while True:
        if get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            marks |= frozenset(more)
        elif get_origin(hint) in (Union, types.UnionType):
            (hint,) = (item for item in get_args(hint) if item is not type(None))
        else:
            return hint, marks


class Schemas:
    """JSON Schemas of shapes, collected under their names."""

    def __init__(self, prefix: str) -> None:
        self.named: dict[str, Any] = {}
        self._prefix = prefix
        self._kinds: dict[str, type] = {}

    def of(self, hint: Any) -> dict[str, Any]:
        """The schema of a field."""
        kind, marks = bare(hint)
        if kind is Any:
            return {}
        if get_origin(kind) is tuple:
            return {"type": "array", "items": self.of(get_args(kind)[0])}
        if is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, StrEnum)):
            named = self._ref(kind)  # type: ignore[arg-type]  # is_dataclass also passes instances
            return {"anyOf": [named, {"type": "null"}]} if NULLABLE in marks else named
        found: dict[str, Any] = dict(PLAIN[kind])
        if NULLABLE in marks:
            found["type"] = [found["type"], "null"]
        formats = marks - {NULLABLE}
        return found | ({"format": next(iter(formats))} if formats else {})

    def _ref(self, kind: type) -> dict[str, Any]:
        name = kind.__name__
        if self._kinds.setdefault(name, kind) is not kind:
            raise TypeError(f"two shapes are called {name}")
        if name not in self.named:
            self.named[name] = {}
            self.named[name] = self._enumerated(kind) if issubclass(kind, StrEnum) else self._object(kind)
        return {"$ref": f"{self._prefix}{name}"}

    def _object(self, kind: type) -> dict[str, Any]:
        required = sorted(required_of(kind))
        return {
            "type": "object",
            "description": (kind.__doc__ or "").strip(),
            "properties": {name: self.of(hint) for name, hint in sorted(hints_of(kind).items())},
            **({"required": required} if required else {}),
        }

    def _enumerated(self, kind: type[StrEnum]) -> dict[str, Any]:
        return {
            "type": "string",
            "description": (kind.__doc__ or "").strip(),
            "enum": [word.value for word in kind],
        }
