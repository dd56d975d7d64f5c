"""Who sees what, as SQL: the twin of `domain/access/policy.py` for lists and event batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.domain.tasks.events import AUTHORS_ONLY, OWNERS_ONLY, EventType

OWNED: Final = "SELECT w.id FROM workspaces w WHERE w.tenant_id = :tenant_id AND w.owner_id = CAST(:user_id AS uuid)"
SHARED: Final = """
        SELECT p.workspace_id
          FROM workspace_recipients p
          JOIN workspace_shares s ON s.tenant_id = p.tenant_id AND s.workspace_id = p.workspace_id
         WHERE p.tenant_id = :tenant_id AND p.user_id = CAST(:user_id AS uuid) AND s.status = 'active'
           AND (s.expires_at IS NULL OR s.expires_at > now())
"""
# A deleted workspace leaves its log to its owner, and nothing else to anybody.
LEFT_BEHIND: Final = """
        SELECT d.id FROM deleted_workspaces d
         WHERE d.tenant_id = :tenant_id AND d.owner_id = CAST(:user_id AS uuid)
"""
# The ids of every workspace the user owns or holds a live share of; an uncorrelated array, read once a statement.
READABLE_WORKSPACES: Final = f"ARRAY({OWNED} UNION ALL {SHARED})"
# A conversation is its author's alone; `{alias}` is a row of `threads`. Whoever may not read the workspace any more
# does not see what they said there, until it is deleted: what is left then is theirs.
OWN_THREADS: Final = """
    ({alias}.user_id = CAST(:user_id AS uuid) AND {visible:{alias}})
"""
# Whoever has to answer a question reads it for as long as the lease of the run `{alias}` is theirs.
HOLDS: Final = """
    ({alias}.status IN ('claimed', 'starting', 'running') AND {alias}.lease_until > now()
     AND EXISTS (SELECT FROM agent_sessions s
                  WHERE s.tenant_id = {alias}.tenant_id AND s.id = {alias}.agent_session_id
                    AND s.user_id = CAST(:user_id AS uuid)))
"""
AUTHORS_TYPES: Final = ", ".join(f"'{type.value}'" for type in sorted(AUTHORS_ONLY))
OWNERS_TYPES: Final = ", ".join(f"'{type.value}'" for type in sorted(OWNERS_ONLY))
# Which rows of `events` the user may see.
READABLE_EVENTS: Final = f"""
    (events.workspace_id IS NULL
     OR events.workspace_id = ANY (ARRAY({OWNED} UNION ALL {SHARED} UNION ALL {LEFT_BEHIND})))
    AND (events.type <> ALL (ARRAY[{OWNERS_TYPES}])
         OR events.workspace_id = ANY (ARRAY({OWNED} UNION ALL {LEFT_BEHIND})))
    AND (events.type <> ALL (ARRAY[{AUTHORS_TYPES}])
         OR events.actor_ref = CAST(CAST(:user_id AS uuid) AS text))
"""

READABLE_PAIRS: Final = Statement(
    """
    SELECT w.owner_id AS user_id, w.id AS workspace_id, true AS owns
      FROM workspaces w
     WHERE w.tenant_id = :tenant_id AND w.id = ANY (CAST(:workspace_ids AS uuid[]))
    UNION ALL
    SELECT d.owner_id, d.id, true
      FROM deleted_workspaces d
     WHERE d.tenant_id = :tenant_id AND d.id = ANY (CAST(:workspace_ids AS uuid[]))
    UNION ALL
    SELECT p.user_id, p.workspace_id, false
      FROM workspace_recipients p
      JOIN workspace_shares s ON s.tenant_id = p.tenant_id AND s.workspace_id = p.workspace_id
     WHERE p.tenant_id = :tenant_id AND p.workspace_id = ANY (CAST(:workspace_ids AS uuid[])) AND s.status = 'active'
       AND (s.expires_at IS NULL OR s.expires_at > now())
    """
)
# Of those who listen to workspaces, the ones who may not read them any more, and whether that is because they deleted
# them: then the log is still theirs.
NO_LONGER: Final = Statement(
    """
    SELECT a.place,
           EXISTS (SELECT FROM deleted_workspaces d
                    WHERE d.tenant_id = a.tenant_id AND d.id = a.workspace_id AND d.owner_id = a.user_id) AS left_behind
      FROM unnest(CAST(:tenant_ids AS uuid[]), CAST(:user_ids AS uuid[]), CAST(:workspace_ids AS uuid[]))
           WITH ORDINALITY AS a(tenant_id, user_id, workspace_id, place)
     WHERE NOT EXISTS (SELECT FROM workspaces w
                        WHERE w.tenant_id = a.tenant_id AND w.id = a.workspace_id AND w.owner_id = a.user_id)
       AND NOT EXISTS (SELECT FROM workspace_recipients p
                         JOIN workspace_shares s ON s.tenant_id = p.tenant_id AND s.workspace_id = p.workspace_id
                        WHERE p.tenant_id = a.tenant_id AND p.workspace_id = a.workspace_id AND p.user_id = a.user_id
                          AND s.status = 'active' AND (s.expires_at IS NULL OR s.expires_at > now()))
    """
)

Pair = tuple[UUID, UUID]
Asked = tuple[UUID, UUID, UUID]


@dataclass(frozen=True, slots=True)
class Readers:
    """The pairs (user, workspace) in which the user may read the workspace's log, and those in which it is theirs."""

    pairs: frozenset[Pair] = frozenset()
    owners: frozenset[Pair] = frozenset()
    # The pairs (workspace, table) in which the workspace shows the table.
    shown: frozenset[Pair] = frozenset()

    def of(self, type: EventType) -> frozenset[Pair]:
        """Who may see an event of this type."""
        return self.owners if type in OWNERS_ONLY else self.pairs


NOBODY: Final = Readers()


async def readers_of(db: Database, tenant_id: UUID, workspace_ids: Sequence[UUID]) -> Readers:
    """Who may read the logs of these workspaces."""
    rows = await db.fetch(READABLE_PAIRS, Lane.STREAM, tenant_id=tenant_id, workspace_ids=workspace_ids)
    pairs = [((row["user_id"], row["workspace_id"]), row["owns"]) for row in rows]
    return Readers(frozenset(pair for pair, _ in pairs), frozenset(pair for pair, owns in pairs if owns))


async def no_longer(db: Database, asked: Sequence[Asked]) -> list[tuple[Asked, bool]]:
    """Those of `(tenant, user, workspace)` in which the user may not read the workspace, and whether its log is left to
    them; one statement for all.
    """
    rows = await db.fetch(
        NO_LONGER,
        Lane.STREAM,
        tenant_ids=[tenant for tenant, _, _ in asked],
        user_ids=[user for _, user, _ in asked],
        workspace_ids=[workspace for _, _, workspace in asked],
    )
    return [(asked[row["place"] - 1], row["left_behind"]) for row in rows]
