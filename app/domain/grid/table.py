"""A table as a whole: what it may be called, whom it belongs to, which columns may be its key."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from app.domain.errors import BadInput
from app.domain.grid.column import Column, ColumnType, column_problems
from app.domain.problems import Loc, Problem, shown
from app.domain.text import checked

TABLE_NAME_LENGTH_MAX: Final = 255
KEY_COLUMNS_MAX: Final = 16
IMPORT_ROWS_MAX: Final = 10_000  # a call; files have no such limit


class TableScope(StrEnum):
    """Whom a live table belongs to; the value is the name on the wire."""

    TENANT = "tenant"
    WORKSPACE = "workspace"
    TASK = "task"


class TableSource(StrEnum):
    """What a table is made of."""

    TABLE = "table"
    VIEW = "view"
    EXTERNAL = "external"


def table_name(text: str, field: str) -> str:
    """The trimmed name of a table; BadInput where it cannot be seen or typed."""
    name = checked(text, field, longest=TABLE_NAME_LENGTH_MAX)
    if not name.isprintable():
        raise BadInput(f"{field} holds a control character or a line break; remove it.", field=field)
    return name


def table_problems(columns: Sequence[Column], key: Sequence[str]) -> list[Problem]:
    """Everything that keeps these columns and this key from forming a table."""
    return [*column_problems(columns, ("columns",)), *_key_problems(columns, key, ("primaryKey",))]


def _key_problems(columns: Sequence[Column], key: Sequence[str], loc: Loc) -> Iterator[Problem]:
    if len(key) > KEY_COLUMNS_MAX:
        yield Problem(loc, "too_long", f"{len(key)} columns; a key has at most {KEY_COLUMNS_MAX}.")
        return
    types = {column.name: column.data_type for column in columns}
    for index, name in enumerate(key):
        if name not in types:
            yield Problem((*loc, index), "unknown_column", f"There is no column {shown(name)}.")
        elif types[name] is ColumnType.JSON:
            yield Problem((*loc, index), "value_error", f"{shown(name)} holds JSON documents, which identify no row.")
        elif name in key[:index]:
            yield Problem((*loc, index), "duplicate", f"The key names {shown(name)} twice.")


def null_key_problems(
    rows: Sequence[Sequence[object]], columns: Sequence[Column], key: Sequence[str], loc: Loc = ()
) -> Iterator[Problem]:
    """Rows that leave a column of the key empty."""
    for name in key:
        at = next(index for index, column in enumerate(columns) if column.name == name)
        for index, row in enumerate(rows):
            if row[at] is None:
                yield null_key_problem(name, (*loc, index, name))


def null_key_problem(name: str, loc: Loc = ()) -> Problem:
    """A column of the key is empty."""
    return Problem(loc, "missing", f"{shown(name)} belongs to the key of the table; give each row a value.")
