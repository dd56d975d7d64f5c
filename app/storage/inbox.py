"""The statement behind the inbox."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.db.tx import Record
from app.domain.actor import Actor
from app.domain.tasks.inbox import Inbox, InboxLane, inbox
from app.domain.tasks.triage import effective
from app.storage.rows.inbox import InboxItemRow
from app.storage.rows.joined import row_at
from app.storage.rows.task import RunRow, TaskRow
from app.storage.statements import composed, source_of
from app.storage.task_filter import STATEMENTS_MAX, Filter, conditions
from app.storage.triage import kept_of

SOURCE: Final = source_of("inbox")
BESIDE: Final = len(TaskRow.columns()) + len(RunRow.columns())


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What of an inbox is wanted; `limit` cuts the items of each lane, not what is counted."""

    tasks: Filter = field(default_factory=Filter)
    lane: InboxLane | None = None
    unread: bool = False
    limit: int | None = None


@lru_cache(maxsize=STATEMENTS_MAX)
def statement(names: tuple[str, ...]) -> Statement:
    """The statement for one combination of conditions."""
    return composed(SOURCE.replace("{conditions}", conditions(names)), name=f"inbox:{'+'.join(names)}")


async def read(db: Database, tenant_id: UUID, user_id: UUID, actor: Actor, wanted: View) -> Inbox[InboxItemRow]:
    """The actor's inbox of tasks the user may see, in one statement."""
    given = wanted.tasks.given()
    rows = await db.fetch(
        statement(tuple(given)),
        Lane.MAIN,
        tenant_id=tenant_id,
        user_id=user_id,
        actor_kind=actor.kind.value,
        actor_ref=actor.ref,
        only=wanted.lane.value if wanted.lane else None,
        unread_only=wanted.unread,
        most=wanted.limit,
        **given,
    )
    counts: dict[InboxLane, tuple[int, int]] = {}
    items: dict[InboxLane, list[InboxItemRow]] = {}
    for row in rows:
        lane = InboxLane(row["lane"])
        counts[lane] = (row["total"], row["unread"])
        items.setdefault(lane, []).extend(_item(lane, actor, row))
    return inbox(counts, items, wanted.lane)


def _item(lane: InboxLane, actor: Actor, row: Record) -> list[InboxItemRow]:
    task = row_at(row, -BESIDE, TaskRow)
    if task is None:
        return []
    latest = row["latest_activity_at"]
    return [
        InboxItemRow(
            lane=lane,
            task=task,
            run=row_at(row, -len(RunRow.columns()), RunRow),
            triage=effective(task.id, actor, kept_of(row), latest),
            latest_activity_at=latest,
        )
    ]
