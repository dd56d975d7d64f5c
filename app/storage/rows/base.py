"""How a database record becomes a row."""

from dataclasses import fields
from typing import Any, ClassVar, Self

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
        given = {name: record[name] for name in cls.columns()}
        for name, convert in cls.CONVERT.items():
            if given[name] is not None:
                given[name] = convert(given[name])
        return cls(**given)
