"""Statements about the channels on which agents coordinate runs."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.storage.rows.run import ChannelRow
from app.storage.statements import composed

BY_RUN: Final = composed(
    """
    SELECT r.id AS run_id, r.task_id, c.workspace_id, c.name, c.purpose, c.updated_at AS last_activity_at,
           CASE WHEN jsonb_typeof(r.metadata -> 'workflow_id') = 'string'
                THEN r.metadata ->> 'workflow_id' END AS workflow_id
      FROM runs r
      JOIN coordination_channels c ON c.tenant_id = :tenant_id AND c.workspace_id = r.workspace_id
                                  AND c.name = r.coordination_channel_id
     WHERE r.tenant_id = :tenant_id AND r.id = ANY (CAST(:run_ids AS uuid[]))
    """
)


async def by_run(db: Database, tenant_id: UUID, run_ids: Sequence[UUID]) -> list[ChannelRow]:
    """The channels that runs are bound to."""
    return [ChannelRow.of(row) for row in await db.fetch(BY_RUN, tenant_id=tenant_id, run_ids=run_ids)]
