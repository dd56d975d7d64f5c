"""Who sees what, as SQL: the twin of `domain/access/policy.py` for lists and event batches."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.statement import Statement

# The ids of every workspace the user owns or holds a live share of; an uncorrelated array, read once a statement.
READABLE_WORKSPACES: Final = """
    ARRAY(
        SELECT w.id FROM workspaces w WHERE w.tenant_id = :tenant_id AND w.owner_id = CAST(:user_id AS uuid)
        UNION ALL
        SELECT p.workspace_id
          FROM workspace_recipients p
          JOIN workspace_shares s ON s.tenant_id = p.tenant_id AND s.workspace_id = p.workspace_id
         WHERE p.tenant_id = :tenant_id AND p.user_id = CAST(:user_id AS uuid) AND s.status = 'active'
           AND (s.expires_at IS NULL OR s.expires_at > now())
    )
"""

READABLE_PAIRS: Final = Statement(
    """
    SELECT w.owner_id AS user_id, w.id AS workspace_id
      FROM workspaces w
     WHERE w.tenant_id = :tenant_id AND w.id = ANY (CAST(:workspace_ids AS uuid[]))
    UNION ALL
    SELECT p.user_id, p.workspace_id
      FROM workspace_recipients p
      JOIN workspace_shares s ON s.tenant_id = p.tenant_id AND s.workspace_id = p.workspace_id
     WHERE p.tenant_id = :tenant_id AND p.workspace_id = ANY (CAST(:workspace_ids AS uuid[])) AND s.status = 'active'
       AND (s.expires_at IS NULL OR s.expires_at > now())
    """
)


async def readers_of(db: Database, tenant_id: UUID, workspace_ids: Sequence[UUID]) -> frozenset[tuple[UUID, UUID]]:
    """All pairs (user, workspace) in which the user may read the workspace."""
    rows = await db.fetch(READABLE_PAIRS, Lane.STREAM, tenant_id=tenant_id, workspace_ids=workspace_ids)
    return frozenset((row["user_id"], row["workspace_id"]) for row in rows)
