"""Statements that offer gated runs to claims, and the limits of concurrency keys."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.domain.actor import REAPER, REAPER_ORIGIN
from app.storage.statements import composed, load

ADMIT: Final = load("admit_runs")
# Keys in order, so that two admissions never wait for each other in a ring.
LOCK_KEYS: Final = composed(
    """
    SELECT k.key FROM concurrency_keys k
     WHERE k.tenant_id = :tenant_id AND k.key = ANY (CAST(:keys AS text[]))
     ORDER BY k.key FOR NO KEY UPDATE
    """
)
WAITING_KEYS: Final = composed(
    """
    SELECT DISTINCT r.concurrency_key AS key FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.status = 'queued' AND NOT r.claimable AND r.concurrency_key IS NOT NULL
    """
)
# Asked once a second by every process, over all tenants; what it changes is done tenant by tenant.
TENANTS_WAITING: Final = composed(
    """
    SELECT r.tenant_id FROM runs r
     WHERE r.status = 'queued' AND r.gated AND NOT r.claimable AND r.concurrency_key IS NULL AND r.not_before IS NULL
    UNION
    SELECT r.tenant_id FROM runs r
     WHERE r.status = 'queued' AND r.gated AND NOT r.claimable AND r.concurrency_key IS NULL AND r.not_before <= now()
    UNION
    SELECT r.tenant_id FROM runs r
     WHERE r.status = 'queued' AND NOT r.claimable AND r.concurrency_key IS NOT NULL
    """
)
SET_LIMIT: Final = composed(
    """
    INSERT INTO concurrency_keys AS k (tenant_id, key, most) VALUES (:tenant_id, :key, CAST(:most AS int))
    ON CONFLICT (tenant_id, key) DO UPDATE SET most = excluded.most
    """
)
LIMITS: Final = composed(
    """
    SELECT k.key, k.most AS "limit",
           (SELECT count(*) FROM runs r
             WHERE r.tenant_id = :tenant_id AND r.concurrency_key = k.key
               AND (r.status IN ('claimed', 'starting', 'running') OR (r.status = 'queued' AND r.claimable))
           ) AS dispatched,
           (SELECT count(*) FROM runs r
             WHERE r.tenant_id = :tenant_id AND r.concurrency_key = k.key AND r.status = 'queued' AND NOT r.claimable
           ) AS waiting
      FROM concurrency_keys k
     WHERE k.tenant_id = :tenant_id AND k.key COLLATE "C" > CAST(:after AS text)
       AND (CAST(:only AS text) IS NULL OR k.key = CAST(:only AS text))
     ORDER BY k.key COLLATE "C"
     LIMIT CAST(:most_keys AS int)
    """
)
COUNT_LIMITS: Final = composed("SELECT count(*) AS total FROM concurrency_keys k WHERE k.tenant_id = :tenant_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """A concurrency key: its limit, and its runs that are dispatched or wait."""

    key: str
    limit: int
    dispatched: int
    waiting: int


async def admit(db: Database, tenant_id: UUID, *, keys: Collection[str] | None, most: int) -> int:
    """Offer what may be offered now; returns how many runs. `keys` None looks at every key that has runs waiting."""
    async with db.transaction(Lane.LEASES) as tx:
        if keys is None:
            keys = [row["key"] for row in await tx.fetch(WAITING_KEYS, tenant_id=tenant_id)]
        if keys:
            await tx.fetch(LOCK_KEYS, tenant_id=tenant_id, keys=sorted(keys))
        offered = await tx.fetch(
            ADMIT,
            tenant_id=tenant_id,
            keys=sorted(keys),
            most=most,
            actor_kind=REAPER.kind,
            actor_ref=REAPER.ref,
            origin_kind=REAPER_ORIGIN.kind,
            origin_ref=REAPER_ORIGIN.ref,
        )
        if offered:
            tx.wrote_events(tenant_id)
    return len(offered)


async def tenants_waiting(db: Database) -> list[UUID]:
    """Tenants in which a gated run may have to be offered."""
    return [row["tenant_id"] for row in await db.fetch(TENANTS_WAITING, Lane.LEASES)]


async def set_limit(db: Database, tenant_id: UUID, key: str, most: int) -> None:
    """How many runs of a key may be dispatched at once from now on."""
    await db.fetch(SET_LIMIT, tenant_id=tenant_id, key=key, most=most)


async def limits(
    db: Database, tenant_id: UUID, *, after: str = "", only: str | None = None, most: int = 1
) -> list[LimitRow]:
    """The keys after this one in their order, or only one."""
    rows = await db.fetch(LIMITS, tenant_id=tenant_id, after=after, only=only, most_keys=most)
    return [LimitRow(**row) for row in rows]


async def count_limits(db: Database, tenant_id: UUID) -> int:
    """How many keys there are."""
    (row,) = await db.fetch(COUNT_LIMITS, tenant_id=tenant_id)
    total: int = row["total"]
    return total
