"""Rows that go from tables into artifacts and from artifacts into tables, without leaving the database server."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON, JSONB, aggregate_order_by

from app.db.statement import Statement
from app.db.tables.grid import artifact_versions
from app.db.tx import Tx
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.numerals import JSON_INTEGER_MAX
from app.storage.grid import existing
from app.storage.relation import (
    STATEMENTS_MAX,
    TYPES,
    Source,
    cell,
    comparable,
    compiled,
    guarded,
    identity,
    relation,
    rows_of,
    unique_index_sql,
)

# The driver stores the ends of Python's calendar as infinity and reads infinity as them: other ways in and out of a
# column have to do the same, or one value would be two.
ENDS: Final = {
    ColumnType.DATE: {"infinity": "9999-12-31", "-infinity": "0001-01-01"},
    ColumnType.DATETIME: {"infinity": "9999-12-31T23:59:59.999999Z", "-infinity": "0001-01-01T00:00:00Z"},
}
ARGUMENTS_MAX: Final = 50  # a function takes at most 100
INDEXED_BYTES_MAX: Final = 2_000  # an entry of an index holds at most 2 704


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniqueness:
    """Whether a column tells rows apart: how many nulls, how many repetitions, how long its longest value."""

    nulls: int
    repeated: int
    longest: int


async def version_of_table(
    tx: Tx, source: Source, version_id: UUID, *, artifact_id: UUID, columns_json: str, created_by: UUID | None
) -> int:
    """Make version 1 of an artifact from a table's rows, as the wire shows them; returns how many."""
    with existing():
        row = await tx.fetchrow(
            version_statement(source),
            tenant_id=source.tenant_id,
            id=version_id,
            artifact_id=artifact_id,
            columns_json=columns_json,
            created_by=created_by,
        )
    assert row is not None
    made: int = row["row_count"]
    return made


async def fill_from_version(tx: Tx, source: Source, version_id: UUID) -> int:
    """Copy an artifact's rows into a new table, in their order; returns how many."""
    row = await tx.fetchrow(fill_statement(source), tenant_id=source.tenant_id, version_id=version_id)
    assert row is not None
    copied: int = row["copied"]
    return copied


async def uniqueness(tx: Tx, source: Source, name: str) -> Uniqueness:
    """What keeps a column from identifying rows, if anything does."""
    row = await tx.fetchrow(uniqueness_statement(source, name))
    assert row is not None
    return Uniqueness(nulls=row["nulls"], repeated=row["filled"] - row["different"], longest=row["longest"])


async def index_unique(tx: Tx, source: Source, name: str) -> None:
    """Find rows by a column that was seen to identify them."""
    await tx.run(unique_index_sql(source, name))


@lru_cache(maxsize=STATEMENTS_MAX)
def version_statement(source: Source) -> Statement:
    """The content is built by one aggregation over the table."""
    row = _array([_wire(source, column) for column in source.columns])
    rows = sa.func.jsonb_agg(aggregate_order_by(row, *identity(source)))
    content = sa.func.jsonb_build_object(
        _quoted("columns"),
        sa.cast(sa.bindparam("columns_json", type_=sa.Text()), JSONB()),
        _quoted("rows"),
        sa.func.coalesce(rows, sa.literal_column("'[]'::jsonb")),
    )
    values: dict[str, sa.ColumnElement[Any]] = {
        "tenant_id": sa.bindparam("tenant_id", type_=sa.Uuid()),
        "id": sa.bindparam("id", type_=sa.Uuid()),
        "artifact_id": sa.bindparam("artifact_id", type_=sa.Uuid()),
        "version": sa.literal_column("1"),
        "content": content,
        "row_count": sa.func.count(),
        "created_by": sa.bindparam("created_by", type_=sa.Uuid()),
    }
    found = sa.select(*[value.label(name) for name, value in values.items()]).select_from(rows_of(source))
    statement = sa.insert(artifact_versions).from_select(list(values), found, include_defaults=False)
    return compiled(statement.returning(artifact_versions.c.row_count), name="version_of_table")


def _array(cells: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
    parts = [sa.func.jsonb_build_array(*cells[at : at + ARGUMENTS_MAX]) for at in range(0, len(cells), ARGUMENTS_MAX)]
    whole: sa.ColumnElement[Any] = parts[0]
    for part in parts[1:]:
        whole = whole.op("||")(part)
    return whole


def _wire(source: Source, column: Column) -> sa.ColumnElement[Any]:
    """A cell as `domain/grid/wire.py` would write it; what JSON carries exactly is left to the server."""
    found = cell(source, column.name)
    match column.data_type:
        case ColumnType.INTEGER:
            exact = found.between(sa.literal_column(str(-JSON_INTEGER_MAX)), sa.literal_column(str(JSON_INTEGER_MAX)))
            return sa.case((exact, sa.func.to_jsonb(found)), else_=sa.func.to_jsonb(sa.cast(found, sa.Text())))
        case ColumnType.DECIMAL:
            return sa.cast(found, sa.Text())
        case ColumnType.DATE:
            return _ends_written(found, ColumnType.DATE, sa.func.to_char(found, _quoted("YYYY-MM-DD")))
        case ColumnType.DATETIME:
            instant = sa.func.regexp_replace(sa.func.wire_time(found), _quoted(r"\.000000Z$"), _quoted("Z"))
            return _ends_written(found, ColumnType.DATETIME, instant)
        case _:
            return found


def _ends_written(found: sa.ColumnElement[Any], kind: ColumnType, text: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    ends = [(found == _quoted(end), _quoted(day)) for end, day in _ends(kind)]
    return sa.case(*ends, else_=text)


@lru_cache(maxsize=STATEMENTS_MAX)
def fill_statement(source: Source) -> Statement:
    """The rows of a version's content, each cell cast to its column's type."""
    rows = sa.func.jsonb_array_elements(artifact_versions.c.content.op("->")(_quoted("rows")))
    given = rows.table_valued(sa.column("cells", JSONB()), with_ordinality="place").render_derived(name="given")
    cells = [_stored(given.c.cells, at, column.data_type) for at, column in enumerate(source.columns)]
    found = (
        sa.select(*cells)
        .select_from(artifact_versions)
        .join(given, sa.true())
        .where(
            artifact_versions.c.tenant_id == sa.bindparam("tenant_id", type_=sa.Uuid()),
            artifact_versions.c.id == sa.bindparam("version_id", type_=sa.Uuid()),
        )
        .order_by(given.c.place)
    )
    target = relation(source)
    names = [target.c[guarded(column.name)] for column in source.columns]
    made = sa.insert(target).from_select(names, found).returning(sa.literal_column("1").label("one")).cte("made")
    return compiled(sa.select(sa.func.count().label("copied")).select_from(made), name="fill_from_version")


def _stored(cells: sa.ColumnElement[Any], at: int, data_type: ColumnType) -> sa.ColumnElement[Any]:
    place: sa.ColumnElement[int] = sa.literal_column(str(at))
    if data_type is ColumnType.JSON:
        return sa.cast(sa.func.nullif(cells.op("->")(place), sa.literal_column("'null'::jsonb")), JSON())
    text = cells.op("->>")(place)
    ends = [(text == _quoted(day), _quoted(end)) for end, day in _ends(data_type)]
    return sa.cast(sa.case(*ends, else_=text) if ends else text, TYPES[data_type])


def _quoted(constant: str) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{constant}'")


def _ends(data_type: ColumnType) -> Iterable[tuple[str, str]]:
    return ENDS[data_type].items() if data_type in ENDS else ()


@lru_cache(maxsize=STATEMENTS_MAX)
def uniqueness_statement(source: Source, name: str) -> Statement:
    """One look at a whole column."""
    found = comparable(source, name)
    counted = (
        sa.func.count().filter(found.is_(None)).label("nulls"),
        sa.func.count(found).label("filled"),
        sa.func.count(sa.distinct(found)).label("different"),
        sa.func.coalesce(sa.func.max(sa.func.octet_length(sa.cast(found, sa.Text()))), sa.literal_column("0")).label(
            "longest"
        ),
    )
    return compiled(sa.select(*counted).select_from(rows_of(source)), name="uniqueness")
