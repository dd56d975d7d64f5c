"""How a database record becomes a row."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from enum import Enum, EnumMeta
from functools import cache
from operator import itemgetter
from typing import Any, ClassVar, Self, cast

from app.db.tx import Record


class Row:
    """Base of the frozen rows: `CONVERT` names the columns that are more than plain values."""

    __slots__ = ()

    CONVERT: ClassVar[dict[str, Any]] = {}

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The columns a row is made of, in order."""
        return tuple(field.name for field in fields(cls))  # type: ignore[arg-type]  # every subclass is a dataclass

    @classmethod
    def of(cls, record: Record) -> Self:
        """The row of a record that has at least these columns."""
        return cast("Self", _reader(cls)(record))  # type: ignore[arg-type]  # mypy takes no class for hashable

    @classmethod
    def all(cls, records: Sequence[Record]) -> list[Self]:
        """The rows of records of one statement; where they stand in a record is found out once for all of them."""
        if not records:
            return []
        columns = cls.columns()
        names = tuple(records[0].keys())
        start = names.index(columns[0]) if columns[0] in names else 0
        end = start + len(columns)
        if names[start:end] != columns:
            return [cls.of(record) for record in records]
        fill = _filler(cls)  # type: ignore[arg-type]  # as above
        # A slice costs a tenth of looking every column up by its name.
        return [cast("Self", fill(cast("Any", record)[start:end])) for record in records]


@cache
def _reader(row: type[Row]) -> Callable[[Record], Row]:
    values_of = itemgetter(*row.columns())
    fill = _filler(row)  # type: ignore[arg-type]  # as above
    return lambda record: fill(values_of(record))


@cache
def _filler(row: type[Row]) -> Callable[[Sequence[Any]], Row]:
    """Rows come by the thousand: filling slot by slot takes a quarter of what the frozen initialiser takes."""
    columns = row.columns()
    setters = tuple(getattr(row, name).__set__ for name in columns)
    convert = tuple((columns.index(name), _converter(kind)) for name, kind in row.CONVERT.items())
    new = object.__new__

    def fill(given: Sequence[Any]) -> Row:
        made = new(row)
        values = list(given)
        for at, converted in convert:
            if values[at] is not None:
                values[at] = converted(values[at])
        for put, value in zip(setters, values, strict=True):
            put(made, value)
        return made

    return fill


def _converter(kind: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An enum is looked up in a table of its values, which is ten times as fast as calling it."""
    if isinstance(kind, EnumMeta):
        members: Iterable[Enum] = kind.__members__.values()
        return {member.value: member for member in members}.__getitem__
    return kind
