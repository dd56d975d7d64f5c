"""From threads to the sessions of the workspaces API."""

from dataclasses import dataclass

from app.domain.sharing.activity import run_word
from app.storage.rows.thread import AgentSpecRow, MessageRow, ThreadRow, TurnRow
from app.web.rest.workspaces import session_shapes
from app.web.rest.workspaces.dto import text
from app.web.rest.workspaces.shapes import ViewerAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A thread with its agent and its newest turn; the last event is that of an open turn."""

    thread: ThreadRow
    agent: AgentSpecRow | None
    latest: TurnRow | None
    last_event: int | None


def session(found: Conversation) -> session_shapes.Session:
    """A conversation of the caller; nobody shares one here."""
    row, latest = found.thread, found.latest
    active = latest if latest is not None and latest.is_open else None
    return session_shapes.Session(
        id=str(row.id),
        title=row.title,
        workspace_id=text(row.workspace_id),
        scope=session_shapes.SessionScope(kind=row.scope_kind, workspace_id=text(row.workspace_id), document_id=None),
        agent_spec_id=str(row.agent_spec_id),
        agent_spec=None if found.agent is None else _agent(found.agent),
        active_turn_id=None if active is None else str(active.id),
        active_turn_status=None if active is None else _status(active),
        active_turn_last_event_seq=None if active is None else found.last_event,
        last_turn_status=None if latest is None else _status(latest),
        viewer_access=ViewerAccess.OWNER,
        is_shared=False,
        shared_by=None,
        share_recipients=(),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def message(row: MessageRow) -> session_shapes.SessionMessage:
    """A message; an answer is written once, when its run has ended."""
    return session_shapes.SessionMessage(
        id=str(row.id),
        thread_id=str(row.thread_id),
        turn_id=text(row.turn_id),
        role=row.role,
        content=row.content,
        raw_data=row.raw_data,
        format=row.format,
        created_by=text(row.created_by),
        duration_seconds=row.duration_seconds,
        cancelled=row.canceled,
        error=None
        if row.error is None
        else session_shapes.MessageError(
            code=row.error.code,
            title=row.error.title,
            description=row.error.description,
            reference_id=row.error.reference_id,
            retryable=row.error.retryable,
        ),
        created_at=row.created_at,
        updated_at=None,
    )


def _agent(row: AgentSpecRow) -> session_shapes.AgentSpecSummary:
    return session_shapes.AgentSpecSummary(
        id=str(row.id), name=row.name, lifecycle_status=row.lifecycle_status, is_deleted=row.is_deleted
    )


def _status(turn: TurnRow) -> session_shapes.TurnStatus:
    return session_shapes.TurnStatus(run_word(turn.status.value))
