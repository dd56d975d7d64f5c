"""Statements about threads and their turns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Tx
from app.domain.conversation import DEFAULT_AGENT_NAME, DEFAULT_AGENT_SLUG, AgentLifecycle
from app.storage.rows.thread import AgentSpecRow, ThreadRow, TurnRow
from app.storage.rows.workspace import WorkspaceRow
from app.storage.statements import composed

Place = tuple[datetime, UUID]

# Waits for whoever freezes or ends the workspace, and for nobody else.
LOCK_PLACE: Final = composed(
    "SELECT {workspace:w} FROM workspaces w WHERE w.tenant_id = :tenant_id AND w.id = :id FOR KEY SHARE"
)
DEFAULT_AGENT: Final = composed(
    "SELECT {agent_spec:a} FROM agent_specs a WHERE a.tenant_id = :tenant_id AND a.slug = :slug"
)
# Whoever comes second waits for the first, and finds the row in its next statement.
MAKE_AGENT: Final = composed(
    """
    INSERT INTO agent_specs (tenant_id, id, slug, name, lifecycle_status)
    VALUES (:tenant_id, :id, :slug, :name, :lifecycle_status)
    ON CONFLICT (tenant_id, slug) DO NOTHING
    """
)
AGENTS: Final = composed(
    "SELECT {agent_spec:a} FROM agent_specs a WHERE a.tenant_id = :tenant_id AND a.id = ANY (CAST(:ids AS uuid[]))"
)
INSERT: Final = composed(
    """
    INSERT INTO threads AS h (tenant_id, id, workspace_id, user_id, agent_spec_id)
    VALUES (:tenant_id, :id, :workspace_id, :user_id, :agent_spec_id)
    RETURNING {thread:h}
    """
)
BY_ID: Final = composed(
    "SELECT {thread:h} FROM threads h WHERE h.tenant_id = :tenant_id AND h.id = ANY (CAST(:ids AS uuid[]))"
)
OWN_BY_ID: Final = composed(
    """
    SELECT {thread:h} FROM threads h
     WHERE h.tenant_id = :tenant_id AND h.id = ANY (CAST(:ids AS uuid[])) AND {own_thread:h}
    """
)
OWN_BY_RUN: Final = composed(
    """
    SELECT l.run_id, {thread:h}
      FROM run_lineage l JOIN threads h ON h.tenant_id = l.tenant_id AND h.id = l.thread_id
     WHERE l.tenant_id = :tenant_id AND l.run_id = ANY (CAST(:run_ids AS uuid[])) AND {own_thread:h}
    """
)
# The user's threads on workspaces that they read, last changed first; a walk along ix_threads_workspace for each.
PAGES: Final = composed(
    """
    SELECT asked.number AS asked, {thread:h}
      FROM unnest(CAST(:workspace_ids AS uuid[]), CAST(:times AS timestamptz[]), CAST(:ids AS uuid[]))
           WITH ORDINALITY AS asked(workspace_id, before_time, before_id, number)
      CROSS JOIN LATERAL (
          SELECT * FROM threads
           WHERE threads.tenant_id = :tenant_id AND threads.workspace_id = asked.workspace_id
             AND threads.user_id = CAST(:user_id AS uuid)
             AND (threads.updated_at, threads.id)
                 < (coalesce(asked.before_time, 'infinity'), coalesce(asked.before_id, :last_id))
           ORDER BY threads.updated_at DESC, threads.id DESC
           LIMIT CAST(:most AS int)
      ) h
     ORDER BY asked.number, h.updated_at DESC, h.id DESC
    """
)
ALL: Final = composed(
    """
    SELECT {thread:h} FROM threads h
     WHERE h.tenant_id = :tenant_id AND h.workspace_id = CAST(:workspace_id AS uuid)
       AND h.user_id = CAST(:user_id AS uuid)
     ORDER BY h.updated_at DESC, h.id DESC
    """
)
COUNT: Final = composed(
    """
    SELECT count(*) AS total FROM threads h
     WHERE h.tenant_id = :tenant_id AND h.workspace_id = CAST(:workspace_id AS uuid)
       AND h.user_id = CAST(:user_id AS uuid)
    """
)
# One who posts waits for the other: a thread has one open turn.
LOCK: Final = composed(
    "SELECT {thread:h} FROM threads h WHERE h.tenant_id = :tenant_id AND h.id = :id FOR NO KEY UPDATE"
)
# No message is older than the answer before it, whatever the clock does.
TOUCH: Final = composed(
    """
    UPDATE threads h
       SET turn_count = h.turn_count + 1, title = coalesce(h.title, :title), task_id = :task_id,
           updated_at = greatest(clock_timestamp(), h.updated_at + interval '1 microsecond',
                                 CAST(:answered_at AS timestamptz) + interval '1 microsecond')
     WHERE h.tenant_id = :tenant_id AND h.id = :id
    RETURNING {thread:h}
    """
)
INSERT_TURN: Final = composed(
    """
    INSERT INTO turns (tenant_id, id, thread_id, number, run_id, answer_id, idempotency_key, created_at)
    VALUES (:tenant_id, :id, :thread_id, :number, :run_id, :answer_id, :key, :created_at)
    """
)
TURN: Final = """
    SELECT n.id, n.thread_id, n.number, n.run_id, n.answer_id, n.created_at, r.status AS run_status, r.ended_at,
           coalesce(r.status = 'queued' AND t.approval_state = 'pending', false) AS unapproved
      FROM {turns} n
      LEFT JOIN runs r ON r.tenant_id = n.tenant_id AND r.id = n.run_id
      LEFT JOIN tasks t ON t.tenant_id = r.tenant_id AND t.id = r.task_id
     WHERE n.tenant_id = :tenant_id
"""
ANY_TURN: Final = TURN.replace("{turns}", "turns")
LATEST: Final = composed(
    TURN.replace(
        "{turns}",
        """unnest(CAST(:thread_ids AS uuid[])) AS asked(thread_id)
      CROSS JOIN LATERAL (
          SELECT * FROM turns
           WHERE turns.tenant_id = :tenant_id AND turns.thread_id = asked.thread_id
           ORDER BY turns.number DESC LIMIT 1
      )""",
    )
)
BY_KEY: Final = composed(ANY_TURN + " AND n.thread_id = CAST(:thread_id AS uuid) AND n.idempotency_key = :key")
OWN_TURNS: Final = composed(
    ANY_TURN
    + """ AND n.id = ANY (CAST(:ids AS uuid[]))
       AND EXISTS (SELECT FROM threads h
                    WHERE h.tenant_id = n.tenant_id AND h.id = n.thread_id AND {own_thread:h})"""
)
TURNS_OF_PAGES: Final = """(SELECT asked.number AS asked, found.*
              FROM unnest(CAST(:thread_ids AS uuid[]), CAST(:befores AS int[]))
                   WITH ORDINALITY AS asked(thread_id, before, number)
              CROSS JOIN LATERAL (
                  SELECT * FROM turns
                   WHERE turns.tenant_id = :tenant_id AND turns.thread_id = asked.thread_id
                     AND turns.number < coalesce(asked.before, 2147483647)
                   ORDER BY turns.number DESC
                   LIMIT CAST(:most AS int)
              ) found)"""
TURN_PAGES: Final = composed(
    TURN.replace("{turns}", TURNS_OF_PAGES).replace("SELECT n.id", "SELECT n.asked, n.id", 1)
    + " ORDER BY n.asked, n.number DESC"
)
# The last stored event of each run, for whoever reconnects.
LAST_EVENTS: Final = composed(
    """
    SELECT asked.run_id, e.sequence
      FROM unnest(CAST(:run_ids AS uuid[])) AS asked(run_id)
      CROSS JOIN LATERAL (
          SELECT e.sequence FROM events e
           WHERE e.tenant_id = :tenant_id AND e.run_id = asked.run_id
           ORDER BY e.sequence DESC LIMIT 1
      ) e
    """
)
LAST_ID: Final = UUID(int=2**128 - 1)


async def lock_place(tx: Tx, tenant_id: UUID, id: UUID) -> WorkspaceRow | None:
    """The workspace as it stays until the transaction ends; None if it is gone."""
    row = await tx.fetchrow(LOCK_PLACE, tenant_id=tenant_id, id=id)
    return None if row is None else WorkspaceRow.of(row)


async def default_agent(tx: Tx, tenant_id: UUID, id: UUID) -> AgentSpecRow:
    """The agent of the tenant that answers unless another is chosen, made with this id if it is not there."""
    row = await tx.fetchrow(DEFAULT_AGENT, tenant_id=tenant_id, slug=DEFAULT_AGENT_SLUG)
    if row is None:
        status = AgentLifecycle.ACTIVE.value
        given = {"slug": DEFAULT_AGENT_SLUG, "name": DEFAULT_AGENT_NAME, "lifecycle_status": status}
        await tx.fetch(MAKE_AGENT, tenant_id=tenant_id, id=id, **given)
        row = await tx.fetchrow(DEFAULT_AGENT, tenant_id=tenant_id, slug=DEFAULT_AGENT_SLUG)
    assert row is not None
    return AgentSpecRow.of(row)


async def agents(db: Database, tenant_id: UUID, ids: Sequence[UUID]) -> list[AgentSpecRow]:
    """The agents of the tenant among the ids, deleted ones too."""
    return AgentSpecRow.all(await db.fetch(AGENTS, tenant_id=tenant_id, ids=ids))


async def insert(
    tx: Tx, tenant_id: UUID, id: UUID, *, workspace_id: UUID, user_id: UUID, agent_spec_id: UUID
) -> ThreadRow:
    """A new thread without a message."""
    row = await tx.fetchrow(
        INSERT, tenant_id=tenant_id, id=id, workspace_id=workspace_id, user_id=user_id, agent_spec_id=agent_spec_id
    )
    assert row is not None
    return ThreadRow.of(row)


async def by_id(db: Database, tenant_id: UUID, ids: Sequence[UUID]) -> list[ThreadRow]:
    """The threads that exist among the ids."""
    return ThreadRow.all(await db.fetch(BY_ID, tenant_id=tenant_id, ids=ids))


async def own_by_id(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[ThreadRow]:
    """The threads among the ids that the user may see."""
    return ThreadRow.all(await db.fetch(OWN_BY_ID, tenant_id=tenant_id, user_id=user_id, ids=ids))


async def own_by_run(
    db: Database, tenant_id: UUID, user_id: UUID, run_ids: Sequence[UUID]
) -> list[tuple[UUID, ThreadRow]]:
    """The threads to which runs belong, as far as the user may see them."""
    rows = await db.fetch(OWN_BY_RUN, tenant_id=tenant_id, user_id=user_id, run_ids=run_ids)
    return list(zip((row["run_id"] for row in rows), ThreadRow.all(rows), strict=True))


async def pages(
    db: Database, tenant_id: UUID, user_id: UUID, asked: Sequence[tuple[UUID, Place | None]], *, most: int
) -> list[tuple[int, ThreadRow]]:
    """The user's threads on each workspace after each place, last changed first; with the number of what was asked."""
    rows = await db.fetch(
        PAGES,
        tenant_id=tenant_id,
        user_id=user_id,
        workspace_ids=[id for id, _ in asked],
        times=[place and place[0] for _, place in asked],
        ids=[place and place[1] for _, place in asked],
        last_id=LAST_ID,
        most=most,
    )
    return [(row["asked"] - 1, ThreadRow.of(row)) for row in rows]


async def all_of(db: Database, tenant_id: UUID, user_id: UUID, workspace_id: UUID) -> list[ThreadRow]:
    """All threads of the user on a workspace, last changed first."""
    rows = await db.fetch(ALL, tenant_id=tenant_id, user_id=user_id, workspace_id=workspace_id)
    return ThreadRow.all(rows)


async def count(db: Database, tenant_id: UUID, user_id: UUID, workspace_id: UUID) -> int:
    """How many threads the user has on a workspace."""
    row = await db.fetchrow(COUNT, tenant_id=tenant_id, user_id=user_id, workspace_id=workspace_id)
    assert row is not None
    total: int = row["total"]
    return total


async def lock(tx: Tx, tenant_id: UUID, id: UUID) -> ThreadRow | None:
    """The thread, alone with it; None if it is gone."""
    row = await tx.fetchrow(LOCK, tenant_id=tenant_id, id=id)
    return None if row is None else ThreadRow.of(row)


async def touch(
    tx: Tx, tenant_id: UUID, id: UUID, *, title: str, task_id: str, answered_at: datetime | None
) -> ThreadRow:
    """A locked thread with one turn more; only the first message gives it a title."""
    row = await tx.fetchrow(TOUCH, tenant_id=tenant_id, id=id, title=title, task_id=task_id, answered_at=answered_at)
    assert row is not None
    return ThreadRow.of(row)


async def insert_turn(
    tx: Tx, tenant_id: UUID, thread: ThreadRow, *, id: UUID, run_id: UUID, answer_id: UUID, key: str | None
) -> None:
    """The newest turn of a thread that was touched just now."""
    await tx.fetch(
        INSERT_TURN,
        tenant_id=tenant_id,
        id=id,
        thread_id=thread.id,
        number=thread.turn_count,
        run_id=run_id,
        answer_id=answer_id,
        key=key,
        created_at=thread.updated_at,
    )


async def turn_by_key(tx: Tx, tenant_id: UUID, thread_id: UUID, key: str) -> TurnRow | None:
    """The turn that was opened under this key."""
    row = await tx.fetchrow(BY_KEY, tenant_id=tenant_id, thread_id=thread_id, key=key)
    return None if row is None else TurnRow.of(row)


async def latest_turn(tx: Tx, tenant_id: UUID, thread_id: UUID) -> TurnRow | None:
    """The newest turn of a locked thread."""
    row = await tx.fetchrow(LATEST, tenant_id=tenant_id, thread_ids=[thread_id])
    return None if row is None else TurnRow.of(row)


async def latest_turns(db: Database, tenant_id: UUID, thread_ids: Sequence[UUID]) -> list[TurnRow]:
    """The newest turn of each thread that has one."""
    return TurnRow.all(await db.fetch(LATEST, tenant_id=tenant_id, thread_ids=thread_ids))


async def own_turns(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[TurnRow]:
    """The turns among the ids that the user may see."""
    return TurnRow.all(await db.fetch(OWN_TURNS, tenant_id=tenant_id, user_id=user_id, ids=ids))


async def turn_pages(
    db: Database, tenant_id: UUID, asked: Sequence[tuple[UUID, int | None]], *, most: int
) -> list[tuple[int, TurnRow]]:
    """The turns of each thread before each number, newest first; with the number of what was asked."""
    rows = await db.fetch(
        TURN_PAGES,
        tenant_id=tenant_id,
        thread_ids=[id for id, _ in asked],
        befores=[before for _, before in asked],
        most=most,
    )
    return [(row["asked"] - 1, TurnRow.of(row)) for row in rows]


async def last_events(db: Database, tenant_id: UUID, run_ids: Sequence[UUID]) -> list[tuple[UUID, int]]:
    """The sequence of the last event of each run."""
    rows = await db.fetch(LAST_EVENTS, tenant_id=tenant_id, run_ids=run_ids)
    return [(row["run_id"], row["sequence"]) for row in rows]
