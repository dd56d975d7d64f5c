"""Statements about the tasks and runs of many workspaces at once: the first page of each."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.storage.rows.task import TaskRow
from app.storage.statements import composed

# A walk along ix_tasks_workspace for each workspace; no more of it is read than is shown.
TASKS: Final = composed(
    """
    SELECT asked.workspace_id AS of_id, {task:t}
      FROM unnest(CAST(:workspace_ids AS uuid[])) AS asked(workspace_id)
      CROSS JOIN LATERAL (
          SELECT t.* FROM tasks t
           WHERE t.tenant_id = :tenant_id AND t.workspace_id = asked.workspace_id
           ORDER BY t.created_at DESC, t.id DESC
           LIMIT CAST(:most AS int)
      ) t
     ORDER BY asked.workspace_id, t.created_at DESC, t.id DESC
    """
)


async def newest_tasks(
    db: Database, tenant_id: UUID, workspace_ids: Sequence[UUID], *, most: int
) -> list[tuple[UUID, TaskRow]]:
    """`(workspace, task)`: the newest so many tasks of workspaces that were seen already, newest first."""
    rows = await db.fetch(TASKS, tenant_id=tenant_id, workspace_ids=workspace_ids, most=most)
    return [(row["of_id"], TaskRow.of(row)) for row in rows]
