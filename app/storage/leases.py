"""Statements that move runs between queue, holders and their ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.tx import Record, Tx
from app.domain.actor import REAPER, REAPER_ORIGIN
from app.domain.tasks.lease import LEASE_EXPIRED_ERROR
from app.storage.rows.task import RunRow
from app.storage.statements import composed, load, source_of

ENQUEUE: Final = load("enqueue_runs")
_CLAIM: Final = source_of("claim_runs")
CLAIM: Final = composed(_CLAIM.replace("{picking}", source_of("pick_runs")), name="claim_runs")
# For sessions that offer capabilities, which some runs may prefer: a tenth dearer.
CLAIM_PREFERRED: Final = composed(_CLAIM.replace("{picking}", source_of("pick_preferred_runs")), name="claim_preferred")
EXTEND: Final = load("extend_leases")
FINISH: Final = load("finish_runs")
RELEASE: Final = load("release_runs")
EXPIRE: Final = load("expire_leases")
CANCEL: Final = load("cancel_run")
# Asked once a second by the reaper of every process, over all tenants; what it changes is done tenant by tenant.
TENANTS_WITH_LATE: Final = composed(
    """
    SELECT DISTINCT r.tenant_id FROM runs r
     WHERE r.status IN ('claimed', 'starting', 'running') AND r.lease_until <= now()
    """
)

GLOBAL_PLACE: Final = UUID(int=0)
# Members that an event gets besides its own, as JSON.
NO_DETAILS: Final = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """One request to queue a run."""

    task_id: str
    action: str
    key: str | None
    run_id: UUID
    metadata: str | None
    channel: str | None
    actor: tuple[str, str]
    origin: tuple[str, str]
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One agent session asking for runs."""

    session_id: UUID
    wanted: int
    lease_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which runs a claim may take; claims with equal criteria share a statement."""

    place: UUID
    capabilities: tuple[str, ...]
    priority_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """One heartbeat."""

    run_id: UUID
    session_id: UUID
    epoch: int | None
    lease_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """One end of a run: outcome `completed` with a result, or `failed` with an error."""

    run_id: UUID
    session_id: UUID
    epoch: int | None
    outcome: str
    result: str | None
    error: str | None
    metadata: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One run given back."""

    run_id: UUID
    session_id: UUID
    epoch: int | None
    reason: str | None


async def enqueue(db: Database, tenant_id: UUID, asked: Sequence[Enqueue]) -> list[Record]:
    """`ord, verdict, existing_run_id, sequence` and the run's columns, a record for each request in order."""
    return await db.write(ENQUEUE, tenant_id, Lane.LEASES, **_enqueue_arguments(asked, with_dependents=False))


async def enqueue_in(tx: Tx, tenant_id: UUID, asked: Enqueue) -> Record:
    """`enqueue` for one request within a transaction that holds the locks of the task and its dependents."""
    (record,) = await tx.fetch(ENQUEUE, tenant_id=tenant_id, **_enqueue_arguments([asked], with_dependents=True))
    tx.wrote_events(tenant_id)
    return record


def _enqueue_arguments(asked: Sequence[Enqueue], *, with_dependents: bool) -> dict[str, Any]:
    return {
        "with_dependents": with_dependents,
        "task_ids": [a.task_id for a in asked],
        "actions": [a.action for a in asked],
        "keys": [a.key for a in asked],
        "run_ids": [a.run_id for a in asked],
        "metadata": [a.metadata for a in asked],
        "channels": [a.channel for a in asked],
        "actor_kinds": [a.actor[0] for a in asked],
        "actor_refs": [a.actor[1] for a in asked],
        "origin_kinds": [a.origin[0] for a in asked],
        "origin_refs": [a.origin[1] for a in asked],
        "not_befores": [a.not_before for a in asked],
    }


async def claim(db: Database, tenant_id: UUID, criteria: Criteria, asked: Sequence[Claim]) -> list[Record]:
    """`ord, sequence` and the run's columns, a record a run, at least one; the first also says who was found."""
    return await db.write(
        CLAIM_PREFERRED if criteria.capabilities else CLAIM,
        tenant_id,
        Lane.LEASES,
        place=criteria.place,
        capabilities=criteria.capabilities,
        priority_min=criteria.priority_min,
        session_ids=[a.session_id for a in asked],
        wanted=[a.wanted for a in asked],
        lease_seconds=[a.lease_seconds for a in asked],
    )


async def extend(db: Database, tenant_id: UUID, asked: Sequence[Extend]) -> list[Record]:
    """`ord, sequence` and the run's columns for each lease that was still held."""
    return await db.write(
        EXTEND,
        tenant_id,
        Lane.LEASES,
        run_ids=[a.run_id for a in asked],
        session_ids=[a.session_id for a in asked],
        epochs=[a.epoch for a in asked],
        lease_seconds=[a.lease_seconds for a in asked],
    )


async def finish(db: Database, tenant_id: UUID, asked: Sequence[Finish]) -> list[Record]:
    """`ord, sequence` and the run's columns for each run that was still held."""
    return await db.write(FINISH, tenant_id, Lane.LEASES, **_finish_arguments(asked, with_dependents=False))


async def finish_in(tx: Tx, tenant_id: UUID, asked: Finish) -> Record | None:
    """`finish` for one request within a transaction that holds the locks of the task and its dependents."""
    rows = await tx.fetch(FINISH, tenant_id=tenant_id, **_finish_arguments([asked], with_dependents=True))
    tx.wrote_events(tenant_id)
    return rows[0] if rows else None


def _finish_arguments(asked: Sequence[Finish], *, with_dependents: bool) -> dict[str, Any]:
    return {
        "with_dependents": with_dependents,
        "run_ids": [a.run_id for a in asked],
        "session_ids": [a.session_id for a in asked],
        "epochs": [a.epoch for a in asked],
        "outcomes": [a.outcome for a in asked],
        "results": [a.result for a in asked],
        "errors": [a.error for a in asked],
        "metadata": [a.metadata for a in asked],
    }


async def release(db: Database, tenant_id: UUID, asked: Sequence[Release]) -> list[Record]:
    """`ord, sequence` and the run's columns for each run that was still held."""
    return await db.write(
        RELEASE,
        tenant_id,
        Lane.LEASES,
        run_ids=[a.run_id for a in asked],
        session_ids=[a.session_id for a in asked],
        epochs=[a.epoch for a in asked],
        reasons=[a.reason for a in asked],
    )


async def expire(db: Database, tenant_id: UUID, *, most: int, session_id: UUID | None = None) -> list[RunRow]:
    """The runs that were taken from holders whose lease has ended."""
    rows = await db.write(
        EXPIRE,
        tenant_id,
        Lane.LEASES,
        most=most,
        session_id=session_id,
        expired_error=LEASE_EXPIRED_ERROR,
        actor_kind=REAPER.kind,
        actor_ref=REAPER.ref,
        origin_kind=REAPER_ORIGIN.kind,
        origin_ref=REAPER_ORIGIN.ref,
    )
    return RunRow.all(rows)


async def tenants_with_late_leases(db: Database) -> list[UUID]:
    """Tenants in which a lease has ended without an answer."""
    return [row["tenant_id"] for row in await db.fetch(TENANTS_WITH_LATE, Lane.LEASES)]


async def cancel(
    db: Database,
    tenant_id: UUID,
    run_id: UUID,
    *,
    actor: tuple[str, str],
    origin: tuple[str, str],
    reason: str | None,
    details: str = NO_DETAILS,
) -> Record | None:
    """`sequence` and the run's columns, or None where the run had ended or is unknown."""
    rows = await db.write(
        CANCEL,
        tenant_id,
        Lane.LEASES,
        run_id=run_id,
        actor_kind=actor[0],
        actor_ref=actor[1],
        origin_kind=origin[0],
        origin_ref=origin[1],
        reason=reason,
        details=details,
    )
    return rows[0] if rows else None
