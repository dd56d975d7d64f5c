"""One value that a client sent, as its field declares it; every problem has a place and a stable type."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, cast, get_args, get_origin
from uuid import UUID

from app.domain.ids import parse_uuid
from app.domain.problems import Loc, Problem, shown
from app.domain.text import is_storable
from app.web.rest.shape import (
    INT64_MAX,
    OPTIONAL,
    Between,
    Length,
    Like,
    bare,
    camel,
    hints_of,
    mark_of,
    required_of,
)

WRONG: Final = object()
TRUE: Final = frozenset({"1", "on", "t", "true", "y", "yes"})
FALSE: Final = frozenset({"0", "off", "f", "false", "n", "no"})
INTEGER_LENGTH_MAX: Final = 20

Marks = frozenset[Any]
Read = Callable[[object, Marks, Loc, list[Problem]], object]


def wrong(problems: list[Problem], loc: Loc, code: str, message: str) -> object:
    """Note a problem."""
    problems.append(Problem(loc, code, message))
    return WRONG


def missing(problems: list[Problem], loc: Loc) -> object:
    """What must be sent was not."""
    return wrong(problems, loc, "missing", "Field required")


def value_of(hint: Any, given: object, loc: Loc, problems: list[Problem]) -> object:
    """The value, or WRONG; null only where the field may be null."""
    kind, marks = bare(hint)
    like = mark_of(Like, marks)
    if like is not None and get_origin(like.kind) is tuple and not isinstance(given, list):
        return _no_list(loc, problems)
    if kind is Any or (given is None and OPTIONAL in marks):
        return given
    if get_origin(kind) is tuple:
        return _items(get_args(kind)[0], given, loc, problems)
    if is_dataclass(kind):
        return object_of(cast(type, kind), given, loc, problems)
    if issubclass(kind, StrEnum):
        return _word(kind, given, loc, problems)
    return READERS[kind](given, marks, loc, problems)


def object_of(kind: type, given: object, loc: Loc, problems: list[Problem]) -> object:
    """An object by the names of the wire; members that are not declared mean nothing."""
    if not isinstance(given, dict):
        return wrong(problems, loc, "model_attributes_type", "Give a JSON object.")
    hints, required = hints_of(kind), required_of(kind)
    values: dict[str, object] = {}
    for field in fields(kind):
        name = camel(field.name)
        if name in given:
            values[field.name] = value_of(hints[field.name], given[name], (*loc, name), problems)
        elif field.name in required:
            values[field.name] = missing(problems, (*loc, name))
    return WRONG if WRONG in values.values() else kind(**values)


def _items(hint: Any, given: object, loc: Loc, problems: list[Problem]) -> object:
    if not isinstance(given, list):
        return _no_list(loc, problems)
    found = tuple(value_of(hint, one, (*loc, at), problems) for at, one in enumerate(given))
    return WRONG if WRONG in found else found


def _no_list(loc: Loc, problems: list[Problem]) -> object:
    return wrong(problems, loc, "list_type", "Give a list.")


def _word(kind: type[StrEnum], given: object, loc: Loc, problems: list[Problem]) -> object:
    words = [word.value for word in kind]
    if isinstance(given, str) and given in words:
        return kind(given)
    return wrong(problems, loc, "literal_error", f"Give one of {', '.join(words)}.")


def _text(given: object, marks: Marks, loc: Loc, problems: list[Problem]) -> object:
    if not isinstance(given, str):
        return wrong(problems, loc, "string_type", "Give a string.")
    if not is_storable(given):
        return wrong(problems, loc, "value_error", "The text holds a NUL or a lone surrogate; remove it.")
    length = mark_of(Length, marks) or Length()
    if len(given) < length.least:
        return wrong(problems, loc, "string_too_short", f"Give at least {length.least} character.")
    if length.most is not None and len(given) > length.most:
        return wrong(problems, loc, "string_too_long", f"Give at most {length.most} characters.")
    return given


def _integer(given: object, marks: Marks, loc: Loc, problems: list[Problem]) -> object:
    if isinstance(given, str):
        digits = given.strip().removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdecimal()):
            return wrong(problems, loc, "int_parsing", f"{shown(given)} is no integer.")
        given = int(given) if len(digits) <= INTEGER_LENGTH_MAX else INT64_MAX + 1
    if isinstance(given, float):
        if not given.is_integer():
            return wrong(problems, loc, "int_from_float", "Give an integer, not a fraction.")
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int):
        return wrong(problems, loc, "int_type", "Give an integer.")
    if not -INT64_MAX <= given <= INT64_MAX:
        return wrong(problems, loc, "int_parsing_size", "The integer does not fit into 64 bits.")
    between = mark_of(Between, marks)
    if between is not None and given < between.least:
        return wrong(problems, loc, "greater_than_equal", f"Give at least {between.least}.")
    if between is not None and between.most is not None and given > between.most:
        return wrong(problems, loc, "less_than_equal", f"Give at most {between.most}.")
    return given


def _boolean(given: object, _: Marks, loc: Loc, problems: list[Problem]) -> object:
    if isinstance(given, bool):
        return given
    if not isinstance(given, str):
        return wrong(problems, loc, "bool_type", "Give true or false.")
    word = given.strip().lower()
    if word not in TRUE | FALSE:
        return wrong(problems, loc, "bool_parsing", f"{shown(given)} is neither true nor false.")
    return word in TRUE


def _uuid(given: object, _: Marks, loc: Loc, problems: list[Problem]) -> object:
    if not isinstance(given, str):
        return wrong(problems, loc, "uuid_type", "Give a UUID as a string.")
    found = parse_uuid(given)
    return found or wrong(problems, loc, "uuid_parsing", f"{shown(given)} is no UUID.")


def _object(given: object, _: Marks, loc: Loc, problems: list[Problem]) -> object:
    return given if isinstance(given, dict) else wrong(problems, loc, "dict_type", "Give a JSON object.")


def _instant(given: object, _: Marks, loc: Loc, problems: list[Problem]) -> object:
    """An instant without an offset is one of UTC."""
    if not isinstance(given, str):
        return wrong(problems, loc, "datetime_type", "Give an instant as a string.")
    try:
        found = datetime.fromisoformat(given)
        return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, OverflowError):
        return wrong(problems, loc, "datetime_parsing", f"{shown(given)} is no instant; write 2030-01-31T12:00:00Z.")


READERS: Final[Mapping[Any, Read]] = {
    str: _text,
    int: _integer,
    bool: _boolean,
    UUID: _uuid,
    dict: _object,
    datetime: _instant,
}
