"""Statements that change, freeze and end workspaces."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.db.tx import Tx
from app.domain.grid.table import TableScope
from app.storage.relation import Source
from app.storage.rows.grid import SNAPSHOT_SCOPE, columns_of_json
from app.storage.rows.workspace import WorkspaceRow
from app.storage.statements import composed

# Waits for whoever writes something of the workspace, and lets nobody begin.
SEIZE: Final = composed(
    "SELECT {workspace:w} FROM workspaces w WHERE w.tenant_id = :tenant_id AND w.id = :id FOR UPDATE"
)
UPDATE: Final = composed(
    """
    UPDATE workspaces w
       SET title = :title, description = CAST(:description AS text), renderer_config = CAST(:renderer_config AS jsonb),
           updated_at = greatest(now(), w.updated_at)
     WHERE w.tenant_id = :tenant_id AND w.id = :id
    RETURNING {workspace:w}
    """
)
SET_STATUS: Final = composed(
    """
    UPDATE workspaces w
       SET status = :status, archived_at = CASE WHEN :status = 'archived' THEN now() END,
           updated_at = greatest(now(), w.updated_at)
     WHERE w.tenant_id = :tenant_id AND w.id = :id
    RETURNING {workspace:w}
    """
)
# The copy of a snapshot and the tables that belong to the workspace; a live table it only shows is another's.
OWNED: Final = composed(
    """
    SELECT b.id, b.name, b.scope, b.columns AS column_list, b.primary_key FROM tables b
     WHERE b.tenant_id = :tenant_id AND b.owner_workspace_id = :workspace_id
     ORDER BY b.id FOR UPDATE
    """
)
# Charts, bindings, share, tags and entries of the catalogue go with the row; threads stay without their link, and
# tasks, runs, artifacts and events are told apart from everybody's by the id they keep.
DELETE: Final = composed(
    """
    WITH gone AS (
        DELETE FROM workspaces WHERE tenant_id = :tenant_id AND id = :id RETURNING tenant_id, id, owner_id
    )
    INSERT INTO deleted_workspaces (tenant_id, id, owner_id) SELECT tenant_id, id, owner_id FROM gone
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedTable:
    """A table that goes with its workspace; no scope means the copy of a snapshot."""

    name: str
    scope: TableScope | None
    source: Source


async def seize(tx: Tx, tenant_id: UUID, id: UUID) -> WorkspaceRow | None:
    """The workspace, alone with it; None if it is gone."""
    row = await tx.fetchrow(SEIZE, tenant_id=tenant_id, id=id)
    return None if row is None else WorkspaceRow.of(row)


async def update(
    tx: Tx, tenant_id: UUID, id: UUID, *, title: str, description: str | None, renderer_config: str
) -> WorkspaceRow:
    """The workspace with these fields; the configuration is JSON text."""
    row = await tx.fetchrow(
        UPDATE, tenant_id=tenant_id, id=id, title=title, description=description, renderer_config=renderer_config
    )
    assert row is not None
    return WorkspaceRow.of(row)


async def set_status(tx: Tx, tenant_id: UUID, id: UUID, status: str) -> WorkspaceRow:
    """The workspace, frozen or in use."""
    row = await tx.fetchrow(SET_STATUS, tenant_id=tenant_id, id=id, status=status)
    assert row is not None
    return WorkspaceRow.of(row)


async def owned_tables(tx: Tx, tenant_id: UUID, workspace_id: UUID) -> list[OwnedTable]:
    """The tables that go with a workspace, once nobody writes to them."""
    rows = await tx.fetch(OWNED, tenant_id=tenant_id, workspace_id=workspace_id)
    return [
        OwnedTable(
            name=row["name"],
            scope=None if row["scope"] == SNAPSHOT_SCOPE else TableScope(row["scope"]),
            source=Source(tenant_id, row["id"], columns_of_json(row["column_list"]), tuple(row["primary_key"])),
        )
        for row in rows
    ]


async def delete(tx: Tx, tenant_id: UUID, id: UUID) -> None:
    """End a workspace; only its log is left, and that to its owner."""
    await tx.fetch(DELETE, tenant_id=tenant_id, id=id)
