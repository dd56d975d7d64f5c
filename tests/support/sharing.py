"""Workspaces that are shared, tagged and full of things that happened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import TaskloomError
from app.services.registry import Services
from app.services.shares import ShareDraft
from app.storage.statements import composed
from tests.support.graph import Graph

AGE = composed(
    """
    UPDATE workspace_shares SET expires_at = now() - interval '1 second'
     WHERE workspace_id = :workspace_id RETURNING id
    """
)
ENDS = composed(
    """
    UPDATE workspace_shares SET expires_at = clock_timestamp() + make_interval(secs => CAST(:seconds AS float))
     WHERE workspace_id = :workspace_id RETURNING id
    """
)


async def share_with(
    services: Services, owner: Viewer, workspace_id: UUID, *people: Viewer, expires_at: datetime | None = None
) -> None:
    """Share as an owner does."""
    draft = ShareDraft(recipient_user_ids=[str(one.user_id) for one in people], expires_at=expires_at)
    await services.shares.put(owner, str(workspace_id), draft)


async def expire(db: Database, workspace_id: UUID) -> None:
    """The time of a share is over."""
    assert await db.fetch(AGE, workspace_id=workspace_id)


async def let_end(db: Database, workspace_id: UUID, seconds: float) -> None:
    """The time of a share will be over soon, by the database's clock."""
    assert await db.fetch(ENDS, workspace_id=workspace_id, seconds=seconds)


async def names(graph: Graph, document: str, path: Sequence[str], **variables: Any) -> list[str]:
    """The titles or names of the nodes of a connection."""
    found: Any = await graph.data(document, variables)
    for step in path:
        found = found[step]
    return [next(iter(node.values())) for node in found["nodes"]]


async def refusal_of(attempt: Any) -> TaskloomError:
    """What an attempt is refused with."""
    try:
        await attempt
    except TaskloomError as problem:
        return problem
    raise AssertionError("it was allowed")
