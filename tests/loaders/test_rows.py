"""Pages of random tables under random filters and orders, against plain Python."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.charts.filters import LIST_OPS, NULL_OPS, OPS_BY_TYPE, TEXT_OPS, Op
from app.domain.grid.column import ColumnType
from app.domain.grid.wire import to_wire
from app.services.registry import Services
from tests.support.chart_oracle import by, holds
from tests.support.grid import make_table, read_table

NUMBER_OF_TABLE = count()
WORDS = ["", "a", "A", "b%", "B_", "a\\b", "Ü", "ü x", "10", "9", "\ta", "'--", "日本"]
POOLS: dict[ColumnType, list[Any]] = {
    ColumnType.STRING: WORDS,
    ColumnType.INTEGER: [0, 1, -1, 2**53, 2**53 + 1, -(2**63), 2**63 - 1],
    ColumnType.NUMBER: [0.0, 0.1, -1.5, 1e300, 5e-324, 2.0, 3.0],
    ColumnType.DECIMAL: [Decimal(text) for text in ("0", "0.1", "0.10", "-1.5", "1e20", "12345678901234567890.5")],
    ColumnType.BOOLEAN: [True, False],
    ColumnType.DATE: [date(1, 1, 1), date(2024, 2, 29), date(2024, 3, 1), date(9999, 12, 31)],
    ColumnType.DATETIME: [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(2024, 1, 1, tzinfo=UTC),
        datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
}


@dataclass(frozen=True)
class Case:
    """A table and what is asked of it; filters as Python compares them and as the wire says them."""

    types: dict[str, ColumnType]
    rows: list[dict[str, Any]]
    keyed: bool
    filters: list[dict[str, Any]]
    sort: str | None
    descending: bool
    page: int


def of_wire(value: Any, kind: ColumnType) -> Any:
    """One value, or each of several, as the wire has it."""
    return [to_wire(one, kind) for one in value] if isinstance(value, list) else to_wire(value, kind)


@st.composite
def filters_of(draw: st.DrawFn, types: dict[str, ColumnType]) -> dict[str, Any]:
    """A filter that fits one of the columns."""
    column = draw(st.sampled_from(sorted(types)))
    kind = types[column]
    op = draw(st.sampled_from(sorted(OPS_BY_TYPE[kind])))
    value = st.sampled_from(POOLS[kind])
    if op in NULL_OPS:
        return {"column": column, "op": op.value}
    if op in LIST_OPS:
        return {"column": column, "op": op.value, "value": draw(st.lists(value, min_size=1, max_size=4))}
    if op is Op.BETWEEN:
        return {"column": column, "op": op.value, "value": [draw(value), draw(value)]}
    if op in TEXT_OPS:
        return {"column": column, "op": op.value, "value": draw(st.sampled_from(["a", "%", "_", "\\", "ü", "B", "1"]))}
    return {"column": column, "op": op.value, "value": draw(value)}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A small table of a few types, with nulls and repetitions."""
    kinds = draw(st.lists(st.sampled_from(sorted(POOLS)), min_size=1, max_size=3))
    types = {f"c{at}": kind for at, kind in enumerate(kinds)}
    size = draw(st.integers(0, 15))
    ids = draw(st.permutations(range(size)))
    cells = {name: st.none() | st.sampled_from(POOLS[kind]) for name, kind in types.items()}
    rows = [{"id": id, **{name: draw(cell) for name, cell in cells.items()}} for id in ids]
    return Case(
        types=types,
        rows=rows,
        keyed=draw(st.booleans()),
        filters=draw(st.lists(filters_of(types), max_size=2)),
        sort=draw(st.none() | st.sampled_from(sorted(types))),
        descending=draw(st.booleans()),
        page=draw(st.integers(1, 6)),
    )


def expected(case: Case) -> list[dict[str, Any]]:
    """The rows that are left, in order: ties follow the identity, nulls are last either way."""
    kept = [row for row in case.rows if all(holds(row, compared_filter(one)) for one in case.filters)]
    if case.keyed:
        kept = sorted(kept, key=lambda row: int(row["id"]))
    sort = case.sort
    return kept if sort is None else by(kept, lambda row: row[sort], case.descending)


def compared_filter(one: dict[str, Any]) -> dict[str, Any]:
    """A filter whose days are texts, as the wire has them."""
    value = one.get("value")
    values = value if isinstance(value, list) else [value]
    days = [v.isoformat() if isinstance(v, date) and not isinstance(v, datetime) else v for v in values]
    return {**one, "value": days if isinstance(value, list) else days[0]}


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases())
async def test_filters_orders_and_pages_agree_with_plain_python(
    db: Database, services: Services, viewer: Viewer, case: Case
) -> None:
    types = {"id": ColumnType.INTEGER, **case.types}
    sent = [{name: to_wire(cell, types[name]) for name, cell in row.items()} for row in case.rows]
    key = ("id",) if case.keyed else ()
    table = await make_table(services, viewer, types, sent, name=f"random {next(NUMBER_OF_TABLE)}", key=key)
    filters = [
        {**one, "value": of_wire(one["value"], types[one["column"]])} if "value" in one else one for one in case.filters
    ]
    wanted = [row["id"] for row in expected(case)]
    found: list[object] = []
    while True:
        page = await read_table(
            db,
            viewer,
            table,
            limit=case.page,
            offset=len(found),
            filters=filters,
            sort=case.sort,
            descending=case.descending,
        )
        found += [row["id"] for row in page.items]
        assert page.total == len(wanted)
        assert page.has_next == (len(found) < len(wanted))
        if not page.has_next:
            break
    assert found == wanted
