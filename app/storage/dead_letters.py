"""Statements about dead letters: failed tasks whose attempts are used up, until they are queued again or discarded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.db.tx import Tx
from app.storage.rows.task import RunRow, TaskRow
from app.storage.statements import composed

# A page is a walk along ix_tasks_dead.
PAGE: Final = """
    SELECT t.closed_at, {run:r}
      FROM tasks t
      JOIN runs r ON r.tenant_id = t.tenant_id AND r.id = t.latest_run_id
     WHERE t.tenant_id = :tenant_id AND t.status = 'failed' AND t.discarded_at IS NULL AND {visible:t} {conditions}
     ORDER BY t.closed_at DESC, t.id DESC
     LIMIT CAST(:most AS int)
"""
COUNT: Final = """
    SELECT count(*) AS total
      FROM tasks t
      JOIN runs r ON r.tenant_id = t.tenant_id AND r.id = t.latest_run_id
     WHERE t.tenant_id = :tenant_id AND t.status = 'failed' AND t.discarded_at IS NULL AND {visible:t} {conditions}
"""
AFTER: Final = "AND (t.closed_at, t.id) < (CAST(:after_time AS timestamptz), CAST(:after_id AS text))"
CONDITIONS: Final[Mapping[str, str]] = {
    "workspace_id": "AND t.workspace_id = CAST(:workspace_id AS uuid)",
    "task_ids": "AND t.id = ANY (CAST(:task_ids AS text[]))",
    "error_contains": "AND strpos(lower(r.error), lower(CAST(:error_contains AS text))) > 0",
    "failed_after": "AND t.closed_at > CAST(:failed_after AS timestamptz)",
    "failed_before": "AND t.closed_at < CAST(:failed_before AS timestamptz)",
}
STATEMENTS_MAX: Final = 1 << (len(CONDITIONS) + 2)
DISCARD: Final = composed(
    """
    UPDATE tasks t SET discarded_at = now(), updated_at = now()
     WHERE t.tenant_id = :tenant_id AND t.id = ANY (CAST(:ids AS text[])) AND t.status = 'failed'
       AND t.discarded_at IS NULL
    RETURNING {task:t}
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """Which dead letters; None means any."""

    workspace_id: UUID | None = None
    task_ids: Sequence[str] | None = None
    error_contains: str | None = None
    failed_after: datetime | None = None
    failed_before: datetime | None = None

    def given(self) -> dict[str, object]:
        """The conditions that are set."""
        return {name: value for name in CONDITIONS if (value := getattr(self, name)) is not None}


@lru_cache(maxsize=STATEMENTS_MAX)
def statement(source: str, names: tuple[str, ...], after: str) -> Statement:
    """The statement for one combination of conditions."""
    return composed(source.replace("{conditions}", " ".join([*(CONDITIONS[name] for name in names), after])))


async def page(
    db: Database,
    tenant_id: UUID,
    user_id: UUID,
    wanted: DeadLetters,
    *,
    after: tuple[datetime, str] | None,
    most: int,
) -> list[tuple[datetime, RunRow]]:
    """`(when it failed, its last run)`, the newest first."""
    given = wanted.given()
    place = {} if after is None else {"after_time": after[0], "after_id": after[1]}
    rows = await db.fetch(
        statement(PAGE, tuple(given), AFTER if after else ""),
        Lane.MAIN,
        tenant_id=tenant_id,
        user_id=user_id,
        most=most,
        **given,
        **place,
    )
    return list(zip((row["closed_at"] for row in rows), RunRow.all(rows), strict=True))


async def count(db: Database, tenant_id: UUID, user_id: UUID, wanted: DeadLetters) -> int:
    """How many there are."""
    given = wanted.given()
    counting = statement(COUNT, tuple(given), "")
    (row,) = await db.fetch(counting, Lane.MAIN, tenant_id=tenant_id, user_id=user_id, **given)
    total: int = row["total"]
    return total


async def discard(tx: Tx, tenant_id: UUID, ids: Sequence[str]) -> list[TaskRow]:
    """Take failed tasks off the list; those that were still on it."""
    return TaskRow.all(await tx.fetch(DISCARD, tenant_id=tenant_id, ids=sorted(ids)))
