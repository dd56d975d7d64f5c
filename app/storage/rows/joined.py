"""Rows that stand beside each other in one record, where columns of several tables have the same name."""

from typing import TypeVar

from app.db.tx import Record
from app.storage.rows.base import Row

Kind = TypeVar("Kind", bound=Row)


def row_at(record: Record, start: int, kind: type[Kind]) -> Kind | None:
    """The row whose columns begin at a place of the record, counted from the end if negative; None if it has no id."""
    names = kind.columns()
    values = tuple(record.values())[start:][: len(names)]
    found = dict(zip(names, values, strict=True))
    return None if found["id"] is None else kind.of(found)
