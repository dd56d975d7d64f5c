"""Batched reads of workspaces."""

from collections.abc import Sequence
from uuid import UUID

from app.loaders.reader import Reader, in_key_order
from app.storage import workspaces
from app.storage.rows.workspace import WorkspaceRow


async def workspace_by_id(reader: Reader, ids: Sequence[UUID]) -> list[WorkspaceRow | None]:
    """Workspaces the viewer owns or holds a live share of."""
    viewer = reader.viewer
    found = await workspaces.facts(reader.db, viewer.tenant_id, viewer.user_id, ids)
    seen = ((row.id, row) for row, recipient in found if recipient or row.owner_id == viewer.user_id)
    return in_key_order(ids, seen)
