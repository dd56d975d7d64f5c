"""Parquet files: typed columns, read in batches by an optional library."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any, BinaryIO, Final

from app.domain.grid.batch import BATCH_ROWS
from app.domain.grid.bulk import QUICK, Converter
from app.domain.grid.coerce import CELLS, BadCell, Cell
from app.domain.grid.column import Column, ColumnType, column_problems
from app.domain.grid.numerals import DECIMAL_DIGITS_MAX, decimal_fits
from app.domain.problems import Problem, Refused, refuse

UNIT: Final = "row"
MISSING_LIBRARY: Final = "Parquet files are read with the optional package: pip install 'taskloom[parquet]'."


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetBatch:
    """Values column by column, in the order of the file's columns."""

    columns: Sequence[Sequence[Any]]
    row_count: int


class ParquetFile:
    """An open file: its columns are known, `batches` reads its rows once."""

    __slots__ = ("_arrow", "_file", "columns", "row_count")

    def __init__(self, arrow: Any, file: Any, columns: tuple[Column, ...]) -> None:
        self._arrow = arrow
        self._file = file
        self.columns = columns
        self.row_count: int = file.metadata.num_rows

    def batches(self) -> Iterator[ParquetBatch | Refused]:
        """The rows in order; a Refused is the last item."""
        given = self._file.iter_batches(batch_size=BATCH_ROWS, use_threads=False)
        while True:
            try:
                batch = next(given, None)
                if batch is None:
                    return
                columns = [_values(self._arrow, column) for column in batch.columns]
            except (self._arrow.ArrowException, OSError, ValueError, OverflowError) as bad:
                yield _unreadable(bad)
                return
            yield ParquetBatch(columns=columns, row_count=batch.num_rows)


def open_parquet(stream: BinaryIO) -> ParquetFile | Refused:
    """Reads the description of the columns, which stands at the end of the file."""
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        return refuse([Problem((), "unsupported", MISSING_LIBRARY)])
    try:
        file = parquet.ParquetFile(stream, memory_map=False, pre_buffer=False)
        fields = list(file.schema_arrow)
    except (arrow.ArrowException, OSError, ValueError) as bad:
        return _unreadable(bad)
    columns = tuple(Column(name=field.name, data_type=_type_of(arrow, field.type)) for field in fields)
    problems = column_problems(columns)
    return refuse(problems) if problems else ParquetFile(arrow, file, columns)


def _unreadable(bad: BaseException) -> Refused:
    reason = str(bad).strip().partition("\n")[0][:200]
    return refuse([Problem((), "unreadable", f"The Parquet file cannot be read: {reason}")])


def _type_of(arrow: Any, kind: Any) -> ColumnType:
    """The column that holds every value of an Arrow type; what has no twin here is a document."""
    types = arrow.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    tests: tuple[tuple[Callable[[Any], bool], ColumnType], ...] = (
        (types.is_boolean, ColumnType.BOOLEAN),
        (types.is_uint64, ColumnType.DECIMAL),
        (types.is_integer, ColumnType.INTEGER),
        (types.is_floating, ColumnType.NUMBER),
        (types.is_decimal, ColumnType.DECIMAL),
        (types.is_date, ColumnType.DATE),
        (types.is_timestamp, ColumnType.DATETIME),
        (types.is_string, ColumnType.STRING),
        (types.is_large_string, ColumnType.STRING),
        (types.is_null, ColumnType.STRING),
    )
    return next((column_type for test, column_type in tests if test(kind)), ColumnType.JSON)


def _values(arrow: Any, column: Any) -> Sequence[Any]:
    """Python's own values; instants in UTC and in microseconds, finer ones are an error of the library."""
    if arrow.types.is_timestamp(column.type):
        zone = None if column.type.tz is None else "UTC"
        column = column.cast(arrow.timestamp("us", tz=zone))
    values: Sequence[Any] = column.to_pylist()
    return values


def _decimal(value: object) -> Cell:
    if not isinstance(value, Decimal):
        return CELLS[ColumnType.DECIMAL](value)
    if not decimal_fits(value):
        raise BadCell("out_of_range", f"The number has more than {DECIMAL_DIGITS_MAX} digits.")
    return value


def _date(value: object) -> Cell:
    typed = isinstance(value, date) and not isinstance(value, datetime)
    return value if typed else CELLS[ColumnType.DATE](value)  # type: ignore[return-value]  # a date, as was seen


def _datetime(value: object) -> Cell:
    if not isinstance(value, datetime):
        return CELLS[ColumnType.DATETIME](value)
    return CELLS[ColumnType.DATETIME](value.isoformat())


def _number(value: object) -> Cell:
    return float(value) if isinstance(value, Decimal) else CELLS[ColumnType.NUMBER](value)


_SPECIAL: Final[Mapping[ColumnType, Callable[[Any], Cell]]] = {
    ColumnType.DECIMAL: _decimal,
    ColumnType.DATE: _date,
    ColumnType.DATETIME: _datetime,
    ColumnType.NUMBER: _number,
}
FROM_PARQUET: Final[Mapping[ColumnType, Converter]] = {
    column_type: Converter(_SPECIAL.get(column_type, cell), None if column_type in _SPECIAL else QUICK.get(column_type))
    for column_type, cell in CELLS.items()
}
