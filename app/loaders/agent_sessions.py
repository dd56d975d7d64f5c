"""Agent sessions by id, and the page of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app.domain.errors import BadInput
from app.domain.ids import parse_uuid
from app.domain.paging import Page, decode_cursor, encode_cursor
from app.loaders.pages import Count
from app.loaders.reader import Reader, in_key_order
from app.storage import agent_sessions
from app.storage.agent_sessions import Filter
from app.storage.rows.identity import AgentSessionRow

AGENT_SESSIONS: Final = "agent sessions"


async def agent_session_by_id(reader: Reader, ids: Sequence[UUID]) -> list[AgentSessionRow | None]:
    """Agent sessions the viewer may see: their own, those for global work, those of workspaces they may read."""
    viewer = reader.viewer
    rows = await agent_sessions.visible_by_id(reader.db, viewer.tenant_id, viewer.user_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def agent_session_page(
    reader: Reader, wanted: Filter, *, after: str | None, first: int
) -> tuple[Page[AgentSessionRow], Count]:
    """Agent sessions the viewer may see, newest first."""
    place = _place(after)
    db, viewer = reader.db, reader.viewer
    rows = await agent_sessions.page(db, viewer.tenant_id, viewer.user_id, wanted, after=place, most=first + 1)
    items = tuple(rows[:first])
    page = Page(
        items=items,
        cursors=tuple(encode_cursor(AGENT_SESSIONS, (row.created_at.isoformat(), str(row.id))) for row in items),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, lambda: agent_sessions.count(db, viewer.tenant_id, viewer.user_id, wanted)


def _place(after: str | None) -> tuple[datetime, UUID] | None:
    found = decode_cursor(AGENT_SESSIONS, after, 2)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(str(found[0]))
        id = parse_uuid(str(found[1]))
        if id is None or moment.tzinfo is None:
            raise ValueError("a place is an instant with its offset and an id")
        return moment.astimezone(UTC), id
    except (ValueError, OverflowError) as problem:
        raise BadInput("after is a damaged cursor; send back one that this list returned.", field="after") from problem
