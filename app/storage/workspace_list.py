"""Lists of workspaces: one's own, narrowed down by status and tags, and those that others share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.domain.sharing.tag import TagFilter, TagMatch
from app.storage.rows.share import SharedWorkspaceRow
from app.storage.rows.workspace import WorkspaceRow, WorkspaceStatus
from app.storage.statements import composed

# Own workspaces, last changed first; a page is a walk along ix_workspaces_owner.
OWN: Final = """
    SELECT {workspace:w} FROM workspaces w
     WHERE w.tenant_id = :tenant_id AND w.owner_id = :user_id AND w.status = :status {conditions}
     ORDER BY w.updated_at DESC, w.id DESC
     LIMIT CAST(:most AS int) OFFSET CAST(:skipped AS int)
"""
COUNT_OWN: Final = """
    SELECT count(*) AS total FROM workspaces w
     WHERE w.tenant_id = :tenant_id AND w.owner_id = :user_id AND w.status = :status {conditions}
"""
# Live shares to the user of active workspaces, the newest change of a share first.
RECEIVED: Final = """
      FROM workspace_recipients p
      JOIN workspace_shares s ON s.tenant_id = p.tenant_id AND s.workspace_id = p.workspace_id
      JOIN workspaces w ON w.tenant_id = p.tenant_id AND w.id = p.workspace_id
     WHERE p.tenant_id = :tenant_id AND p.user_id = :user_id AND s.status = 'active' AND w.status = 'active'
       AND (s.expires_at IS NULL OR s.expires_at > now()) {conditions}
"""
SHARED: Final = (
    "SELECT {workspace:w}, s.updated_at AS shared_at"
    + RECEIVED
    + " ORDER BY s.updated_at DESC, w.id DESC LIMIT CAST(:most AS int) OFFSET CAST(:skipped AS int)"
)
COUNT_SHARED: Final = "SELECT count(*) AS total" + RECEIVED
BEARS: Final = """
    SELECT FROM workspace_tags l JOIN tags g ON g.tenant_id = l.tenant_id AND g.id = l.tag_id
     WHERE l.tenant_id = w.tenant_id AND l.workspace_id = w.id
"""
CONDITIONS: Final[Mapping[str, str]] = {
    "after": "AND (w.updated_at, w.id) < (CAST(:after_time AS timestamptz), CAST(:after_id AS uuid))",
    "shared_after": "AND (s.updated_at, w.id) < (CAST(:after_time AS timestamptz), CAST(:after_id AS uuid))",
    "any": """AND EXISTS ({bears} AND (g.id = ANY (CAST(:tag_ids AS uuid[]))
                                        OR g.slug = ANY (CAST(:tag_slugs AS text[]))))""",
    "all": """AND NOT EXISTS (SELECT FROM unnest(CAST(:tag_ids AS uuid[])) AS a(id)
                                WHERE NOT EXISTS ({bears} AND g.id = a.id))
               AND NOT EXISTS (SELECT FROM unnest(CAST(:tag_slugs AS text[])) AS a(slug)
                                WHERE NOT EXISTS ({bears} AND g.slug = a.slug))""",
}

Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFilter:
    """Which of one's own workspaces are wanted."""

    status: WorkspaceStatus = WorkspaceStatus.ACTIVE
    tags: TagFilter = field(default_factory=TagFilter)

    def conditions(self) -> tuple[str, ...]:
        """The names of the conditions that the statement needs."""
        return () if not self.tags else ("any",) if self.tags.match is TagMatch.ANY else ("all",)

    def given(self) -> dict[str, object]:
        """The values of its places."""
        return {"status": self.status.value, "tag_ids": list(self.tags.ids), "tag_slugs": list(self.tags.slugs)}


@cache
def statement(source: str, names: tuple[str, ...]) -> Statement:
    """The statement for one combination of conditions."""
    conditions = " ".join(CONDITIONS[name] for name in names).replace("{bears}", BEARS)
    return composed(source.replace("{conditions}", conditions))


def _place(after: Place | None) -> dict[str, object]:
    return {} if after is None else {"after_time": after[0], "after_id": after[1]}


async def own(
    db: Database,
    tenant_id: UUID,
    user_id: UUID,
    wanted: OwnFilter,
    *,
    after: Place | None = None,
    most: int | None = None,
    skipped: int = 0,
) -> list[WorkspaceRow]:
    """The user's own workspaces after a place `(updated_at, id)`; no `most` is all of them."""
    names = wanted.conditions() + (("after",) if after is not None else ())
    rows = await db.fetch(
        statement(OWN, names),
        Lane.MAIN,
        tenant_id=tenant_id,
        user_id=user_id,
        most=most,
        skipped=skipped,
        **wanted.given(),
        **_place(after),
    )
    return WorkspaceRow.all(rows)


async def count_own(db: Database, tenant_id: UUID, user_id: UUID, wanted: OwnFilter) -> int:
    """How many there are."""
    found = statement(COUNT_OWN, wanted.conditions())
    row = await db.fetchrow(found, Lane.MAIN, tenant_id=tenant_id, user_id=user_id, **wanted.given())
    assert row is not None
    total: int = row["total"]
    return total


async def shared(
    db: Database, tenant_id: UUID, user_id: UUID, *, after: Place | None = None, most: int, skipped: int = 0
) -> list[SharedWorkspaceRow]:
    """Active workspaces that others share with the user now, after a place `(change of the share, id)`."""
    names = ("shared_after",) if after is not None else ()
    rows = await db.fetch(
        statement(SHARED, names),
        Lane.MAIN,
        tenant_id=tenant_id,
        user_id=user_id,
        most=most,
        skipped=skipped,
        **_place(after),
    )
    return [SharedWorkspaceRow(workspace=WorkspaceRow.of(row), shared_at=row["shared_at"]) for row in rows]


async def count_shared(db: Database, tenant_id: UUID, user_id: UUID) -> int:
    """How many there are."""
    row = await db.fetchrow(statement(COUNT_SHARED, ()), Lane.MAIN, tenant_id=tenant_id, user_id=user_id)
    assert row is not None
    total: int = row["total"]
    return total
