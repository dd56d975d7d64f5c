"""The statement behind the dashboard."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.statement import Statement
from app.db.tx import Record
from app.domain.tasks.dashboard import (
    ACTIVE_RUNS_SHOWN,
    CLAIMED_STUCK_SECONDS,
    RUNNING_STUCK_SECONDS,
    STARTING_STUCK_SECONDS,
    Counted,
    Dashboard,
    LatencyMetric,
    age_ms,
    dashboard,
)
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskStatus
from app.storage.rows.dashboard import ActiveRunRow
from app.storage.rows.joined import row_at
from app.storage.rows.task import RunRow, TaskRow
from app.storage.statements import composed, source_of
from app.storage.task_filter import STATEMENTS_MAX, Filter, conditions

SOURCE: Final = source_of("dashboard")
# A run repeats its task's place, so that most dashboards count runs without looking at their tasks.
RUN_CONDITIONS: Final[Mapping[str, str]] = {
    "scope": "AND (r.workspace_id IS NULL) = (:scope = 'global')",
    "workspace_id": "AND r.workspace_id = CAST(:workspace_id AS uuid)",
    "network_channel": "AND r.network_channel = :network_channel",
    "origin_kind": "AND r.origin_kind = :origin_kind",
}
OF_MY_TASKS: Final = "AND r.task_id IN (SELECT m.id FROM mine m)"
SINCE: Final[Mapping[RunStatus, tuple[str, ...]]] = {
    RunStatus.RUNNING: ("started_at", "claimed_at", "queued_at"),
    RunStatus.STARTING: ("claimed_at", "queued_at"),
    RunStatus.CLAIMED: ("claimed_at", "queued_at"),
    RunStatus.QUEUED: ("queued_at",),
}


@lru_cache(maxsize=STATEMENTS_MAX)
def statement(names: tuple[str, ...]) -> Statement:
    """The statement for one combination of conditions."""
    of_runs = [RUN_CONDITIONS[name] for name in names if name in RUN_CONDITIONS]
    if any(name not in ("scope", "workspace_id") for name in names):
        of_runs.append(OF_MY_TASKS)
    source = SOURCE.replace("{task_conditions}", conditions(names)).replace("{run_conditions}", " ".join(of_runs))
    return composed(source, name=f"dashboard:{'+'.join(names)}")


async def read(db: Database, tenant_id: UUID, user_id: UUID, wanted: Filter) -> Dashboard[ActiveRunRow]:
    """The dashboard of the tasks the user may see, in one statement."""
    given = wanted.given()
    rows = await db.fetch(
        statement(tuple(given)),
        Lane.MAIN,
        tenant_id=tenant_id,
        user_id=user_id,
        claimed_stuck=CLAIMED_STUCK_SECONDS,
        starting_stuck=STARTING_STUCK_SECONDS,
        running_stuck=RUNNING_STUCK_SECONDS,
        most=ACTIVE_RUNS_SHOWN,
        **given,
    )
    return dashboard(_counted(rows[0]), [found for row in rows if (found := _active_run(row)) is not None])


def _counted(row: Record) -> Counted:
    return Counted(
        observed_at=row["observed_at"],
        tasks={TaskStatus(status): count for status, count in row["tasks"].items()},
        runs={RunStatus(status): count for status, count in row["runs"].items()},
        awaiting_approval=row["awaiting_approval"],
        dependency_blocked=row["dependency_blocked"],
        forced_stops=row["forced_stops"],
        claim_latency=LatencyMetric.of(row["claims"], row["claim_ms"], row["claim_ms_max"]),
        start_latency=LatencyMetric.of(row["starts"], row["start_ms"], row["start_ms_max"]),
        stuck_runs=row["stuck_runs"],
        orphan_runs=row["orphan_runs"],
        next_stuck_at=row["next_stuck_at"],
        queues=list(zip(row["channels"], row["depths"], row["oldest"], strict=True)),
        latest_activity_at=row["latest_activity_at"],
    )


def _active_run(row: Record) -> ActiveRunRow | None:
    beside = len(TaskRow.columns()) + len(RunRow.columns())
    task, run = row_at(row, -beside, TaskRow), row_at(row, -len(RunRow.columns()), RunRow)
    if task is None or run is None:
        return None
    return ActiveRunRow(
        run=run,
        task=task,
        last_activity_at=row["last_activity_at"],
        age_ms=age_ms(row["observed_at"], _since(run)),
        stuck=row["stuck"],
    )


def _since(run: RunRow) -> datetime:
    """When the run entered the state it is in."""
    found: datetime = next(at for name in SINCE[run.status] if (at := getattr(run, name)) is not None)
    return found
