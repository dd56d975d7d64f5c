"""Columns: their types, and which names one table may carry side by side."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.problems import Loc, Problem, shown

COLUMNS_MAX: Final = 500
NAME_BYTES_MAX: Final = 63  # a PostgreSQL identifier
DISPLAY_NAME_LENGTH_MAX: Final = 255
RESERVED_PREFIX: Final = "_ws_"

# Control, surrogate, line and paragraph separators: nobody can see them, so nobody can type them again.
_INVISIBLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Format characters are refused as well, but some scripts cannot be written without these two.
_JOINERS: Final = "\u200c\u200d"


class ColumnType(StrEnum):
    """What the cells of a column hold; the value is the name on the wire."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    JSON = "json"


NUMERIC_TYPES: Final = frozenset({ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.DECIMAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; without a display name people see the name."""

    name: str
    display_name: str | None = None
    data_type: ColumnType


def column_problems(columns: Sequence[Column], loc: Loc = ()) -> list[Problem]:
    """Everything that keeps these columns from forming a table."""
    if not columns:
        return [Problem(loc, "too_short", "A table needs at least one column.")]
    if len(columns) > COLUMNS_MAX:
        return [Problem(loc, "too_long", f"{len(columns)} columns; a table has at most {COLUMNS_MAX}.")]
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for index, column in enumerate(columns):
        here = (*loc, index)
        problems.extend(Problem((*here, "name"), *found) for found in _name_faults(column.name))
        problems.extend(_display_name_problems(column.display_name, (*here, "displayName")))
        key = _twin_key(column.name)
        if key in seen:
            problems.append(Problem((*here, "name"), "duplicate", _twin_message(seen[key], column.name)))
        else:
            seen[key] = column.name
    return problems


def _twin_key(name: str) -> str:
    """Names with the same key look alike or are confused by case-blind tools."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return folded.translate({ord(joiner): None for joiner in _JOINERS})


def _twin_message(first: str, second: str) -> str:
    if first == second:
        return f"The name {shown(first)} is used twice."
    return f"{shown(first)} and {shown(second)} differ only in case or form; rename one."


def _name_faults(name: str) -> Iterator[tuple[str, str]]:
    if any(not _is_visible(character) for character in name):
        yield "unstorable_text", f"The name {shown(name)} holds a control or invisible character."
        return
    if not name.strip():
        yield "string_too_short", "A column name has at least one visible character."
        return
    size = len(name.encode())
    if size > NAME_BYTES_MAX:
        yield "string_too_long", f"The name takes {size} bytes; at most {NAME_BYTES_MAX} are allowed."
    if name != name.strip():
        yield "value_error", f"The name {shown(name)} begins or ends with a blank."
    if not unicodedata.is_normalized("NFC", name):
        yield "value_error", f"The name {shown(name)} is not in Unicode normal form C."
    if name.startswith(RESERVED_PREFIX):
        yield "value_error", f"Names that begin with {RESERVED_PREFIX} belong to the server."


def _is_visible(character: str) -> bool:
    category = unicodedata.category(character)
    return category not in _INVISIBLE and (category != "Cf" or character in _JOINERS)


def _display_name_problems(text: str | None, loc: Loc) -> Iterator[Problem]:
    if text is None:
        return
    if len(text) > DISPLAY_NAME_LENGTH_MAX:
        message = f"The display name has {len(text)} characters; at most {DISPLAY_NAME_LENGTH_MAX}."
        yield Problem(loc, "string_too_long", message)
    if any(unicodedata.category(character) in _INVISIBLE for character in text):
        yield Problem(loc, "unstorable_text", "The display name holds a control character.")
