"""Statements about workspaces."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.db.engine import Database
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


async def facts(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[tuple[WorkspaceRow, bool]]:
    """Each workspace that exists among the ids, and whether the user is a recipient of a live share."""
    rows = await db.fetch(FACTS, tenant_id=tenant_id, user_id=user_id, ids=ids)
    return [(WorkspaceRow.of(row), row["recipient"]) for row in rows]
