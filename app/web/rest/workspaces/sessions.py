"""Handlers of the routes about conversations, which this API calls sessions."""

from collections.abc import Sequence
from uuid import UUID

from app.loaders.reader import Reader
from app.loaders.threads import (
    agent_spec_by_id,
    all_threads,
    last_event_by_run,
    latest_turn_by_thread,
    message_place,
    messages_by_thread,
)
from app.storage.rows.thread import ThreadRow
from app.web.rest.call import Call
from app.web.rest.workspaces import places, query, session_dto, session_shapes


async def show_list(call: Call) -> session_shapes.SessionList:
    """GET /workspaces/{workspace_id}/sessions."""
    place = await places.place_of(call)
    return session_shapes.SessionList(items=await _sessions(call.reader, await all_threads(call.reader, place.id)))


async def create(call: Call) -> session_shapes.Session:
    """POST /workspaces/{workspace_id}/sessions."""
    begun = await call.services.threads.create(call.viewer, call.path["workspace_id"])
    (shown,) = await _sessions(call.reader, [begun.thread])
    return shown


async def show_messages(call: Call) -> session_shapes.SessionMessageCursorPage:
    """GET /workspaces/{workspace_id}/sessions/{thread_id}/messages."""
    asked = call.asked(query.MessagesQuery)
    thread = await call.services.threads.thread_of(call.viewer, call.path["workspace_id"], call.path["thread_id"])
    (page,) = await messages_by_thread(call.reader, [(thread.id, message_place(asked.cursor), asked.limit)])
    return session_shapes.SessionMessageCursorPage(
        items=tuple(map(session_dto.message, page.items)),
        next_cursor=page.cursors[-1] if page.has_next else None,
    )


async def _sessions(reader: Reader, threads: Sequence[ThreadRow]) -> tuple[session_shapes.Session, ...]:
    """Threads with what stands beside them: as many statements for many as for one."""
    if not threads:
        return ()
    agent_ids = list({thread.agent_spec_id for thread in threads})
    agents = dict(zip(agent_ids, await agent_spec_by_id(reader, agent_ids), strict=True))
    latest = await latest_turn_by_thread(reader, [thread.id for thread in threads])
    open_runs = [turn.run_id for turn in latest if turn is not None and turn.is_open]
    last: dict[UUID, int | None] = {}
    if open_runs:
        last = dict(zip(open_runs, await last_event_by_run(reader, open_runs), strict=True))
    return tuple(
        session_dto.session(
            session_dto.Conversation(
                thread=thread,
                agent=agents[thread.agent_spec_id],
                latest=turn,
                last_event=None if turn is None else last.get(turn.run_id),
            )
        )
        for thread, turn in zip(threads, latest, strict=True)
    )
