"""Statements about workspaces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Tx
from app.storage.rows.workspace import WorkspaceRow
from app.storage.statements import composed

# A workspace together with what the policy needs to know: whether the user holds a live share of it.
FACTS: Final = composed(
    """
    SELECT {workspace:w},
           EXISTS (SELECT FROM workspace_recipients p
                     JOIN workspace_shares s ON s.tenant_id = p.tenant_id AND s.workspace_id = p.workspace_id
                    WHERE p.tenant_id = w.tenant_id AND p.workspace_id = w.id AND p.user_id = CAST(:user_id AS uuid)
                      AND s.status = 'active' AND (s.expires_at IS NULL OR s.expires_at > now())) AS recipient
      FROM workspaces w
     WHERE w.tenant_id = :tenant_id AND w.id = ANY (CAST(:ids AS uuid[]))
    """
)
INSERT: Final = composed(
    """
    INSERT INTO workspaces AS w (tenant_id, id, owner_id, title, description, mode, status, table_id,
                                 seed_artifact_version_id, row_id_column)
    VALUES (:tenant_id, :id, :owner_id, :title, :description, :mode, 'active', :table_id, :seed_artifact_version_id,
            :row_id_column)
    RETURNING {workspace:w}
    """
)
SET_ROW_ID: Final = composed(
    """
    UPDATE workspaces w SET row_id_column = :row_id_column
     WHERE w.tenant_id = :tenant_id AND w.id = :id
    RETURNING {workspace:w}
    """
)
# Also the lock under which what belongs to a workspace is numbered and counted.
TOUCH: Final = composed(
    """
    UPDATE workspaces w SET updated_at = greatest(now(), w.updated_at)
     WHERE w.tenant_id = :tenant_id AND w.id = :id
    RETURNING {workspace:w}
    """
)
# Held by whoever writes something of the workspace that is numbered elsewhere; only its end and its freezing wait.
HOLD: Final = composed(
    "SELECT {workspace:w} FROM workspaces w WHERE w.tenant_id = :tenant_id AND w.id = :id FOR KEY SHARE"
)
LOCK: Final = composed(
    "SELECT {workspace:w} FROM workspaces w WHERE w.tenant_id = :tenant_id AND w.id = :id FOR NO KEY UPDATE"
)
# Two are enough to know that a title is no name.
BY_TITLE: Final = composed(
    """
    SELECT {workspace:w} FROM workspaces w
     WHERE w.tenant_id = :tenant_id AND w.title = :title AND w.id = ANY ({readable})
     ORDER BY w.id
     LIMIT 2
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorkspace:
    """A workspace that is made."""

    id: UUID
    owner_id: UUID
    title: str
    description: str | None
    mode: str
    table_id: UUID | None
    seed_artifact_version_id: UUID | None
    row_id_column: str | None


async def by_title(db: Database, tenant_id: UUID, user_id: UUID, title: str) -> list[WorkspaceRow]:
    """The workspaces with a title that the user may see; two stand for many."""
    rows = await db.fetch(BY_TITLE, tenant_id=tenant_id, user_id=user_id, title=title)
    return WorkspaceRow.all(rows)


async def facts(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[tuple[WorkspaceRow, bool]]:
    """Each workspace that exists among the ids, and whether the user is a recipient of a live share."""
    rows = await db.fetch(FACTS, tenant_id=tenant_id, user_id=user_id, ids=ids)
    return [(WorkspaceRow.of(row), row["recipient"]) for row in rows]


async def insert(tx: Tx, tenant_id: UUID, new: NewWorkspace) -> WorkspaceRow:
    """A new, active workspace."""
    row = await tx.fetchrow(
        INSERT,
        tenant_id=tenant_id,
        id=new.id,
        owner_id=new.owner_id,
        title=new.title,
        description=new.description,
        mode=new.mode,
        table_id=new.table_id,
        seed_artifact_version_id=new.seed_artifact_version_id,
        row_id_column=new.row_id_column,
    )
    assert row is not None
    return WorkspaceRow.of(row)


async def set_row_id(tx: Tx, tenant_id: UUID, id: UUID, row_id_column: str) -> WorkspaceRow:
    """The workspace with the column that identifies its rows."""
    row = await tx.fetchrow(SET_ROW_ID, tenant_id=tenant_id, id=id, row_id_column=row_id_column)
    assert row is not None
    return WorkspaceRow.of(row)


async def touch(tx: Tx, tenant_id: UUID, id: UUID) -> WorkspaceRow | None:
    """Lock the workspace and note that it changes; None if it is gone."""
    row = await tx.fetchrow(TOUCH, tenant_id=tenant_id, id=id)
    return None if row is None else WorkspaceRow.of(row)


async def hold(tx: Tx, tenant_id: UUID, id: UUID) -> WorkspaceRow | None:
    """Keep the workspace from being archived or deleted until the transaction ends; None if it is gone."""
    row = await tx.fetchrow(HOLD, tenant_id=tenant_id, id=id)
    return None if row is None else WorkspaceRow.of(row)


async def lock(tx: Tx, tenant_id: UUID, id: UUID) -> WorkspaceRow | None:
    """Keep others from changing what belongs to the workspace, without changing it; None if it is gone."""
    row = await tx.fetchrow(LOCK, tenant_id=tenant_id, id=id)
    return None if row is None else WorkspaceRow.of(row)
