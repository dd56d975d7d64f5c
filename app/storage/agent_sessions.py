"""Statements that read agent sessions and what they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.storage.rows.identity import AgentSessionRow
from app.storage.rows.task import RunRow
from app.storage.statements import composed

# One's own, those for global work, and those of workspaces that one may read.
VISIBLE_BY_ID: Final = composed(
    """
    SELECT {agent_session:s} FROM agent_sessions s
     WHERE s.tenant_id = :tenant_id AND s.id = ANY (CAST(:ids AS uuid[]))
       AND (s.user_id = CAST(:user_id AS uuid) OR {visible:s})
    """
)
# Newest first; a page is a walk along ix_agent_sessions_created.
PAGE: Final = """
    SELECT {agent_session:s} FROM agent_sessions s
     WHERE s.tenant_id = :tenant_id AND (s.user_id = CAST(:user_id AS uuid) OR {visible:s}) {conditions} {after}
     ORDER BY s.created_at DESC, s.id DESC
     LIMIT CAST(:most AS int)
"""
COUNT: Final = """
    SELECT count(*) AS total FROM agent_sessions s
     WHERE s.tenant_id = :tenant_id AND (s.user_id = CAST(:user_id AS uuid) OR {visible:s}) {conditions}
"""
AFTER: Final = "AND (s.created_at, s.id) < (CAST(:after_time AS timestamptz), CAST(:after_id AS uuid))"
CONDITIONS: Final = {
    "state": "AND s.state = :state",
    "workspace_id": "AND s.workspace_id = CAST(:workspace_id AS uuid)",
}
HELD: Final = composed(
    """
    SELECT {run:r} FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.status IN ('claimed', 'starting', 'running')
       AND r.agent_session_id = ANY (CAST(:session_ids AS uuid[])) AND {visible:r}
     ORDER BY r.claimed_at, r.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which sessions are wanted; None means any."""

    state: str | None = None
    workspace_id: UUID | None = None

    def given(self) -> dict[str, object]:
        """The conditions that are set."""
        both = {"state": self.state, "workspace_id": self.workspace_id}
        return {name: value for name, value in both.items() if value is not None}


async def visible_by_id(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[AgentSessionRow]:
    """The agent sessions among the ids that the user may see."""
    rows = await db.fetch(VISIBLE_BY_ID, tenant_id=tenant_id, user_id=user_id, ids=ids)
    return AgentSessionRow.all(rows)


@cache
def statement(source: str, names: tuple[str, ...], *, further: bool = False) -> Statement:
    """A list statement for one combination of conditions."""
    conditions = " ".join(CONDITIONS[name] for name in names)
    return composed(source.replace("{conditions}", conditions).replace("{after}", AFTER if further else ""))


async def page(
    db: Database, tenant_id: UUID, user_id: UUID, wanted: Filter, *, after: tuple[datetime, UUID] | None, most: int
) -> list[AgentSessionRow]:
    """The sessions that the user may see, newest first, after a place."""
    given = wanted.given()
    place = {} if after is None else {"after_time": after[0], "after_id": after[1]}
    rows = await db.fetch(
        statement(PAGE, tuple(given), further=after is not None),
        Lane.MAIN,
        tenant_id=tenant_id,
        user_id=user_id,
        most=most,
        **given,
        **place,
    )
    return AgentSessionRow.all(rows)


async def count(db: Database, tenant_id: UUID, user_id: UUID, wanted: Filter) -> int:
    """How many sessions of a list the user may see."""
    given = wanted.given()
    row = await db.fetchrow(statement(COUNT, tuple(given)), Lane.MAIN, tenant_id=tenant_id, user_id=user_id, **given)
    assert row is not None
    total: int = row["total"]
    return total


async def held(db: Database, tenant_id: UUID, user_id: UUID, session_ids: Sequence[UUID]) -> list[RunRow]:
    """The runs that sessions hold, as far as the user may see them, in the order in which they were claimed."""
    rows = await db.fetch(HELD, tenant_id=tenant_id, user_id=user_id, session_ids=session_ids)
    return RunRow.all(rows)
