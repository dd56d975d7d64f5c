"""The statements behind the activity of workspaces and the list of their runs."""

from collections.abc import Sequence
from functools import cache
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.domain.sharing.activity import ActivityKind, run_word
from app.storage.rows.activity import ActivityRow
from app.storage.rows.task import RunRow
from app.storage.statements import composed, load

ACTIVITY: Final = load("workspace_activity")
# Ids of runs rise with time.
RUNS: Final = """
    SELECT {run:r}
      FROM tasks t JOIN runs r ON r.tenant_id = t.tenant_id AND r.task_id = t.id
     WHERE t.tenant_id = :tenant_id AND t.workspace_id = :workspace_id {after}
     ORDER BY r.id DESC
     LIMIT CAST(:most AS int)
"""
AFTER: Final = "AND r.id < CAST(:after AS uuid)"
COUNT_RUNS: Final = composed(
    """
    SELECT count(*) AS total FROM tasks t JOIN runs r ON r.tenant_id = t.tenant_id AND r.task_id = t.id
     WHERE t.tenant_id = :tenant_id AND t.workspace_id = :workspace_id
    """
)


async def of_workspaces(
    db: Database, tenant_id: UUID, user_id: UUID, workspace_ids: Sequence[UUID], *, most: int
) -> list[ActivityRow]:
    """What happened on workspaces that the user reads, newest first, at most so many items each."""
    rows = await db.fetch(ACTIVITY, tenant_id=tenant_id, user_id=user_id, workspace_ids=workspace_ids, most=most)
    return [
        ActivityRow(
            workspace_id=row["workspace_id"],
            id=row["id"],
            kind=ActivityKind(row["kind"]),
            title=row["title"],
            status=_word(row["kind"], row["status"]),
            detail=row["detail"],
            created_at=row["created_at"],
        )
        for row in rows
    ]


def _word(kind: str, status: str | None) -> str | None:
    about_a_run = kind in (ActivityKind.RUN, ActivityKind.SESSION)
    return run_word(status) if about_a_run and status is not None else status


@cache
def runs_statement(*, further: bool) -> Statement:
    """The statement of the first page of runs, or of a further one."""
    return composed(RUNS.replace("{after}", AFTER if further else ""))


async def runs(db: Database, tenant_id: UUID, workspace_id: UUID, *, after: UUID | None, most: int) -> list[RunRow]:
    """The runs of a workspace's tasks, newest first."""
    found = runs_statement(further=after is not None)
    rows = await db.fetch(found, Lane.MAIN, tenant_id=tenant_id, workspace_id=workspace_id, after=after, most=most)
    return RunRow.all(rows)


async def count_runs(db: Database, tenant_id: UUID, workspace_id: UUID) -> int:
    """How many runs there are."""
    row = await db.fetchrow(COUNT_RUNS, tenant_id=tenant_id, workspace_id=workspace_id)
    assert row is not None
    total: int = row["total"]
    return total
