"""Conversations for tests: threads, what is posted there, and an agent that answers."""

from typing import Any
from uuid import UUID

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.loaders import threads
from app.loaders.reader import Reader
from app.services.leases import Moved
from app.services.registry import Services
from app.services.threads import Posted
from app.storage.rows.thread import MessageRow, ThreadRow, TurnRow
from app.storage.statements import composed

SPOKEN = composed(
    """
    SELECT (SELECT count(*) FROM agent_specs) AS agents, (SELECT count(*) FROM threads) AS threads,
           (SELECT count(*) FROM turns) AS turns, (SELECT count(*) FROM messages) AS messages,
           (SELECT count(*) FROM run_lineage) AS lineage,
           (SELECT max(updated_at) FROM threads) AS touched
    """
)


async def begin(services: Services, viewer: Viewer, workspace_id: object) -> ThreadRow:
    """A new thread."""
    return (await services.threads.create(viewer, str(workspace_id))).thread


async def say(services: Services, viewer: Viewer, thread: ThreadRow, content: str = "Why?", **more: Any) -> Posted:
    """A message that opens a turn."""
    return await services.threads.post(viewer, str(thread.id), content, **more)


async def agent(services: Services, owner: Viewer, workspace_id: object, most: int = 1) -> str:
    """An agent session of the workspace."""
    row, _ = await services.agent_sessions.register(
        owner, agent_name="agent", workspace_id=str(workspace_id), capabilities=(), max_concurrency=most
    )
    return str(row.id)


async def take(services: Services, owner: Viewer, session_id: str) -> Moved:
    """The one run that the agent is given."""
    (given,) = (await services.leases.claim(owner, session_id)).runs
    return given


async def answer(services: Services, owner: Viewer, session_id: str, result: object = None) -> Moved:
    """The agent answers the next turn."""
    given = await take(services, owner, session_id)
    return await services.leases.complete(owner, session_id, str(given.run.id), result=result)


async def spoken(db: Database) -> dict[str, Any]:
    """How many rows of conversations there are."""
    return dict((await db.fetch(SPOKEN))[0])


async def history(db: Database, viewer: Viewer, thread_id: UUID, most: int = 50) -> list[MessageRow]:
    """The messages of a thread, the newest first."""
    (page,) = await threads.messages_by_thread(Reader(db, viewer), [(thread_id, None, most)])
    return list(page.items)


async def turn_now(db: Database, viewer: Viewer, thread_id: UUID) -> TurnRow:
    """The newest turn of a thread."""
    (found,) = await threads.latest_turn_by_thread(Reader(db, viewer), [thread_id])
    assert found is not None
    return found
