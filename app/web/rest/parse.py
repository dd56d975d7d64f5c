"""From JSON, queries and headers to what a handler is given: trimmed, checked, all that is wrong told at once."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar, cast, get_args, get_origin

from app.domain.problems import Loc, Problem, shown
from app.domain.text import is_storable
from app.web.rest.shape import INT32, INT32_MAX, INT64_MAX, bare, hints_of, required_of

Kind = TypeVar("Kind")

TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
INTEGER_LENGTH_MAX: Final = 20
WRONG: Final = object()


def body_of(kind: type[Kind], given: object) -> tuple[Kind | None, list[Problem]]:
    """The request that a JSON value makes, or what is wrong with it; unknown members are ignored."""
    problems: list[Problem] = []
    found = _object(kind, given, (), problems)
    return (None, problems) if problems else (cast(Kind, found), problems)


def query_of(kind: type[Kind], given: Mapping[str, str]) -> tuple[Kind | None, list[Problem]]:
    """The same for a query; a blank value is none."""
    problems: list[Problem] = []
    values: dict[str, object] = {}
    shape: Any = kind
    for name, hint in hints_of(shape).items():
        text = given.get(name, "").strip()
        if not text:
            continue
        expected, marks = bare(hint)
        found = _from_text(expected, marks, text, (name,), problems)
        if found is not WRONG:
            values[name] = found
    return (None, problems) if problems else (kind(**values), problems)


def _from_text(kind: Any, marks: frozenset[str], text: str, loc: Loc, problems: list[Problem]) -> object:
    if kind is bool:
        if text in TRUE or text in FALSE:
            return text in TRUE
        return _wrong(problems, loc, "must be true or false")
    if kind is int:
        digits = text.removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > INTEGER_LENGTH_MAX:
            return _wrong(problems, loc, "must be an integer")
        return _integer(int(text), marks, loc, problems)
    return _value(kind, marks, text, loc, problems)


def _object(kind: type, given: object, loc: Loc, problems: list[Problem]) -> object:
    if not isinstance(given, dict):
        return _wrong(problems, loc, "must be a JSON object")
    hints, required = hints_of(kind), required_of(kind)
    values: dict[str, object] = {}
    for field in fields(kind):
        place = (*loc, field.name)
        item = given.get(field.name)
        expected, marks = bare(hints[field.name])
        if item is None:
            if field.name in required:
                _wrong(problems, place, "is required")
            continue
        found = _value(expected, marks, item, place, problems)
        if found == "" and field.name in required:
            found = _wrong(problems, place, "is empty")
        if found is not WRONG:
            values[field.name] = found
    return WRONG if problems else kind(**values)


def _value(kind: Any, marks: frozenset[str], given: object, loc: Loc, problems: list[Problem]) -> object:
    if kind is Any:
        return given
    if get_origin(kind) is tuple:
        if not isinstance(given, list):
            return _wrong(problems, loc, "must be a list")
        item = get_args(kind)[0]
        return tuple(_value(item, frozenset(), one, (*loc, at), problems) for at, one in enumerate(given))
    if is_dataclass(kind):
        return _object(cast(type, kind), given, loc, problems)
    if kind is bool:
        return given if isinstance(given, bool) else _wrong(problems, loc, "must be true or false")
    if kind is int:
        if isinstance(given, bool) or not isinstance(given, int):
            return _wrong(problems, loc, "must be an integer")
        return _integer(given, marks, loc, problems)
    if not isinstance(given, str):
        return _wrong(problems, loc, "must be a string")
    return _text(kind, given, loc, problems)


def _text(kind: Any, given: str, loc: Loc, problems: list[Problem]) -> object:
    if not is_storable(given):
        return _wrong(problems, loc, "holds a NUL or a lone surrogate")
    text = given.strip()
    if not issubclass(kind, StrEnum):
        return text
    words = [word.value for word in kind]
    if text.lower() in words:
        return kind(text.lower())
    return _wrong(problems, loc, f"is {shown(text)}; give one of {', '.join(words)}")


def _integer(given: int, marks: frozenset[str], loc: Loc, problems: list[Problem]) -> object:
    most = INT32_MAX if INT32 in marks else INT64_MAX
    if not -most - 1 <= given <= most:
        return _wrong(problems, loc, f"is beyond {most}")
    return given


def _wrong(problems: list[Problem], loc: Loc, what: str) -> object:
    name = ".".join(map(str, loc)) or "the body"
    problems.append(Problem(loc, "invalid", f"{name} {what}."))
    return WRONG
