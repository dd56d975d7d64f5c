"""Statements about what actors did with tasks in their inboxes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.tx import Record
from app.domain.actor import Actor
from app.domain.tasks.triage import Effect, Kept
from app.storage.statements import composed, load

MARK: Final = load("mark_task")
BY_TASK: Final = composed(
    """
    SELECT t.id AS task_id, {activity:t:r} AS latest_activity_at,
           k.archived, k.dismissed, k.last_seen_activity_at, k.updated_at AS triaged_at
      FROM tasks t
      LEFT JOIN runs r ON r.tenant_id = :tenant_id AND r.id = t.latest_run_id
      LEFT JOIN task_triage k ON k.tenant_id = :tenant_id AND k.actor_kind = :actor_kind AND k.actor_ref = :actor_ref
                             AND k.task_id = t.id
     WHERE t.tenant_id = :tenant_id AND t.id = ANY (CAST(:task_ids AS text[]))
    """
)
# The one thing an inbox depends on that the log does not tell.
LAST_MARK: Final = composed(
    """
    SELECT max(k.updated_at) AS at FROM task_triage k
     WHERE k.tenant_id = :tenant_id AND k.actor_kind = :actor_kind AND k.actor_ref = :actor_ref
    """
)


async def mark(db: Database, tenant_id: UUID, user_id: UUID, actor: Actor, task_id: str, effect: Effect) -> Kept | None:
    """Store the actor's mark on a task the user may see; None where there is none."""
    rows = await db.write(
        MARK,
        tenant_id,
        user_id=user_id,
        actor_kind=actor.kind.value,
        actor_ref=actor.ref,
        task_id=task_id,
        archives=effect.archives,
        dismissed=effect.dismissed,
    )
    return kept_of(rows[0]) if rows else None


async def by_task(
    db: Database, tenant_id: UUID, actor: Actor, task_ids: Sequence[str]
) -> list[tuple[str, datetime, Kept | None]]:
    """Each task that exists, its latest activity and the actor's marks on it."""
    rows = await db.fetch(
        BY_TASK, tenant_id=tenant_id, actor_kind=actor.kind.value, actor_ref=actor.ref, task_ids=task_ids
    )
    return [(row["task_id"], row["latest_activity_at"], kept_of(row)) for row in rows]


async def last_mark(db: Database, tenant_id: UUID, actor: Actor) -> datetime | None:
    """When the actor marked anything last."""
    row = await db.fetchrow(
        LAST_MARK, Lane.STREAM, tenant_id=tenant_id, actor_kind=actor.kind.value, actor_ref=actor.ref
    )
    assert row is not None
    found: datetime | None = row["at"]
    return found


def kept_of(record: Record) -> Kept | None:
    """The marks in a record; None where there are none."""
    if record["archived"] is None:
        return None
    return Kept(
        archived=record["archived"],
        dismissed=record["dismissed"],
        last_seen_activity_at=record["last_seen_activity_at"],
        updated_at=record["triaged_at"],
    )
