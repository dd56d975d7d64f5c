"""Statements about shares. Whether one is live is decided when it is read: expiry needs nobody to write it down."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Tx
from app.storage.rows.identity import UserRow
from app.storage.rows.share import RecipientRow, ShareRow
from app.storage.statements import composed

# One row for each workspace, also for one that was never shared.
BY_WORKSPACE: Final = """
    SELECT a.workspace_id, s.id, s.expires_at, s.created_at, s.updated_at, p.recipient_count,
           CASE WHEN s.status = 'active' AND s.expires_at <= now() THEN 'expired' ELSE s.status END AS status
      FROM unnest(CAST(:workspace_ids AS uuid[])) AS a(workspace_id)
      LEFT JOIN workspace_shares s ON s.tenant_id = :tenant_id AND s.workspace_id = a.workspace_id
      CROSS JOIN LATERAL (SELECT count(*)::int AS recipient_count FROM workspace_recipients r
                           WHERE r.tenant_id = :tenant_id AND r.workspace_id = a.workspace_id) p
"""
READ: Final = composed(BY_WORKSPACE)
RECIPIENTS: Final = composed(
    """
    SELECT p.workspace_id AS shared_workspace_id, {user:u}
      FROM workspace_recipients p JOIN users u ON u.tenant_id = p.tenant_id AND u.id = p.user_id
     WHERE p.tenant_id = :tenant_id AND p.workspace_id = ANY (CAST(:workspace_ids AS uuid[]))
     ORDER BY p.workspace_id, p.position, p.user_id
    """
)
# A record that is there keeps its id and becomes live again, whatever it was.
PUT: Final = composed(
    """
    INSERT INTO workspace_shares AS s (tenant_id, workspace_id, id, status, expires_at)
    VALUES (:tenant_id, :workspace_id, :id, 'active', :expires_at)
    ON CONFLICT (tenant_id, workspace_id)
    DO UPDATE SET status = 'active', expires_at = excluded.expires_at, updated_at = now()
    """
)
FORGET: Final = composed(
    "DELETE FROM workspace_recipients WHERE tenant_id = :tenant_id AND workspace_id = :workspace_id"
)
NAME: Final = composed(
    """
    INSERT INTO workspace_recipients (tenant_id, workspace_id, user_id, position)
    SELECT :tenant_id, :workspace_id, a.user_id, a.place - 1
      FROM unnest(CAST(:user_ids AS uuid[])) WITH ORDINALITY AS a(user_id, place)
    """
)
REVOKE: Final = composed(
    """
    UPDATE workspace_shares SET status = 'revoked', updated_at = now()
     WHERE tenant_id = :tenant_id AND workspace_id = :workspace_id AND status <> 'revoked'
    RETURNING id
    """
)
CLEAR: Final = composed(
    "DELETE FROM workspace_shares WHERE tenant_id = :tenant_id AND workspace_id = :workspace_id RETURNING id"
)
LEAVE: Final = composed(
    """
    WITH gone AS (
        DELETE FROM workspace_recipients
         WHERE tenant_id = :tenant_id AND workspace_id = :workspace_id AND user_id = :user_id
        RETURNING tenant_id, workspace_id
    )
    UPDATE workspace_shares s SET updated_at = now()
      FROM gone WHERE s.tenant_id = gone.tenant_id AND s.workspace_id = gone.workspace_id
    RETURNING s.id
    """
)


async def by_workspace(db: Database, tenant_id: UUID, workspace_ids: Sequence[UUID]) -> list[ShareRow]:
    """The share of each workspace, also where there is no record."""
    rows = await db.fetch(READ, tenant_id=tenant_id, workspace_ids=workspace_ids)
    return ShareRow.all(rows)


async def of_workspace(tx: Tx, tenant_id: UUID, workspace_id: UUID) -> ShareRow:
    """The share of a workspace as this transaction sees it."""
    row = await tx.fetchrow(READ, tenant_id=tenant_id, workspace_ids=[workspace_id])
    assert row is not None
    return ShareRow.of(row)


async def recipients(db: Database, tenant_id: UUID, workspace_ids: Sequence[UUID]) -> list[RecipientRow]:
    """Those whom workspaces are shared with, or were, each list in the order in which it was given."""
    rows = await db.fetch(RECIPIENTS, tenant_id=tenant_id, workspace_ids=workspace_ids)
    return [RecipientRow(workspace_id=row["shared_workspace_id"], user=UserRow.of(row)) for row in rows]


async def put(
    tx: Tx, tenant_id: UUID, workspace_id: UUID, *, id: UUID, expires_at: datetime | None, user_ids: Sequence[UUID]
) -> None:
    """Replace the share of a workspace that the transaction has locked."""
    await tx.fetch(PUT, tenant_id=tenant_id, workspace_id=workspace_id, id=id, expires_at=expires_at)
    await tx.fetch(FORGET, tenant_id=tenant_id, workspace_id=workspace_id)
    await tx.fetch(NAME, tenant_id=tenant_id, workspace_id=workspace_id, user_ids=user_ids)


async def revoke(tx: Tx, tenant_id: UUID, workspace_id: UUID) -> bool:
    """End a share and keep its recipients; false where it was revoked before, or is none."""
    return bool(await tx.fetch(REVOKE, tenant_id=tenant_id, workspace_id=workspace_id))


async def clear(tx: Tx, tenant_id: UUID, workspace_id: UUID) -> bool:
    """Remove the record; false where there is none."""
    return bool(await tx.fetch(CLEAR, tenant_id=tenant_id, workspace_id=workspace_id))


async def leave(tx: Tx, tenant_id: UUID, workspace_id: UUID, user_id: UUID) -> bool:
    """Take a recipient out; false where they are none."""
    return bool(await tx.fetch(LEAVE, tenant_id=tenant_id, workspace_id=workspace_id, user_id=user_id))
