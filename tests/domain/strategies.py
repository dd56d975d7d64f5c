"""What hypothesis draws for the rules of tables and charts."""

from datetime import UTC
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from app.domain.grid.column import Column, ColumnType
from app.domain.grid.numerals import INT64_MAX, INT64_MIN

# The machine may be busy with other tests: how long an example takes is no property.
relaxed = settings(deadline=None)

text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(INT64_MIN, INT64_MAX)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
numerals = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=6).map(lambda number: format(number, "f")),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
dates = st.dates().map(lambda day: day.isoformat())
instants = st.datetimes(timezones=st.just(UTC)).map(lambda instant: instant.isoformat().replace("+00:00", "Z"))
cell_texts = st.one_of(text, numerals, dates, instants, st.sampled_from(["", "true", "FALSE", "Jan 1 2000"]))


def column(name: str, data_type: str) -> Column:
    """A column by the wire name of its type."""
    return Column(name=name, data_type=ColumnType(data_type))


def wire_cells(column_type: ColumnType) -> st.SearchStrategy[Any]:
    """Values of a type as they stand on the wire, in the one form that the server itself sends."""
    return {
        ColumnType.STRING: text,
        ColumnType.INTEGER: st.integers(INT64_MIN, INT64_MAX).map(
            lambda number: number if abs(number) <= 2**53 else str(number)
        ),
        ColumnType.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
        ColumnType.DECIMAL: st.decimals(allow_nan=False, allow_infinity=False, places=8).map(
            lambda number: format(number, "f")
        ),
        ColumnType.BOOLEAN: st.booleans(),
        ColumnType.DATE: dates,
        ColumnType.DATETIME: instants,
        ColumnType.JSON: json_values,
    }[column_type]
