"""Shapes on the wire: dataclasses that are written as JSON and described as JSON Schema.

How they are written is a matter of the API's notation. In a terse one a field with a default is optional: without a
value it is left out, never null; `MayBeNull` says that clients must be ready for null there, because the published
description says so. In one that writes nulls every field is there, and `X | None` means what it says.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Final, Optional, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

Value = TypeVar("Value")
Mark = TypeVar("Mark")

NULLABLE: Final = "nullable"
OPTIONAL: Final = "optional"
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
# Any JSON object.
JsonObject = dict[str, Any]


class TextOrInteger:
    """What a step into a document is: a name or an index."""


PLAIN: Final[Mapping[object, Mapping[str, Any]]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    dict: {"type": "object", "additionalProperties": True},
    datetime: {"type": "string", "format": "date-time"},
    UUID: {"type": "string", "format": "uuid"},
    TextOrInteger: {"type": ["string", "integer"]},
}


def unchanged(name: str) -> str:
    """A field's own name."""
    return name


def camel(name: str) -> str:
    """A field's name in camelCase."""
    first, *more = name.split("_")
    return first + "".join(map(str.title, more))


@dataclass(frozen=True, slots=True)
class Notation:
    """How an API writes: what fields are called, and whether null is written or left out."""

    name_of: Callable[[str], str]
    writes_nulls: bool


TERSE: Final = Notation(unchanged, writes_nulls=False)


@dataclass(frozen=True, slots=True)
class Length:
    """A mark: how many characters a text has, or how many items a list."""

    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Between:
    """A mark: from where to where a number goes."""

    least: int
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Like:
    """A mark: JSON that the domain reads or wrote, described as this shape."""

    kind: Any


def wire(value: object, notation: Notation = TERSE) -> Any:
    """What goes out as JSON; JSON values of clients pass as they are."""
    kind: Any = type(value)
    return _writer(kind, notation)(value)


@cache
def _writer(kind: Any, notation: Notation) -> Callable[[Any], dict[str, Any]]:
    """Made once for each shape, from its types: lists are long, and to ask each value what it is takes longest."""
    hints = hints_of(kind)
    names = tuple(field.name for field in fields(kind))
    values_of = attrgetter(*names) if len(names) > 1 else _alone(attrgetter(*names))
    converters = tuple(_converter(bare(hints[name])[0], notation) for name in names)
    called, nulls = tuple(map(notation.name_of, names)), notation.writes_nulls

    def write(shape: object) -> dict[str, Any]:
        return {
            name: item if convert is None or item is None else convert(item)
            for name, convert, item in zip(called, converters, values_of(shape), strict=True)
            if nulls or item is not None
        }

    return write


def _alone(value_of: Callable[[object], object]) -> Callable[[object], tuple[object]]:
    return lambda shape: (value_of(shape),)


def _converter(kind: Any, notation: Notation) -> Callable[[Any], Any] | None:
    """How a value of a field is written; None where it goes out as it is."""
    if kind is datetime:
        return moment
    if kind is UUID:
        return str  # the driver has a kind of its own
    if get_origin(kind) is tuple:
        item = _converter(bare(get_args(kind)[0])[0], notation)
        return list if item is None else lambda items: [item(one) for one in items]
    return (lambda value: wire(value, notation)) if is_dataclass(kind) else None


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


def bare(hint: Any) -> tuple[Any, frozenset[Any]]:
    """A type without its marks and without None, and the marks; None is told by one of them."""
    marks: frozenset[Any] = frozenset()
    while True:
        if get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            marks |= frozenset(more)
        elif get_origin(hint) in (Union, types.UnionType):
            (hint,) = (item for item in get_args(hint) if item is not type(None))
            marks |= {OPTIONAL}
        else:
            return dict if get_origin(hint) is dict else hint, marks


def mark_of(kind: type[Mark], marks: frozenset[Any]) -> Mark | None:
    """The mark of this kind, if there is one."""
    return next((mark for mark in marks if isinstance(mark, kind)), None)


class Schemas:
    """JSON Schemas of shapes, collected under their names."""

    def __init__(self, prefix: str, notation: Notation = TERSE) -> None:
        self.named: dict[str, Any] = {}
        self._prefix = prefix
        self._notation = notation
        self._kinds: dict[str, type] = {}

    def of(self, hint: Any) -> dict[str, Any]:
        """The schema of a field."""
        kind, marks = bare(hint)
        schema = self._plain(kind, marks)
        nullable = NULLABLE in marks or (self._notation.writes_nulls and OPTIONAL in marks)
        if not nullable or not schema:
            return schema
        if "$ref" in schema:
            return {"anyOf": [schema, {"type": "null"}]}
        return schema | {"type": [schema["type"], "null"]}

    def parameter(self, hint: Any) -> dict[str, Any]:
        """The schema of a field of a query, where nothing is null; words stand where they are used."""
        kind, marks = bare(hint)
        schema = self._plain(kind, marks)
        if "$ref" not in schema:
            return schema
        named: dict[str, Any] = self.named[kind.__name__]
        return {"type": named["type"], "enum": named["enum"]}

    def _plain(self, kind: Any, marks: frozenset[Any]) -> dict[str, Any]:
        like = mark_of(Like, marks)
        if like is not None:
            return self.of(like.kind)
        if kind is Any:
            return {}
        if is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, StrEnum)):
            return self._ref(kind)  # type: ignore[arg-type]  # is_dataclass also passes instances
        if get_origin(kind) is tuple:
            return {"type": "array", "items": self.of(get_args(kind)[0]), **_limits(marks, of_items=True)}
        formats = [mark for mark in marks if isinstance(mark, str) and mark not in (NULLABLE, OPTIONAL)]
        return {**PLAIN[kind], **_limits(marks), **({"format": formats[0]} if formats else {})}

    def _ref(self, kind: type) -> dict[str, Any]:
        name = kind.__name__
        if self._kinds.setdefault(name, kind) is not kind:
            raise TypeError(f"two shapes are called {name}")
        if name not in self.named:
            self.named[name] = {}
            self.named[name] = self._enumerated(kind) if issubclass(kind, StrEnum) else self._object(kind)
        return {"$ref": f"{self._prefix}{name}"}

    def _object(self, kind: type) -> dict[str, Any]:
        called = self._notation.name_of
        required = sorted(map(called, required_of(kind)))
        given: Any = kind
        hints = hints_of(kind)
        return {
            "type": "object",
            "description": (kind.__doc__ or "").strip(),
            "properties": {
                called(field.name): self.of(hints[field.name]) | self.default_of(field)
                for field in sorted(fields(given), key=lambda one: called(one.name))
            },
            **({"required": required} if required else {}),
        }

    def default_of(self, field: "Field[Any]") -> dict[str, Any]:
        """What is meant where nothing is sent; null says nothing."""
        if not self._notation.writes_nulls or field.default is MISSING or field.default is None:
            return {}
        return {"default": list(field.default) if isinstance(field.default, tuple) else field.default}

    def _enumerated(self, kind: type[StrEnum]) -> dict[str, Any]:
        return {
            "type": "string",
            "description": (kind.__doc__ or "").strip(),
            "enum": [word.value for word in kind],
        }


def _limits(marks: frozenset[Any], *, of_items: bool = False) -> dict[str, Any]:
    length, between = mark_of(Length, marks), mark_of(Between, marks)
    what = "Items" if of_items else "Length"
    found = {
        f"min{what}": length and (length.least or None),
        f"max{what}": length and length.most,
        "minimum": between and between.least,
        "maximum": between and between.most,
    }
    return {name: limit for name, limit in found.items() if limit is not None}
