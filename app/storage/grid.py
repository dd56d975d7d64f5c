"""Rows of data tables: made, copied in, paged; the only place besides aggregate.py that composes SQL on them."""

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import asyncpg
import sqlalchemy as sa

from app.db.engine import Database, Lane
from app.db.errors import Duplicate, Refused
from app.db.statement import Statement
from app.db.tables.grid import catalog
from app.db.tx import Tx
from app.domain.charts.filters import BoundFilter
from app.domain.errors import NotFound
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.page import RowSort, SortDirection, Window
from app.storage.conditions import FilterShape, arguments, conditions, shapes
from app.storage.relation import (
    ROW_ID,
    STATEMENTS_MAX,
    Source,
    cell,
    comparable,
    compiled,
    create_sql,
    drop_sql,
    identity,
    row_id,
    rows_of,
    stored,
)

ROW_ID_COLUMN: Final = Column(name=ROW_ID, data_type=ColumnType.INTEGER)
STREAM_ROWS: Final = 2_000  # of an export at once
# Where the server refuses an entry of an index that is too large.
_INDEXING: Final = frozenset({"indextuple.c", "nbtutils.c"})
_COPY_PLACE: Final = re.compile(r",[^\d,]*(\d+)")


class RowRefused(Exception):
    """The database refused a row of a COPY; `index` is its place among the rows, if that is known."""

    def __init__(self, index: int | None, *, duplicate: bool) -> None:
        super().__init__(index)
        self.index = index
        self.duplicate = duplicate


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPage:
    """Rows as they are stored, column by column and then, if asked for, their numbers; and how many in all."""

    columns: Sequence[Sequence[object]]
    total: int


async def create(tx: Tx, source: Source) -> None:
    """Make the relation of a new table."""
    await tx.run(create_sql(source))


async def drop(tx: Tx, source: Source) -> None:
    """Drop the relation; waits for whoever reads it."""
    await tx.run(drop_sql(source))


async def copy_rows(tx: Tx, source: Source, rows: Sequence[Sequence[object]] | AsyncIterable[Sequence[object]]) -> int:
    """COPY rows, in column order, into the relation."""
    with _copying():
        return await tx.copy_in(source.schema, source.name, _stored_names(source), rows)


async def copy_lines(tx: Tx, source: Source, lines: AsyncIterable[bytes]) -> int:
    """COPY rows, in column order, that are written as COPY reads them, one a line."""
    with _copying():
        return await tx.copy_text(source.schema, source.name, _stored_names(source), lines)


def _stored_names(source: Source) -> list[str]:
    return [stored(column.name) for column in source.columns]


@contextmanager
def _copying() -> Iterator[None]:
    """A row that the database refuses is told by its place."""
    try:
        with existing():
            yield
    except Duplicate as problem:
        raise RowRefused(_place(problem.__cause__), duplicate=True) from problem
    except Refused as problem:
        indexing = getattr(problem.__cause__, "server_source_filename", None) in _INDEXING
        raise RowRefused(_place(problem.__cause__) if indexing else None, duplicate=False) from problem


def _place(problem: BaseException | None) -> int | None:
    """Which row of a COPY an error is about: the server counts them from 1, in the words of its language.

    It only knows while it makes entries of indexes; what it says of a row too large to be stored is the end of a batch.
    """
    context = getattr(problem, "context", None)
    found = _COPY_PLACE.search(context) if isinstance(context, str) else None
    return int(found[1]) - 1 if found else None


@contextmanager
def existing() -> Iterator[None]:
    """A relation that was dropped since its catalogue entry was read is no longer there for anybody."""
    try:
        yield
    except asyncpg.UndefinedTableError as problem:
        raise NotFound("The table was deleted a moment ago.") from problem


async def page(
    db: Database,
    source: Source,
    wanted: Window,
    sort: RowSort | None,
    filters: Sequence[BoundFilter],
    *,
    numbered: bool,
) -> StoredPage:
    """One page and the exact total, in one statement and therefore one snapshot."""
    statement = page_statement(source, sort, shapes(filters))
    with existing():
        found = await db.fetch(
            statement, Lane.MAIN, page_limit=wanted.limit, page_offset=wanted.offset, **arguments(filters)
        )
    if not found:
        raise NotFound("The table was deleted a moment ago.")
    # Without any row on the page there is one record that holds the total alone.
    some = found[0]["number"] is not None
    columns = list(zip(*(record.values() for record in (found if some else found[:1])), strict=True))
    columns = columns[: -1 if numbered else -2]
    return StoredPage(columns=columns if some else [()] * len(columns), total=found[0]["total"])


async def stream_rows(db: Database, source: Source, sort: RowSort | None) -> AsyncIterator[list[Sequence[object]]]:
    """All rows, in column order and in batches, as one moment saw them; holds a connection until it is closed."""
    async with db.transaction(Lane.EXPORTS, isolation="repeatable_read", readonly=True) as tx:
        with existing():
            async for batch in tx.stream(stream_statement(source, sort), batch=STREAM_ROWS):
                yield [tuple(record.values()) for record in batch]


@lru_cache(maxsize=STATEMENTS_MAX)
def stream_statement(source: Source, sort: RowSort | None) -> Statement:
    """The cells alone, in the same order as in pages."""
    order = identity(source)
    if sort is not None:
        order.insert(0, comparable(source, sort.column))
    return compiled(sa.select(*_cells(source)).order_by(*_ordered(order, sort)), name="stream_rows")


@lru_cache(maxsize=STATEMENTS_MAX)
def page_statement(source: Source, sort: RowSort | None, wanted: tuple[FilterShape, ...]) -> Statement:
    """The cells, the hidden number and the total; the order is a total one, so pages neither repeat nor skip."""
    where = conditions(source, wanted)
    total = _total(source, where).subquery("whole")
    order = [column.label(f"key_{at}") for at, column in enumerate(identity(source))]
    if sort is not None:
        order.insert(0, comparable(source, sort.column).label("sorted"))
    rows = (
        sa.select(row_id(source).label("number"), *_cells(source), *order)
        .where(*where)
        .order_by(*_ordered([column.element for column in order], sort))
        .limit(sa.bindparam("page_limit", type_=sa.Integer()))
        .offset(sa.bindparam("page_offset", type_=sa.BigInteger()))
        .subquery("page")
    )
    shown = [rows.c[f"cell_{at}"] for at in range(len(source.columns))]
    statement = (
        sa.select(*shown, rows.c.number, total.c.total)
        .select_from(total.outerjoin(rows, sa.true()))
        .order_by(*_ordered([rows.c[column.name] for column in order], sort))
    )
    return compiled(statement, name="page_rows")


def _total(source: Source, where: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """Counted where rows are filtered; else read from the catalogue, which every write keeps exact."""
    if where:
        return sa.select(sa.func.count().label("total")).select_from(rows_of(source)).where(*where)
    entry = sa.and_(
        catalog.c.tenant_id == sa.bindparam("tenant_id", source.tenant_id, type_=sa.Uuid()),
        catalog.c.id == sa.bindparam("table_id", source.table_id, type_=sa.Uuid()),
    )
    return sa.select(catalog.c.row_count.label("total")).where(entry)


def _cells(source: Source) -> list[sa.Label[Any]]:
    return [cell(source, column.name).label(f"cell_{at}") for at, column in enumerate(source.columns)]


def _ordered(columns: Sequence[sa.ColumnElement[Any]], sort: RowSort | None) -> list[sa.ColumnElement[Any]]:
    if sort is None:
        return list(columns)
    first, *ties = columns
    ascending = sort.direction is SortDirection.ASC
    return [first.asc().nulls_last() if ascending else first.desc().nulls_last(), *ties]
