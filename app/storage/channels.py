"""Statements about the channels on which agents coordinate runs."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.storage.rows.run import ChannelRow
from app.storage.statements import composed

# A channel that was made for a run alone is not kept: what there is to know of it, the run knows.
BY_RUN: Final = composed(
    """
    SELECT r.id AS run_id, r.task_id, r.workspace_id, r.coordination_channel_id AS name,
           coalesce(c.purpose, 'task_run_coordination') AS purpose,
           coalesce(c.updated_at, r.queued_at) AS last_activity_at,
           CASE WHEN jsonb_typeof(r.metadata -> 'workflow_id') = 'string'
                THEN r.metadata ->> 'workflow_id' END AS workflow_id
      FROM runs r
      LEFT JOIN coordination_channels c ON c.tenant_id = :tenant_id AND c.workspace_id = r.workspace_id
                                       AND c.name = r.coordination_channel_id
     WHERE r.tenant_id = :tenant_id AND r.id = ANY (CAST(:run_ids AS uuid[]))
       AND r.workspace_id IS NOT NULL AND r.coordination_channel_id IS NOT NULL
    """
)


async def by_run(db: Database, tenant_id: UUID, run_ids: Sequence[UUID]) -> list[ChannelRow]:
    """The channels that runs are bound to."""
    return ChannelRow.all(await db.fetch(BY_RUN, tenant_id=tenant_id, run_ids=run_ids))
