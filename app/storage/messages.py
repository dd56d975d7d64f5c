"""Statements about messages: those that people wrote, and the answers that ended runs give."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Tx
from app.storage.rows.thread import MessageRow, QuestionRow, ThreadRow
from app.storage.statements import composed
from app.storage.threads import LAST_ID, Place

INSERT: Final = composed(
    """
    INSERT INTO messages (tenant_id, id, thread_id, turn_id, role, content, created_by, created_at)
    VALUES (:tenant_id, :id, :thread_id, :turn_id, 'user', :content, :created_by, :created_at)
    """
)
WRITTEN: Final = """
    SELECT m.id, m.thread_id, m.turn_id, m.role, m.content, m.raw_data, m.created_by, m.created_at,
           NULL::uuid AS run_id, NULL AS run_status, NULL::jsonb AS result, NULL AS failure, NULL AS transcript,
           NULL::float AS duration_seconds
      FROM messages m
"""
# No answer is stored: it is what the run says. One whose run was deleted with its task is as good as canceled.
ANSWER_TIME: Final = "coalesce(r.ended_at, n.created_at + interval '1 microsecond')"
ANSWERED: Final = f"""
    SELECT n.answer_id AS id, n.thread_id, n.id AS turn_id, 'assistant' AS role, NULL AS content,
           NULL::jsonb AS raw_data, NULL::uuid AS created_by, {ANSWER_TIME} AS created_at,
           n.run_id, r.status AS run_status, r.result, r.error AS failure, p.transcript,
           CAST(extract(epoch FROM r.ended_at - n.created_at) AS float) AS duration_seconds
      FROM turns n
      LEFT JOIN runs r ON r.tenant_id = n.tenant_id AND r.id = n.run_id
      LEFT JOIN run_reports p ON p.tenant_id = r.tenant_id AND p.run_id = r.id
"""  # noqa: S608  # composed of the constant above
ENDED: Final = "(r.id IS NULL OR r.ended_at IS NOT NULL)"
# A thread's answers stand in the order of its turns, one at a time: the newest turns hold the newest answers.
PAGES: Final = composed(
    f"""
    SELECT asked.number AS asked, found.*
      FROM unnest(CAST(:thread_ids AS uuid[]), CAST(:times AS timestamptz[]), CAST(:ids AS uuid[]))
           WITH ORDINALITY AS given(thread_id, before_time, before_id, number)
      CROSS JOIN LATERAL (
          SELECT given.thread_id, given.number, coalesce(given.before_time, 'infinity') AS before_time,
                 coalesce(given.before_id, :last_id) AS before_id
      ) asked
      CROSS JOIN LATERAL (
          SELECT * FROM (
              ({WRITTEN}
                WHERE m.tenant_id = :tenant_id AND m.thread_id = asked.thread_id
                  AND (m.created_at, m.id) < (asked.before_time, asked.before_id)
                ORDER BY m.created_at DESC, m.id DESC
                LIMIT CAST(:most AS int))
              UNION ALL
              ({ANSWERED}
                WHERE n.tenant_id = :tenant_id AND n.thread_id = asked.thread_id
                  AND n.created_at < asked.before_time AND {ENDED}
                  AND ({ANSWER_TIME}, n.answer_id) < (asked.before_time, asked.before_id)
                ORDER BY n.number DESC
                LIMIT CAST(:most AS int))
          ) both_kinds
           ORDER BY both_kinds.created_at DESC, both_kinds.id DESC
           LIMIT CAST(:most AS int)
      ) found
     ORDER BY asked.number, found.created_at DESC, found.id DESC
    """  # noqa: S608  # composed of the constants above
)
COUNT: Final = composed(
    """
    SELECT (SELECT count(*) FROM messages m WHERE m.tenant_id = :tenant_id AND m.thread_id = :thread_id)
           + (SELECT count(*) FROM turns n
               LEFT JOIN runs r ON r.tenant_id = n.tenant_id AND r.id = n.run_id
               WHERE n.tenant_id = :tenant_id AND n.thread_id = :thread_id
                 AND (r.id IS NULL OR r.ended_at IS NOT NULL)) AS total
    """
)
OWN: Final = (
    "EXISTS (SELECT FROM threads h WHERE h.tenant_id = {of}.tenant_id AND h.id = {of}.thread_id AND {own_thread:h})"
)
OWN_BY_ID: Final = composed(
    f"""
    {WRITTEN} WHERE m.tenant_id = :tenant_id AND m.id = ANY (CAST(:ids AS uuid[])) AND {OWN.replace("{of}", "m")}
    UNION ALL
    {ANSWERED} WHERE n.tenant_id = :tenant_id AND n.answer_id = ANY (CAST(:ids AS uuid[])) AND {ENDED}
       AND {OWN.replace("{of}", "n")}
    """
)
# What opened each turn: the message of its own instant.
OPENING: Final = composed(
    f"""
    {WRITTEN}
      JOIN turns n ON n.tenant_id = m.tenant_id AND n.id = m.turn_id AND n.thread_id = m.thread_id
                  AND n.created_at = m.created_at
     WHERE n.tenant_id = :tenant_id AND n.id = ANY (CAST(:turn_ids AS uuid[])) AND m.role = 'user'
    """
)
# What is asked of whoever holds the lease of a turn's run; its author may read it at any time.
QUESTIONS: Final = composed(
    """
    SELECT n.run_id, n.thread_id, n.id AS turn_id, m.id AS message_id, m.content, m.created_at
      FROM turns n
      JOIN runs r ON r.tenant_id = n.tenant_id AND r.id = n.run_id
      JOIN threads h ON h.tenant_id = n.tenant_id AND h.id = n.thread_id
      JOIN messages m ON m.tenant_id = n.tenant_id AND m.thread_id = n.thread_id AND m.created_at = n.created_at
                     AND m.turn_id = n.id AND m.role = 'user'
     WHERE n.tenant_id = :tenant_id AND n.run_id = ANY (CAST(:run_ids AS uuid[]))
       AND ({own_thread:h} OR {holds:r})
    """
)


async def insert(tx: Tx, tenant_id: UUID, thread: ThreadRow, *, id: UUID, turn_id: UUID, content: str) -> None:
    """The message of a thread's author that opens a turn, at the instant at which the thread was touched."""
    await tx.fetch(
        INSERT,
        tenant_id=tenant_id,
        id=id,
        thread_id=thread.id,
        turn_id=turn_id,
        content=content,
        created_by=thread.user_id,
        created_at=thread.updated_at,
    )


async def pages(
    db: Database, tenant_id: UUID, asked: Sequence[tuple[UUID, Place | None]], *, most: int
) -> list[tuple[int, MessageRow]]:
    """The messages of each thread before each place, newest first; with the number of what was asked."""
    rows = await db.fetch(
        PAGES,
        tenant_id=tenant_id,
        thread_ids=[id for id, _ in asked],
        times=[place and place[0] for _, place in asked],
        ids=[place and place[1] for _, place in asked],
        last_id=LAST_ID,
        most=most,
    )
    return [(row["asked"] - 1, MessageRow.of(row)) for row in rows]


async def count(db: Database, tenant_id: UUID, thread_id: UUID) -> int:
    """How many messages a thread has."""
    row = await db.fetchrow(COUNT, tenant_id=tenant_id, thread_id=thread_id)
    assert row is not None
    total: int = row["total"]
    return total


async def own_by_id(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[MessageRow]:
    """The messages among the ids that the user may see."""
    rows = await db.fetch(OWN_BY_ID, tenant_id=tenant_id, user_id=user_id, ids=ids)
    return [MessageRow.of(row) for row in rows]


async def opening(db: Database, tenant_id: UUID, turn_ids: Sequence[UUID]) -> list[MessageRow]:
    """The messages that opened turns which were seen already."""
    return [MessageRow.of(row) for row in await db.fetch(OPENING, tenant_id=tenant_id, turn_ids=turn_ids)]


async def opening_in(tx: Tx, tenant_id: UUID, turn_id: UUID) -> MessageRow:
    """The message that opened a turn."""
    row = await tx.fetchrow(OPENING, tenant_id=tenant_id, turn_ids=[turn_id])
    assert row is not None
    return MessageRow.of(row)


async def questions(db: Database, tenant_id: UUID, user_id: UUID, run_ids: Sequence[UUID]) -> list[QuestionRow]:
    """What runs are asked, as far as the user is to answer it or asked it."""
    rows = await db.fetch(QUESTIONS, tenant_id=tenant_id, user_id=user_id, run_ids=run_ids)
    return [QuestionRow.of(row) for row in rows]
