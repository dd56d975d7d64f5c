"""Statements that pause and resume the dispatch of a task tree or of a tenant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Tx
from app.storage.statements import composed, load

PAUSE_TREE: Final = load("pause_tree")
HELD_IN_TREE: Final = composed(
    """
    SELECT r.id FROM tasks t
      JOIN runs r ON r.tenant_id = t.tenant_id AND r.id = t.open_run_id
     WHERE t.tenant_id = :tenant_id AND (t.id = :id OR t.path @> CAST(ARRAY[:id] AS text[]))
       AND r.status IN ('claimed', 'starting', 'running')
     ORDER BY r.id
    """
)
HELD_IN_TENANT: Final = composed(
    """
    SELECT r.id FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.status IN ('claimed', 'starting', 'running')
     ORDER BY r.id
     LIMIT CAST(:most AS int)
    """
)
PAUSE_TENANT: Final = composed(
    """
    UPDATE tenants t SET dispatch_paused_at = CASE WHEN CAST(:paused AS boolean) THEN now() END
     WHERE t.tenant_id = :tenant_id AND (t.dispatch_paused_at IS NULL) = CAST(:paused AS boolean)
    RETURNING t.tenant_id
    """
)
STATE: Final = composed(
    """
    SELECT t.dispatch_paused_at AS paused_at,
           (SELECT count(*) FROM runs r
             WHERE r.tenant_id = t.tenant_id AND r.status IN ('claimed', 'starting', 'running')) AS held,
           (SELECT count(*) FROM runs r
             WHERE r.tenant_id = t.tenant_id AND r.status = 'queued' AND r.claimable) AS claimable,
           (SELECT count(*) FROM runs r
             WHERE r.tenant_id = t.tenant_id AND r.status = 'queued' AND r.gated AND NOT r.claimable) AS waiting
      FROM tenants t
     WHERE t.tenant_id = :tenant_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchState:
    """What a tenant's dispatch does: runs held by workers, offered to claims, and waiting to be offered."""

    paused_at: datetime | None
    held: int
    claimable: int
    waiting: int


async def pause_tree(tx: Tx, tenant_id: UUID, id: str, *, step: int) -> None:
    """One pause more (1) or less (-1) over a locked tree."""
    await tx.fetch(PAUSE_TREE, tenant_id=tenant_id, id=id, step=step)


async def held_in_tree(tx: Tx, tenant_id: UUID, id: str) -> list[UUID]:
    """The runs of a tree that somebody holds."""
    return [row["id"] for row in await tx.fetch(HELD_IN_TREE, tenant_id=tenant_id, id=id)]


async def held_in_tenant(db: Database, tenant_id: UUID, *, most: int) -> list[UUID]:
    """Runs of the tenant that somebody holds."""
    return [row["id"] for row in await db.fetch(HELD_IN_TENANT, tenant_id=tenant_id, most=most)]


async def pause_tenant(tx: Tx, tenant_id: UUID, *, paused: bool) -> bool:
    """Pause or resume all claims of a tenant; False where that was so already."""
    return bool(await tx.fetch(PAUSE_TENANT, tenant_id=tenant_id, paused=paused))


async def state(db: Database, tenant_id: UUID) -> DispatchState:
    """What the dispatch does now."""
    (row,) = await db.fetch(STATE, tenant_id=tenant_id)
    return DispatchState(**row)
