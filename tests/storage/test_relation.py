"""Names of tables and columns reach the database as they were given, whatever they look like."""

import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.charts.filters import BoundFilter, Op
from app.domain.charts.parse import parse_spec
from app.domain.charts.plan import make_plan
from app.domain.grid.column import Column, ColumnType, column_problems
from app.domain.grid.page import RowSort, SortDirection, Window
from app.domain.ids import uuid7
from app.storage import aggregate, copies, grid
from app.storage.relation import GUARD, Source, create_sql, guarded

NASTY = [
    'a"b',
    'a";drop table users;--',
    "it's",
    "a\\b",
    "%(page_limit)s",
    "%(filter_0_0)s",
    "%(tenant_id)s",
    "%%",
    "%s",
    "100%",
    "$1",
    ":name",
    "?",
    "__[POSTCOMPILE_filter_0_0]",
    "{x}",
    "a.b",
    "a b",
    "select",
    "total",
    "number",
    "cell_0",
    "sorted",
    "key_0",
    "xmin",
    "ctid",
    "tableoid",
    "oid",
    "c" * 63,
    "%(" * 31,
    "ÄÖÜ ß 名前",
    "🙂",
]


async def round_trip(db: Database, viewer: Viewer, name: str) -> None:
    """Everything that is ever done with a name, with a second column that must stay itself."""
    other = "other" if name != "other" else "else"
    columns = (Column(name=name, data_type=ColumnType.STRING), Column(name=other, data_type=ColumnType.INTEGER))
    source = Source(viewer.tenant_id, uuid7(datetime.now(UTC)), columns, (name,))
    async with db.transaction() as tx:
        await grid.create(tx, source)
        await grid.copy_rows(tx, source, [("x", 2), ("y", 3)])
        assert await copies.uniqueness(tx, source, name) == copies.Uniqueness(nulls=0, repeated=0, longest=1)
        await copies.index_unique(tx, source, name)
    wanted = BoundFilter(column=columns[0], op=Op.EQ, values=("y",))
    page = await filtered(db, source, wanted, RowSort(name, SortDirection.DESC))
    assert page == [("y", 3)]
    spec: dict[str, Any] = {"kind": "bar", "x": {"column": name}, "y": [{"column": other, "agg": "sum"}]}
    spec["filters"] = [{"column": name, "op": "in", "value": ["x", "y"]}]
    parsed = parse_spec(spec)
    plan = make_plan(parsed, columns)  # type: ignore[arg-type]  # the next line would fail for a refusal
    rows = await aggregate.chart_rows(db, source, plan)  # type: ignore[arg-type]  # likewise
    assert rows == [("x", Decimal(2)), ("y", Decimal(3))]
    async with db.transaction() as tx:
        await grid.drop(tx, source)


async def filtered(db: Database, source: Source, wanted: BoundFilter, sort: RowSort) -> list[tuple[object, ...]]:
    """The rows of a filtered page."""
    page = await grid.page(db, source, Window(limit=10, offset=0), sort, [wanted], numbered=False)
    rows = list(zip(*page.columns, strict=True))
    assert page.total == len(rows)
    return rows


@pytest.mark.parametrize("name", NASTY)
async def test_a_name_that_looks_like_sql_is_only_a_name(db: Database, viewer: Viewer, name: str) -> None:
    assert not column_problems([Column(name=name, data_type=ColumnType.STRING)])
    await round_trip(db, viewer, name)


def normal(text: str) -> str:
    """As the rules want names."""
    return unicodedata.normalize("NFC", text).strip()


pieces = st.sampled_from(
    ["%(", ")s", "__[", "POSTCOMPILE_", "]", '"', "'", "$", ":", "\\", "%", "page_limit", "é", " "]
)
names = (st.lists(pieces | st.characters(codec="utf-8"), min_size=1, max_size=12).map("".join)).map(normal)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names.filter(lambda name: not column_problems([Column(name=name, data_type=ColumnType.STRING)])))
async def test_any_name_the_rules_allow_is_only_a_name(db: Database, viewer: Viewer, name: str) -> None:
    await round_trip(db, viewer, name)


def test_the_guard_is_no_character_of_a_name() -> None:
    assert column_problems([Column(name=f"a{GUARD}b", data_type=ColumnType.STRING)])
    assert guarded("%(x)s") == f"%{GUARD}(x)s"
    source = Source(uuid7(datetime.now(UTC)), uuid7(datetime.now(UTC)), (), ())
    assert GUARD not in create_sql(source)
