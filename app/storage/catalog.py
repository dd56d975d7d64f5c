"""Statements about the catalogue of data tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

import orjson

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.db.tx import Tx
from app.storage.relation import Source
from app.storage.rows.grid import TableRow, columns_to_json
from app.storage.statements import composed

CANDIDATES_MAX: Final = 500

# Entries with the workspace that decides who sees them: their own, or that of the task they belong to.
ENTRIES: Final = """(
    SELECT b.tenant_id, b.id, b.name, b.logical_name, b.scope, b.owner_task_id, b.owner_workspace_id, b.source_type,
           b.columns AS column_list, b.primary_key, b.row_count, b.created_by, b.created_at, b.last_write_at,
           coalesce(b.owner_workspace_id, t.workspace_id) AS workspace_id, o.owner_id AS workspace_owner_id,
           o.status AS workspace_status
      FROM tables b
      LEFT JOIN tasks t ON t.tenant_id = b.tenant_id AND t.id = b.owner_task_id
      LEFT JOIN workspaces o ON o.tenant_id = b.tenant_id AND o.id = coalesce(b.owner_workspace_id, t.workspace_id)
)"""
# The owner of a workspace `w` may read the entry `x`.
OWNER_READS: Final = """
       (x.workspace_id IS NULL OR x.workspace_owner_id = w.owner_id
        OR EXISTS (SELECT FROM workspace_recipients p
                     JOIN workspace_shares s ON s.tenant_id = p.tenant_id AND s.workspace_id = p.workspace_id
                    WHERE p.tenant_id = w.tenant_id AND p.workspace_id = x.workspace_id AND p.user_id = w.owner_id
                      AND s.status = 'active' AND (s.expires_at IS NULL OR s.expires_at > now())))
"""
LIVE: Final = "x.tenant_id = :tenant_id AND x.scope <> 'snapshot' AND {visible:x}"


def of_entries(source: str) -> Statement:
    """A statement in which `{entries} x` are the entries and `{live}` means those the user may see as tables.

    `{owner_reads}` means those that the owner of the workspace `w` may read.
    """
    filled = source.replace("{entries}", ENTRIES).replace("{owner_reads}", OWNER_READS)
    return composed(filled.replace("{live}", LIVE))


VISIBLE_BY_ID: Final = of_entries(
    "SELECT {table:x} FROM {entries} x WHERE {live} AND x.id = ANY (CAST(:ids AS uuid[]))"
)
# At most so many as show that a name is not unique.
VISIBLE_BY_NAME: Final = of_entries(
    """
    SELECT {table:x} FROM {entries} x
     WHERE {live} AND x.name = :name AND (CAST(:scope AS text) IS NULL OR x.scope = :scope)
     ORDER BY x.created_at, x.id LIMIT 2
    """
)
CANDIDATES: Final = of_entries(
    """
    SELECT {table:x} FROM {entries} x
     WHERE {live}
     ORDER BY x.last_write_at DESC NULLS LAST, x.logical_name, x.id
     LIMIT CAST(:most AS int)
    """
)
# What a workspace shows. A live table is shown only while the workspace's owner may read it: a table that was shared
# with the owner once must not stay open to the owner's own recipients for ever.
SHOWN_BY: Final = of_entries(
    """
    SELECT w.id AS shown_by, {table:x}
      FROM workspaces w
      JOIN {entries} x ON x.tenant_id = w.tenant_id AND x.id = w.table_id
     WHERE w.tenant_id = :tenant_id AND w.id = ANY (CAST(:workspace_ids AS uuid[])) AND {owner_reads}
    """
)
# Whether the workspace :workspace_id shows the table :table_id now: the condition of a statement.
SHOWS: Final = f"""
    EXISTS (SELECT FROM workspaces w
              JOIN {ENTRIES} x ON x.tenant_id = w.tenant_id AND x.id = w.table_id
             WHERE w.tenant_id = :tenant_id AND w.id = CAST(:workspace_id AS uuid)
               AND w.table_id = CAST(:table_id AS uuid) AND {OWNER_READS})
"""
PAGE: Final = """
    SELECT {table:x} FROM {entries} x
     WHERE {live} {conditions}
     ORDER BY x.created_at DESC, x.id DESC
     LIMIT CAST(:most AS int)
"""
COUNT: Final = "SELECT count(*) AS total FROM {entries} x WHERE {live} {conditions}"
CONDITIONS: Final[Mapping[str, str]] = {
    "scope": "AND x.scope = :scope",
    "search": "AND (strpos(lower(x.name), lower(:search)) > 0 OR strpos(lower(x.logical_name), lower(:search)) > 0)",
    "after": "AND (x.created_at, x.id) < (CAST(:after_time AS timestamptz), CAST(:after_id AS uuid))",
}
INSERT: Final = composed(
    """
    INSERT INTO tables (tenant_id, id, name, logical_name, scope, owner_task_id, owner_workspace_id, source_type,
                        columns, primary_key, created_by)
    VALUES (:tenant_id, :id, :name, :logical_name, :scope, :owner_task_id, :owner_workspace_id, 'table',
            CAST(:columns AS jsonb), CAST(:primary_key AS text[]), :created_by)
    """
)
# Held by whoever writes rows or opens a workspace on the table; only a deletion waits for it, and it for a deletion.
HOLD: Final = composed("SELECT FROM tables WHERE tenant_id = :tenant_id AND id = :id FOR KEY SHARE")
LOCK: Final = composed("SELECT FROM tables WHERE tenant_id = :tenant_id AND id = :id FOR UPDATE")
ROWS_ADDED: Final = composed(
    """
    UPDATE tables SET row_count = row_count + CAST(:added AS bigint), last_write_at = now()
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
DELETE: Final = composed("DELETE FROM tables WHERE tenant_id = :tenant_id AND id = :id")
SHOWN: Final = composed(
    "SELECT EXISTS (SELECT FROM workspaces WHERE tenant_id = :tenant_id AND table_id = :id) AS shown"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTable:
    """What the catalogue is told about a table that is made."""

    source: Source
    name: str
    logical_name: str
    scope: str
    owner_task_id: str | None
    owner_workspace_id: UUID | None
    created_by: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which tables of a list are wanted; None means any."""

    scope: str | None = None
    search: str | None = None

    def given(self) -> dict[str, object]:
        """The conditions that were given."""
        return {name: getattr(self, name) for name in ("scope", "search") if getattr(self, name) is not None}


async def insert(tx: Tx, new: NewTable) -> None:
    """A new entry; Duplicate where the name is taken in its scope."""
    await tx.fetch(
        INSERT,
        tenant_id=new.source.tenant_id,
        id=new.source.table_id,
        name=new.name,
        logical_name=new.logical_name,
        scope=new.scope,
        owner_task_id=new.owner_task_id,
        owner_workspace_id=new.owner_workspace_id,
        columns=orjson.dumps(columns_to_json(new.source.columns)).decode(),
        primary_key=list(new.source.key),
        created_by=new.created_by,
    )


async def visible_by_id(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[TableRow]:
    """The live tables among the ids that the user may see."""
    rows = await db.fetch(VISIBLE_BY_ID, tenant_id=tenant_id, user_id=user_id, ids=ids)
    return TableRow.all(rows)


async def visible_by_name(db: Database, tenant_id: UUID, user_id: UUID, name: str, scope: str | None) -> list[TableRow]:
    """The live tables of that name that the user may see; two where it is not unique."""
    rows = await db.fetch(VISIBLE_BY_NAME, tenant_id=tenant_id, user_id=user_id, name=name, scope=scope)
    return TableRow.all(rows)


async def candidates(db: Database, tenant_id: UUID, user_id: UUID) -> list[TableRow]:
    """The live tables that the user may see, last written first."""
    return [
        TableRow.of(row)
        for row in await db.fetch(CANDIDATES, tenant_id=tenant_id, user_id=user_id, most=CANDIDATES_MAX)
    ]


async def shown_by(
    db: Database, tenant_id: UUID, workspace_ids: Sequence[UUID], lane: Lane = Lane.MAIN
) -> list[tuple[UUID, TableRow]]:
    """What each workspace shows, its own copy or a live table, by workspace."""
    rows = await db.fetch(SHOWN_BY, lane, tenant_id=tenant_id, workspace_ids=workspace_ids)
    return list(zip((row["shown_by"] for row in rows), TableRow.all(rows), strict=True))


@cache
def list_statement(source: str, conditions: tuple[str, ...]) -> Statement:
    """A list statement for one combination of conditions; there are few."""
    return of_entries(source.replace("{conditions}", " ".join(CONDITIONS[name] for name in conditions)))


async def page(
    db: Database, tenant_id: UUID, user_id: UUID, wanted: Filter, *, after: tuple[object, ...] | None, most: int
) -> list[TableRow]:
    """Live tables the user may see, newest first, after a place `(created_at, id)`."""
    given = wanted.given()
    conditions = (*given, "after") if after else tuple(given)
    place = {"after_time": datetime.fromisoformat(str(after[0])), "after_id": UUID(str(after[1]))} if after else {}
    statement = list_statement(PAGE, conditions)
    rows = await db.fetch(statement, Lane.MAIN, tenant_id=tenant_id, user_id=user_id, most=most, **given, **place)
    return TableRow.all(rows)


async def count(db: Database, tenant_id: UUID, user_id: UUID, wanted: Filter) -> int:
    """How many live tables of a list the user may see."""
    given = wanted.given()
    statement = list_statement(COUNT, tuple(given))
    row = await db.fetchrow(statement, Lane.MAIN, tenant_id=tenant_id, user_id=user_id, **given)
    assert row is not None
    total: int = row["total"]
    return total


async def hold(tx: Tx, tenant_id: UUID, id: UUID) -> bool:
    """Keep the table from being deleted until the transaction ends; false if it is gone."""
    return await tx.fetchrow(HOLD, tenant_id=tenant_id, id=id) is not None


async def lock(tx: Tx, tenant_id: UUID, id: UUID) -> bool:
    """Wait for whoever holds the table, and keep others from holding it; false if it is gone."""
    return await tx.fetchrow(LOCK, tenant_id=tenant_id, id=id) is not None


async def shown(tx: Tx, tenant_id: UUID, id: UUID) -> bool:
    """Whether a workspace shows the table."""
    row = await tx.fetchrow(SHOWN, tenant_id=tenant_id, id=id)
    return row is not None and bool(row["shown"])


async def rows_added(tx: Tx, tenant_id: UUID, id: UUID, added: int) -> None:
    """Note that rows were written."""
    await tx.fetch(ROWS_ADDED, tenant_id=tenant_id, id=id, added=added)


async def delete(tx: Tx, tenant_id: UUID, id: UUID) -> None:
    """Remove the entry."""
    await tx.fetch(DELETE, tenant_id=tenant_id, id=id)
