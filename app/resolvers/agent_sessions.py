"""Root fields about agent sessions: the list of them."""

from typing import Annotated

import strawberry

from app.domain.errors import NotFound
from app.domain.ids import parse_uuid
from app.domain.paging import page_size
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.types.agent_session import AgentSession, AgentSessionState
from app.loaders.agent_sessions import agent_session_page
from app.storage.agent_sessions import Filter


@strawberry.type
class AgentSessionQueries:
    """Reads."""

    @strawberry.field(
        description="Agent sessions, newest first: yours, those for global work, those of workspaces you may read."
    )
    async def agent_sessions(
        self,
        info: Info,
        state: Annotated[AgentSessionState | None, strawberry.argument(description="Only in this state.")] = None,
        workspace_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only those for this workspace.")
        ] = None,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 25, at most 100.")] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
    ) -> Connection[AgentSession]:
        """A page."""
        place = None if workspace_id is None else parse_uuid(workspace_id)
        if workspace_id is not None and place is None:
            raise NotFound(f"There is no workspace {workspace_id[:140]!r}.", field="workspaceId")
        wanted = Filter(state=state.value if state else None, workspace_id=place)
        page, count = await agent_session_page(info.context.loaders.reader, wanted, after=after, first=page_size(first))
        return Connection.of(page, count)
