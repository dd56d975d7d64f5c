"""Statements that read runs and their reports."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.tx import Tx
from app.domain.tasks.events import EventType
from app.storage.rows.task import RunReportRow, RunRow, RunTraces
from app.storage.statements import composed, load

BY_ID: Final = composed(
    "SELECT {run:r} FROM runs r WHERE r.tenant_id = :tenant_id AND r.id = ANY (CAST(:ids AS uuid[]))"
)
VISIBLE_BY_ID: Final = composed(
    """
    SELECT {run:r} FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.id = ANY (CAST(:ids AS uuid[]))
       AND {visible:r}
    """
)
BY_TASK: Final = composed(
    """
    SELECT {run:r}
      FROM unnest(CAST(:task_ids AS text[])) AS asked(task_id)
      CROSS JOIN LATERAL (
          SELECT * FROM runs WHERE runs.tenant_id = :tenant_id AND runs.task_id = asked.task_id
           ORDER BY runs.attempt DESC, runs.id DESC LIMIT CAST(:most AS int)
      ) r
    """
)
# What was last heard of a run, and which tools its worker named.
TRACES: Final = composed(
    """
    SELECT e.type AS last_type, e.created_at AS last_at, s.tool_calls
      FROM (SELECT count(DISTINCT s.tool_call_id) AS tool_calls FROM run_steps s
             WHERE s.tenant_id = :tenant_id AND s.run_id = CAST(:run_id AS uuid)) s
      LEFT JOIN LATERAL (
          SELECT e.type, e.created_at FROM events e
           WHERE e.tenant_id = :tenant_id AND e.run_id = CAST(:run_id AS uuid)
           ORDER BY e.sequence DESC LIMIT 1
      ) e ON true
    """
)
REPORTS: Final = composed(
    """
    SELECT {run_report:p} FROM run_reports p
     WHERE p.tenant_id = :tenant_id AND p.run_id = ANY (CAST(:run_ids AS uuid[]))
    """
)
REPORT: Final = load("report_run")
# The guard of report_run, for a report that is more than one statement.
HOLD: Final = composed(
    """
    SELECT r.id FROM runs r
     WHERE r.tenant_id = :tenant_id AND r.id = CAST(:run_id AS uuid)
       AND r.agent_session_id = CAST(:session_id AS uuid)
       AND r.status IN ('claimed', 'starting', 'running') AND r.lease_until > now()
       AND (CAST(:epoch AS bigint) IS NULL OR r.lease_epoch = CAST(:epoch AS bigint))
       FOR NO KEY UPDATE
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """What the holder of a run says; JSON is text, and None leaves what is stored as it is.

    `told_steps` is what the event tells of the steps that come with the report.
    """

    run_id: UUID
    session_id: UUID
    epoch: int | None
    fraction: float | None
    message: str | None
    outcome: str | None
    usage: str | None
    transcript: str | None
    told_steps: str | None


async def by_id(db: Database, tenant_id: UUID, ids: Sequence[UUID]) -> list[RunRow]:
    """The runs that exist among the ids."""
    return RunRow.all(await db.fetch(BY_ID, tenant_id=tenant_id, ids=ids))


async def by_id_in(tx: Tx, tenant_id: UUID, id: UUID) -> RunRow | None:
    """The run as a transaction sees it."""
    row = await tx.fetchrow(BY_ID, tenant_id=tenant_id, ids=[id])
    return None if row is None else RunRow.of(row)


async def visible_by_id(db: Database, tenant_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[RunRow]:
    """The runs among the ids that the user may see."""
    return RunRow.all(await db.fetch(VISIBLE_BY_ID, tenant_id=tenant_id, user_id=user_id, ids=ids))


async def by_task(db: Database, tenant_id: UUID, task_ids: Sequence[str], *, most: int) -> list[RunRow]:
    """The newest runs of each task, newest first, at most so many each."""
    rows = await db.fetch(BY_TASK, tenant_id=tenant_id, task_ids=task_ids, most=most)
    return RunRow.all(rows)


async def traces(db: Database, tenant_id: UUID, run_id: UUID) -> RunTraces:
    """What else is known of one run."""
    row = await db.fetchrow(TRACES, tenant_id=tenant_id, run_id=run_id)
    assert row is not None
    last = None if row["last_type"] is None else EventType(row["last_type"])
    return RunTraces(last_event_type=last, last_event_at=row["last_at"], tool_calls=row["tool_calls"])


async def reports(db: Database, tenant_id: UUID, run_ids: Sequence[UUID]) -> list[RunReportRow]:
    """What workers reported about the runs."""
    return RunReportRow.all(await db.fetch(REPORTS, tenant_id=tenant_id, run_ids=run_ids))


async def report(db: Database, tenant_id: UUID, said: NewReport) -> tuple[RunRow, int] | None:
    """Store what the holder of a run says about it; None where the claim is gone."""
    rows = await db.write(REPORT, tenant_id, Lane.LEASES, **_arguments(said))
    return (RunRow.of(rows[0]), rows[0]["sequence"]) if rows else None


async def hold(tx: Tx, tenant_id: UUID, said: NewReport) -> bool:
    """Lock the run if it is still held under this claim."""
    row = await tx.fetchrow(HOLD, tenant_id=tenant_id, run_id=said.run_id, session_id=said.session_id, epoch=said.epoch)
    return row is not None


async def report_in(tx: Tx, tenant_id: UUID, said: NewReport) -> tuple[RunRow, int] | None:
    """The same as `report`, together with what else is written in the transaction."""
    row = await tx.fetchrow(REPORT, tenant_id=tenant_id, **_arguments(said))
    if row is None:
        return None
    tx.wrote_events(tenant_id)
    return RunRow.of(row), row["sequence"]


def _arguments(said: NewReport) -> dict[str, object]:
    return {field.name: getattr(said, field.name) for field in fields(said)}
