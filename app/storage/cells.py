"""Single cells: a row is locked, one cell of it written, and what was done recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.db.tx import Tx
from app.domain.grid.cell_edit import Address
from app.domain.grid.coerce import Cell
from app.storage.grid import existing
from app.storage.relation import (
    ROW_ID,
    STATEMENTS_MAX,
    TYPES,
    Source,
    cell,
    compiled,
    guarded,
    relation,
    row_id,
    rows_of,
)
from app.storage.rows.cells import EditorType, MutationRow
from app.storage.statements import composed

RECORD: Final = composed(
    """
    INSERT INTO cell_mutations AS m (tenant_id, id, workspace_id, table_id, column_name, row_identity, ws_row_id,
                                     old_value, new_value, actor_type, actor_id, undo_of, created_at)
    SELECT :tenant_id, g.id, :workspace_id, :table_id, g.column_name, g.row_identity, g.ws_row_id, g.old_value,
           g.new_value, :actor_type, :actor_id, :undo_of, clock_timestamp()
      FROM unnest(CAST(:ids AS uuid[]), CAST(:column_names AS text[]), CAST(:row_identities AS jsonb[]),
                  CAST(:ws_row_ids AS bigint[]), CAST(:old_values AS jsonb[]), CAST(:new_values AS jsonb[]))
           WITH ORDINALITY AS g(id, column_name, row_identity, ws_row_id, old_value, new_value, ord)
     ORDER BY g.ord
    RETURNING {mutation:m}
    """
)
# The guard is the whole rule: an edit is taken back once.
UNDONE: Final = composed(
    """
    UPDATE cell_mutations m SET undone_by = :undone_by
     WHERE m.tenant_id = :tenant_id AND m.id = :id AND m.undone_by IS NULL
    RETURNING m.id
    """
)
VISIBLE_BY_ID: Final = composed(
    """
    SELECT {mutation:m} FROM cell_mutations m
     WHERE m.tenant_id = :tenant_id AND m.id = ANY (CAST(:ids AS uuid[])) AND {visible:m}
    """
)
# The edits of a workspace, newest first; a page is a walk along ix_cell_mutations_workspace.
PAGE: Final = """
    SELECT {mutation:m} FROM cell_mutations m
     WHERE m.tenant_id = :tenant_id AND m.workspace_id = :workspace_id {after}
     ORDER BY m.created_at DESC, m.id DESC
     LIMIT CAST(:most AS int)
"""
AFTER: Final = "AND (m.created_at, m.id) < (CAST(:after_time AS timestamptz), CAST(:after_id AS uuid))"
COUNT: Final = composed(
    """
    SELECT count(*) AS total FROM cell_mutations m
     WHERE m.tenant_id = :tenant_id AND m.workspace_id = :workspace_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """A locked row: its cells in column order, and its number."""

    cells: tuple[Cell, ...]
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMutation:
    """An edit to record; the values are as the wire shows them."""

    id: UUID
    column_name: str
    row_identity: dict[str, object]
    ws_row_id: int | None
    old_value: object
    new_value: object


async def lock_row(tx: Tx, source: Source, address: Address) -> StoredRow | None:
    """The row, kept from every other writer until the transaction ends; None if there is none."""
    with existing():
        record = await tx.fetchrow(lock_statement(source, address.names), **_arguments(address))
    if record is None:
        return None
    *cells, number = record.values()
    return StoredRow(cells=tuple(cells), number=number)


async def write(tx: Tx, source: Source, address: Address, column: str, new: Cell) -> Cell:
    """Write one cell of a locked row; returns what is stored now."""
    record = await tx.fetchrow(write_statement(source, address.names, column), new_value=new, **_arguments(address))
    assert record is not None
    stored: Cell = record["stored"]
    return stored


@lru_cache(maxsize=STATEMENTS_MAX)
def lock_statement(source: Source, names: tuple[str, ...]) -> Statement:
    """Only writers of the same row wait: its key does not change."""
    cells = [cell(source, column.name).label(f"cell_{at}") for at, column in enumerate(source.columns)]
    statement = (
        sa.select(*cells, row_id(source).label("number"))
        .where(*_named(source, rows_of(source), names))
        .with_for_update(key_share=True)
    )
    return compiled(statement, name="lock_row")


@lru_cache(maxsize=STATEMENTS_MAX)
def write_statement(source: Source, names: tuple[str, ...], column: str) -> Statement:
    """One cell of one row."""
    table = relation(source)
    written = table.c[guarded(column)]
    statement = (
        sa.update(table)
        .where(*_named(source, table, names))
        .values({written: sa.bindparam("new_value", type_=written.type)})
        .returning(written.label("stored"))
    )
    return compiled(statement, name="write_cell")


def _named(source: Source, rows: sa.FromClause, names: tuple[str, ...]) -> list[sa.ColumnElement[bool]]:
    """The conditions that find a row by these columns, or by its number without any."""
    if not names:
        return [rows.c[ROW_ID] == sa.bindparam("name_0", type_=sa.BigInteger())]
    types = {column.name: TYPES[column.data_type] for column in source.columns}
    return [rows.c[guarded(name)] == sa.bindparam(f"name_{at}", type_=types[name]) for at, name in enumerate(names)]


def _arguments(address: Address) -> dict[str, object]:
    return {f"name_{at}": value for at, value in enumerate(address.values)}


async def record(
    tx: Tx,
    tenant_id: UUID,
    workspace_id: UUID,
    table_id: UUID,
    edits: Sequence[NewMutation],
    *,
    actor_type: EditorType,
    actor_id: str,
    undo_of: UUID | None = None,
) -> list[MutationRow]:
    """Record edits of one workspace, in their order."""
    rows = await tx.fetch(
        RECORD,
        tenant_id=tenant_id,
        workspace_id=workspace_id,
        table_id=table_id,
        ids=[one.id for one in edits],
        column_names=[one.column_name for one in edits],
        row_identities=[_json(one.row_identity) for one in edits],
        ws_row_ids=[one.ws_row_id for one in edits],
        old_values=[_json(one.old_value) for one in edits],
        new_values=[_json(one.new_value) for one in edits],
        actor_type=actor_type.value,
        actor_id=actor_id,
        undo_of=undo_of,
    )
    return MutationRow.all(rows)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


async def mark_undone(tx: Tx, tenant_id: UUID, id: UUID, by: UUID) -> bool:
    """Note which edit took this one back; false if one did already."""
    return await tx.fetchrow(UNDONE, tenant_id=tenant_id, id=id, undone_by=by) is not None


async def visible_by_id(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[MutationRow]:
    """The edits among the ids in workspaces that the user may read."""
    rows = await db.fetch(VISIBLE_BY_ID, tenant_id=tenant_id, user_id=user_id, ids=ids)
    return MutationRow.all(rows)


@cache
def page_statement(*, further: bool) -> Statement:
    """The statement of the first page, or of a further one."""
    return composed(PAGE.replace("{after}", AFTER if further else ""))


async def page(
    db: Database, tenant_id: UUID, workspace_id: UUID, *, after: tuple[object, ...] | None, most: int
) -> list[MutationRow]:
    """The edits of a workspace, newest first, after a place `(created_at, id)`."""
    place: dict[str, Any] = {}
    if after:
        place = {"after_time": datetime.fromisoformat(str(after[0])), "after_id": UUID(str(after[1]))}
    rows = await db.fetch(
        page_statement(further=after is not None),
        Lane.MAIN,
        tenant_id=tenant_id,
        workspace_id=workspace_id,
        most=most,
        **place,
    )
    return MutationRow.all(rows)


async def count(db: Database, tenant_id: UUID, workspace_id: UUID) -> int:
    """How many edits a workspace has seen."""
    row = await db.fetchrow(COUNT, tenant_id=tenant_id, workspace_id=workspace_id)
    assert row is not None
    total: int = row["total"]
    return total
