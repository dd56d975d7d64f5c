"""Which page may be asked for, and why cells may not be edited."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadInput
from app.domain.grid.page import PAGE_ROWS_MAX, ReadOnlyReason, Window, read_only_reason, window
from app.domain.grid.table import TableSource


def test_a_page_begins_at_the_beginning_and_holds_a_hundred() -> None:
    assert window(None, None) == Window(limit=100, offset=0)
    assert window(PAGE_ROWS_MAX, 7) == Window(limit=PAGE_ROWS_MAX, offset=7)


@pytest.mark.parametrize(
    ("limit", "offset", "field"), [(0, 0, "limit"), (-1, 0, "limit"), (5_001, 0, "limit"), (1, -1, "offset")]
)
def test_too_much_is_refused_and_never_clamped(limit: int, offset: int, field: str) -> None:
    with pytest.raises(BadInput) as refusal:
        window(limit, offset)
    assert refusal.value.field == field


def test_an_error_of_the_limit_says_the_limit() -> None:
    with pytest.raises(BadInput, match=r"5001; give 1 to 5000"):
        window(5_001, None)


sources = st.sampled_from([None, *TableSource])


@given(writes=st.booleans(), archived=st.booleans(), source=sources, has_identity=st.booleans())
def test_the_first_reason_in_the_published_order_is_told(
    writes: bool, archived: bool, source: TableSource | None, has_identity: bool
) -> None:
    broken = {
        ReadOnlyReason.VIEWER_ACCESS: not writes,
        ReadOnlyReason.WORKSPACE_ARCHIVED: archived,
        ReadOnlyReason.NO_DATA: source is None,
        ReadOnlyReason.SOURCE_READ_ONLY: source in (TableSource.VIEW, TableSource.EXTERNAL),
        ReadOnlyReason.NO_ROW_IDENTITY: not has_identity,
    }
    expected = next((reason for reason in ReadOnlyReason if broken[reason]), None)
    found = read_only_reason(writes=writes, archived=archived, source=source, has_identity=has_identity)
    assert found is expected
