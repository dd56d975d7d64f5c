"""Agent sessions: the identities of workers."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.graph.enums import described
from app.graph.relation import related, value
from app.graph.types.node import Node
from app.graph.types.user import User
from app.storage.rows.identity import AgentSessionRow

if TYPE_CHECKING:
    from app.graph.types.run import Run
    from app.graph.types.workspace import Workspace


class AgentSessionState(StrEnum):
    """Whether a worker may claim."""

    ACTIVE = "active"
    ENDED = "ended"


described(
    AgentSessionState, "Whether a worker may claim.", {"active": "It may.", "ended": "It said goodbye; it may not."}
)


@strawberry.type(description="A worker's identity: it claims runs, heartbeats and finishes them.")
class AgentSession(Node):
    """An agent session; not a thread."""

    agent_name: str = value("What kind of worker it is.")
    capabilities: list[str] = value("What it offers; it only gets runs that require no more.")
    max_concurrency: int = value("How many runs it may hold at once.")
    active_runs: int = value("How many it holds.")
    state: AgentSessionState = value("Whether it may claim.")
    created_at: datetime = value("When it registered.")
    last_seen_at: datetime = value("When it claimed last.")
    ended_at: datetime | None = value("When it ended.")
    user: User | None = related(lambda x: x.user_by_id, lambda row: row.user_id, "The user whose key it uses.")
    runs: list[Annotated["Run", strawberry.lazy("app.graph.types.run")]] = related(
        lambda x: x.held_by_session, lambda row: row.id, "The runs it holds now and you may see, as they were claimed."
    )
    workspace: Annotated["Workspace", strawberry.lazy("app.graph.types.workspace")] | None = related(
        lambda x: x.workspace_by_id, lambda row: row.workspace_id, "The workspace it works for; null for global work."
    )

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, AgentSessionRow)
