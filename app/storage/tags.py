"""Statements about tags and the workspaces they stand on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.db.tx import Tx
from app.storage.rows.share import TagRow
from app.storage.rows.workspace import WorkspaceRow
from app.storage.statements import composed

# Without a namespace first, then by name; in the order of characters, the same on every server.
ORDER: Final = 'coalesce(g.namespace, \'\') COLLATE "C", g.name COLLATE "C", g.id'
INSERT: Final = composed(
    """
    INSERT INTO tags AS g (tenant_id, id, name, slug, namespace, color, description, attributes, created_by)
    VALUES (:tenant_id, :id, :name, :slug, CAST(:namespace AS text), CAST(:color AS text), CAST(:description AS text),
            CAST(:attributes AS jsonb), :created_by)
    RETURNING {tag:g}
    """
)
# In the order of slugs, so that two who make the same tags never wait for each other in a circle; whoever comes second
# waits for the first and makes none.
INSERT_NAMES: Final = composed(
    """
    INSERT INTO tags AS g (tenant_id, id, name, slug, created_by)
    SELECT :tenant_id, a.id, a.name, a.slug, :created_by
      FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:slugs AS text[])) AS a(id, name, slug)
     ORDER BY a.slug
    ON CONFLICT (tenant_id, namespace, slug) DO NOTHING
    RETURNING {tag:g}
    """
)
# Held until the transaction ends, so that what is put on a workspace is not deleted meanwhile.
HOLD: Final = composed(
    """
    SELECT {tag:g} FROM tags g
     WHERE g.tenant_id = :tenant_id
       AND (g.id = ANY (CAST(:ids AS uuid[])) OR g.slug = ANY (CAST(:slugs AS text[])))
     ORDER BY g.id FOR KEY SHARE
    """
)
LOCK: Final = composed("SELECT {tag:g} FROM tags g WHERE g.tenant_id = :tenant_id AND g.id = :id FOR UPDATE")
UPDATE: Final = composed(
    """
    UPDATE tags g
       SET name = :name, slug = :slug, namespace = CAST(:namespace AS text), color = CAST(:color AS text),
           description = CAST(:description AS text), attributes = CAST(:attributes AS jsonb), updated_at = now()
     WHERE g.tenant_id = :tenant_id AND g.id = :id
    RETURNING {tag:g}
    """
)
DELETE: Final = composed("DELETE FROM tags WHERE tenant_id = :tenant_id AND id = :id")
LINKS: Final = composed(
    "SELECT tag_id FROM workspace_tags WHERE tenant_id = :tenant_id AND workspace_id = :workspace_id"
)
UNLINK: Final = composed(
    """
    DELETE FROM workspace_tags
     WHERE tenant_id = :tenant_id AND workspace_id = :workspace_id AND tag_id <> ALL (CAST(:tag_ids AS uuid[]))
    """
)
LINK: Final = composed(
    """
    INSERT INTO workspace_tags (tenant_id, workspace_id, tag_id)
    SELECT :tenant_id, :workspace_id, a.tag_id FROM unnest(CAST(:tag_ids AS uuid[])) AS a(tag_id)
    ON CONFLICT DO NOTHING
    """
)
BY_ID: Final = composed(
    "SELECT {tag:g} FROM tags g WHERE g.tenant_id = :tenant_id AND g.id = ANY (CAST(:ids AS uuid[]))"
)
BY_WORKSPACE: Final = composed(
    """
    SELECT l.workspace_id AS tagged_id, {tag:g}
      FROM workspace_tags l JOIN tags g ON g.tenant_id = l.tenant_id AND g.id = l.tag_id
     WHERE l.tenant_id = :tenant_id AND l.workspace_id = ANY (CAST(:workspace_ids AS uuid[]))
     ORDER BY l.workspace_id, {order}
    """.replace("{order}", ORDER)
)
WORKSPACES: Final = composed(
    """
    SELECT a.tag_id AS borne_id, {workspace:w}
      FROM unnest(CAST(:tag_ids AS uuid[])) AS a(tag_id)
      CROSS JOIN LATERAL (
          SELECT x.* FROM workspace_tags l JOIN workspaces x ON x.tenant_id = l.tenant_id AND x.id = l.workspace_id
           WHERE l.tenant_id = :tenant_id AND l.tag_id = a.tag_id AND x.id = ANY ({readable})
           ORDER BY x.updated_at DESC, x.id DESC LIMIT CAST(:most AS int)
      ) w
     ORDER BY a.tag_id, w.updated_at DESC, w.id DESC
    """
)
PAGE: Final = """
    SELECT {tag:g} FROM tags g WHERE g.tenant_id = :tenant_id {conditions} ORDER BY {order} LIMIT CAST(:most AS int)
"""
COUNT: Final = "SELECT count(*) AS total FROM tags g WHERE g.tenant_id = :tenant_id {conditions}"
CONDITIONS: Final[Mapping[str, str]] = {
    "search": "AND (strpos(lower(g.name), lower(:search)) > 0 OR strpos(g.slug, lower(:search)) > 0)",
    "namespace": "AND g.namespace = :namespace",
    "after": """AND (coalesce(g.namespace, '') COLLATE "C", g.name COLLATE "C", g.id)
                  > (CAST(:after_namespace AS text) COLLATE "C", CAST(:after_name AS text) COLLATE "C",
                     CAST(:after_id AS uuid))""",
}

Place = tuple[str, str, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagColumns:
    """What a tag is made of; attributes are JSON text."""

    name: str
    slug: str
    namespace: str | None
    color: str | None
    description: str | None
    attributes: str

    def given(self) -> dict[str, object]:
        """By the names of the columns."""
        return {name: getattr(self, name) for name in self.__slots__}


async def insert(tx: Tx, tenant_id: UUID, id: UUID, new: TagColumns, created_by: UUID) -> TagRow:
    """A new tag; Duplicate where its slug is taken in its namespace."""
    row = await tx.fetchrow(INSERT, tenant_id=tenant_id, id=id, created_by=created_by, **new.given())
    assert row is not None
    return TagRow.of(row)


async def insert_names(tx: Tx, tenant_id: UUID, new: Sequence[tuple[UUID, str, str]], created_by: UUID) -> list[TagRow]:
    """New tags `(id, name, slug)` without a namespace; those that somebody else makes at this moment are left out."""
    rows = await tx.fetch(
        INSERT_NAMES,
        tenant_id=tenant_id,
        ids=[id for id, _, _ in new],
        names=[name for _, name, _ in new],
        slugs=[slug for _, _, slug in new],
        created_by=created_by,
    )
    return TagRow.all(rows)


async def hold(tx: Tx, tenant_id: UUID, ids: Sequence[UUID], slugs: Sequence[str]) -> list[TagRow]:
    """The tags with these ids or slugs, kept from being deleted until the transaction ends."""
    return TagRow.all(await tx.fetch(HOLD, tenant_id=tenant_id, ids=ids, slugs=slugs))


async def lock(tx: Tx, tenant_id: UUID, id: UUID) -> TagRow | None:
    """The tag, locked; None if it is gone."""
    row = await tx.fetchrow(LOCK, tenant_id=tenant_id, id=id)
    return None if row is None else TagRow.of(row)


async def update(tx: Tx, tenant_id: UUID, id: UUID, columns: TagColumns) -> TagRow:
    """The tag with these columns; Duplicate where its slug is taken in its namespace."""
    row = await tx.fetchrow(UPDATE, tenant_id=tenant_id, id=id, **columns.given())
    assert row is not None
    return TagRow.of(row)


async def delete(tx: Tx, tenant_id: UUID, id: UUID) -> None:
    """Remove a tag, also from the workspaces it stands on."""
    await tx.fetch(DELETE, tenant_id=tenant_id, id=id)


async def linked(tx: Tx, tenant_id: UUID, workspace_id: UUID) -> frozenset[UUID]:
    """The tags that stand on a workspace."""
    rows = await tx.fetch(LINKS, tenant_id=tenant_id, workspace_id=workspace_id)
    return frozenset(row["tag_id"] for row in rows)


async def link(tx: Tx, tenant_id: UUID, workspace_id: UUID, tag_ids: Sequence[UUID]) -> None:
    """Let exactly these tags stand on a workspace."""
    await tx.fetch(UNLINK, tenant_id=tenant_id, workspace_id=workspace_id, tag_ids=tag_ids)
    await tx.fetch(LINK, tenant_id=tenant_id, workspace_id=workspace_id, tag_ids=tag_ids)


async def by_id(db: Database, tenant_id: UUID, ids: Sequence[UUID]) -> list[TagRow]:
    """The tags that exist among the ids."""
    return TagRow.all(await db.fetch(BY_ID, tenant_id=tenant_id, ids=ids))


async def by_workspace(db: Database, tenant_id: UUID, workspace_ids: Sequence[UUID]) -> list[tuple[UUID, TagRow]]:
    """The tags of workspaces, each list in order."""
    rows = await db.fetch(BY_WORKSPACE, tenant_id=tenant_id, workspace_ids=workspace_ids)
    return list(zip((row["tagged_id"] for row in rows), TagRow.all(rows), strict=True))


async def workspaces(
    db: Database, tenant_id: UUID, user_id: UUID, tag_ids: Sequence[UUID], *, most: int
) -> list[tuple[UUID, WorkspaceRow]]:
    """The workspaces the user may read that bear each tag, last changed first, at most so many each."""
    rows = await db.fetch(WORKSPACES, tenant_id=tenant_id, user_id=user_id, tag_ids=tag_ids, most=most)
    return list(zip((row["borne_id"] for row in rows), WorkspaceRow.all(rows), strict=True))


@cache
def list_statement(source: str, names: tuple[str, ...]) -> Statement:
    """The statement for one combination of conditions."""
    conditions = " ".join(CONDITIONS[name] for name in names)
    return composed(source.replace("{conditions}", conditions).replace("{order}", ORDER))


async def page(
    db: Database, tenant_id: UUID, wanted: Mapping[str, str], *, after: Place | None, most: int
) -> list[TagRow]:
    """Tags in order, after a place; `wanted` may hold `search` and `namespace`."""
    names = (*wanted, "after") if after is not None else tuple(wanted)
    place = dict(zip(("after_namespace", "after_name", "after_id"), after or (), strict=False))
    rows = await db.fetch(list_statement(PAGE, names), Lane.MAIN, tenant_id=tenant_id, most=most, **wanted, **place)
    return TagRow.all(rows)


async def count(db: Database, tenant_id: UUID, wanted: Mapping[str, str]) -> int:
    """How many tags there are of that kind."""
    row = await db.fetchrow(list_statement(COUNT, tuple(wanted)), Lane.MAIN, tenant_id=tenant_id, **wanted)
    assert row is not None
    total: int = row["total"]
    return total
