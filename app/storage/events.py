"""The event log: append, read after a position, and know its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from uuid import UUID

import orjson

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.db.tx import Tx
from app.domain.actor import Actor, Origin
from app.domain.errors import CursorExpired
from app.domain.tasks.events import EventType
from app.storage.catalog import SHOWS
from app.storage.rows.event import EventRow
from app.storage.statements import composed, load

APPEND: Final = load("append_events")
TAIL: Final = load("tail_events")
# The end of the log and its oldest kept event, in one look.
BOUNDS: Final = composed(
    """
    SELECT greatest(coalesce((SELECT e.sequence FROM events e WHERE e.tenant_id = :tenant_id
                               ORDER BY e.sequence DESC LIMIT 1), 0), floor.at) AS last,
           coalesce((SELECT e.sequence FROM events e WHERE e.tenant_id = :tenant_id
                      ORDER BY e.sequence LIMIT 1), floor.at + 1) AS first
      FROM (SELECT coalesce((SELECT t.log_floor FROM tenants t WHERE t.tenant_id = :tenant_id), 0) AS at) floor
    """
)
# What a reader sees after a position, together with the end of the log in the same snapshot: a page that is not full
# has then provably seen everything up to that end.
READ_AFTER: Final = """
    SELECT bound.log_end, bound.log_floor, {event:e}
      FROM (SELECT coalesce((SELECT t.log_floor FROM tenants t WHERE t.tenant_id = :tenant_id), 0) AS log_floor,
                   coalesce((SELECT x.sequence FROM events x WHERE x.tenant_id = :tenant_id
                              ORDER BY x.sequence DESC LIMIT 1), 0) AS log_end) bound
      LEFT JOIN LATERAL (
          SELECT * FROM events
           WHERE events.tenant_id = :tenant_id AND events.sequence > CAST(:after AS bigint)
             AND {seen}
             {conditions}
           ORDER BY events.sequence
           LIMIT CAST(:most AS int)
      ) e ON true
     ORDER BY e.sequence
"""
CONDITIONS: Final[Mapping[str, str]] = {
    "task_id": "AND events.task_id = :task_id",
    "tree": """AND (events.task_id = :task_id
                    OR (events.task_path <> '{}' AND events.task_path @> ARRAY[CAST(:task_id AS text)]))""",
    "run_id": "AND events.run_id = CAST(:run_id AS uuid)",
    "workspace_id": "AND events.workspace_id = CAST(:workspace_id AS uuid)",
    "types": "AND events.type = ANY (CAST(:types AS text[]))",
    "table_id": "AND events.payload ->> 'tableId' = CAST(CAST(:table_id AS uuid) AS text)",
}
SEEN: Final = "{readable_events}"
# Whoever reads a workspace reads the rows it shows, and so what happens to them, wherever that is done.
SEEN_THROUGH_WORKSPACE: Final = f"CAST(:workspace_id AS uuid) = ANY ({{readable}}) AND {SHOWS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """A fact to append."""

    type: EventType
    payload: Mapping[str, object]
    actor: Actor
    origin: Origin
    task_id: str | None = None
    task_path: Sequence[str] | None = None
    run_id: UUID | None = None
    workspace_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Which part of a tenant's log a reader wants; None means any.

    With `table_id` it is what happened to that table, for a reader of `workspace_id`, which shows it.
    """

    task_id: str | None = None
    with_descendants: bool = False
    run_id: UUID | None = None
    workspace_id: UUID | None = None
    types: tuple[EventType, ...] | None = None
    table_id: UUID | None = None

    def shape(self) -> tuple[str, ...]:
        """The names of the conditions this range needs."""
        if self.table_id is not None:
            return ("table_id", "types")
        task = ("tree" if self.with_descendants else "task_id",) if self.task_id is not None else ()
        return task + tuple(n for n in ("run_id", "workspace_id", "types") if getattr(self, n) is not None)


COUNT: Final = (
    "SELECT count(*) AS total FROM events WHERE events.tenant_id = :tenant_id AND {readable_events} {conditions}"
)


@cache
def count_statement(shape: tuple[str, ...]) -> Statement:
    """The counting statement for ranges of one shape."""
    return composed(COUNT.replace("{conditions}", " ".join(CONDITIONS[name] for name in shape)))


@cache
def read_statement(shape: tuple[str, ...]) -> Statement:
    """The reading statement for ranges of one shape; there are few shapes."""
    conditions = " ".join(CONDITIONS[name] for name in shape)
    seen = SEEN_THROUGH_WORKSPACE if "table_id" in shape else SEEN
    source = READ_AFTER.replace("{seen}", seen).replace("{conditions}", conditions)
    return composed(source, name=f"read_events:{'+'.join(shape)}")


EVERYTHING: Final = Range()


async def append(tx: Tx, tenant_id: UUID, events: Sequence[NewEvent]) -> int:
    """Append facts as the last act of a transaction; returns the sequence of the last one."""
    row = await tx.fetchrow(
        APPEND,
        tenant_id=tenant_id,
        types=[e.type.value for e in events],
        task_ids=[e.task_id for e in events],
        task_paths=orjson.dumps([list(e.task_path or ()) for e in events]).decode(),
        run_ids=[e.run_id for e in events],
        workspace_ids=[e.workspace_id for e in events],
        actor_kinds=[e.actor.kind.value for e in events],
        actor_refs=[e.actor.ref for e in events],
        origin_kinds=[e.origin.kind.value for e in events],
        origin_refs=[e.origin.ref for e in events],
        payloads=[orjson.dumps(e.payload).decode() for e in events],
    )
    assert row is not None
    tx.wrote_events(tenant_id)
    last: int = row["last"]
    return last


async def tail(db: Database, positions: Mapping[UUID, int], *, most: int) -> list[EventRow]:
    """What each tenant's log holds after its position, in order, at most so many per tenant."""
    rows = await db.fetch(TAIL, Lane.STREAM, tenant_ids=list(positions), positions=list(positions.values()), most=most)
    return EventRow.all(rows)


async def bounds(db: Database, tenant_id: UUID) -> tuple[int, int]:
    """The first kept and the last sequence of a tenant's log; 0, 0 for an empty one."""
    row = await db.fetchrow(BOUNDS, Lane.STREAM, tenant_id=tenant_id)
    assert row is not None
    return row["first"], row["last"]


async def read_after(
    db: Database, tenant_id: UUID, user_id: UUID, after: int, wanted: Range, *, most: int, lane: Lane = Lane.STREAM
) -> tuple[list[EventRow], int]:
    """Events after a position that the user may see, and the end of the log as that same look saw it.

    CursorExpired where something after the position was dropped: whoever reads on would miss it. A reader that begins
    at 0 wants whatever is kept.
    """
    rows = await db.fetch(
        read_statement(wanted.shape()),
        lane,
        tenant_id=tenant_id,
        user_id=user_id,
        after=after,
        most=most,
        task_id=wanted.task_id,
        run_id=wanted.run_id,
        workspace_id=wanted.workspace_id,
        table_id=wanted.table_id,
        types=None if wanted.types is None else [t.value for t in wanted.types],
    )
    if 0 < after < rows[0]["log_floor"]:
        raise expired(rows[0]["log_floor"])
    found = [EventRow.of(row) for row in rows if row["sequence"] is not None]
    return found, rows[0]["log_end"]


def expired(floor: int) -> CursorExpired:
    """The refusal of a position behind what is kept, with the oldest that is not."""
    return CursorExpired(
        f"Events up to {floor} are no longer kept; start again from the oldest cursor {floor}.", oldest=str(floor)
    )


async def count(db: Database, tenant_id: UUID, user_id: UUID, wanted: Range) -> int:
    """How many kept events of a range the user may see."""
    row = await db.fetchrow(
        count_statement(wanted.shape()),
        tenant_id=tenant_id,
        user_id=user_id,
        task_id=wanted.task_id,
        run_id=wanted.run_id,
        workspace_id=wanted.workspace_id,
        types=None if wanted.types is None else [t.value for t in wanted.types],
    )
    assert row is not None
    total: int = row["total"]
    return total
