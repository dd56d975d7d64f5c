"""Cells on the wire: what each type looks like as JSON, one value or a whole page at a time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import repeat
from math import isfinite
from typing import Any, Final

import orjson

from app.domain.grid.bulk import bounds, surely_finite
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.numerals import JSON_INTEGER_MAX

Encoder = Callable[[Any], object]

_UTC_OFFSET: Final = "+00:00"
_WITHOUT_OFFSET: Final = -len(_UTC_OFFSET)


def to_wire(value: object, column_type: ColumnType) -> object:
    """The JSON value of a stored cell."""
    encoder = ENCODERS[column_type]
    return value if value is None or encoder is None else encoder(value)


def wire_encoders(columns: Sequence[Column]) -> tuple[Encoder | None, ...]:
    """For each column what turns a cell that is not null into JSON; None where the cell is JSON already."""
    return tuple(ENCODERS[column.data_type] for column in columns)


def wire_rows(rows: Sequence[Sequence[object]], columns: Sequence[Column]) -> list[dict[str, object]]:
    """Stored rows, in column order, as JSON objects by column name."""
    return wire_table(list(zip(*rows, strict=True)), columns) if rows else []


def wire_table(table: Sequence[Sequence[object]], columns: Sequence[Column]) -> list[dict[str, object]]:
    """The same of rows that come column by column."""
    names = [column.name for column in columns]
    encoded = [wire_column(values, column.data_type) for values, column in zip(table, columns, strict=True)]
    # As many names as columns, which was just seen: nothing has to look at each row.
    return list(map(dict, map(zip, repeat(names), zip(*encoded, strict=True))))


def wire_column(values: Sequence[Any], column_type: ColumnType) -> Sequence[object]:
    """One column of a page; nulls stay."""
    if column_type is ColumnType.INTEGER:
        least, most = bounds(values)
        if least >= -JSON_INTEGER_MAX and most <= JSON_INTEGER_MAX:
            return values
    if column_type is ColumnType.NUMBER and surely_finite(values):
        return values
    if column_type is ColumnType.DATE and None not in values:
        return list(map(date.isoformat, values))
    if column_type is ColumnType.DATETIME and all(value is not None and value.tzinfo is UTC for value in values):
        return [text[:_WITHOUT_OFFSET] + "Z" for text in map(datetime.isoformat, values)]
    encoder = ENCODERS[column_type]
    if encoder is None:
        return values
    return [None if value is None else encoder(value) for value in values]


def _integer(value: int) -> int | str:
    return value if -JSON_INTEGER_MAX <= value <= JSON_INTEGER_MAX else str(value)


def _number(value: float) -> float | None:
    return value if isfinite(value) else None  # a table from elsewhere may hold what JSON cannot carry


def _decimal(value: Decimal) -> str | None:
    return format(value, "f") if value.is_finite() else None


def _date(value: date) -> str:
    return value.isoformat()


def _datetime(value: datetime) -> str:
    text = value.isoformat() if value.tzinfo is UTC else _as_utc(value).isoformat()
    return text.removesuffix(_UTC_OFFSET) + "Z"


def _as_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _json(value: str) -> object:
    return orjson.loads(value)


ENCODERS: Final[Mapping[ColumnType, Encoder | None]] = {
    ColumnType.STRING: None,
    ColumnType.INTEGER: _integer,
    ColumnType.NUMBER: _number,
    ColumnType.DECIMAL: _decimal,
    ColumnType.BOOLEAN: None,
    ColumnType.DATE: _date,
    ColumnType.DATETIME: _datetime,
    ColumnType.JSON: _json,
}
