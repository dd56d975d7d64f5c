"""A run with all that is known of it, and the runs of a task."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.usage import Usage
from app.loaders.agent_sessions import agent_session_by_id
from app.loaders.reader import Reader
from app.loaders.tasks import report_by_run, task_by_id
from app.storage import runs, task_detail
from app.storage.rows.identity import AgentSessionRow
from app.storage.rows.task import RunReportRow, RunRow, RunTraces, TaskRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetail:
    """A run, its task, the agent session bound to it, what its worker reported and what the log tells."""

    run: RunRow
    task: TaskRow
    session: AgentSessionRow | None
    report: RunReportRow | None
    traces: RunTraces

    @property
    def last_activity_at(self) -> datetime:
        """When anything was last heard of the run."""
        run, report = self.run, self.report
        heard = (run.queued_at, run.claimed_at, run.started_at, run.ended_at, run.heartbeat_at)
        told = (self.traces.last_event_at, report.updated_at if report else None)
        return max(at for at in (*heard, *told) if at is not None)

    @property
    def usage(self) -> Usage:
        """Tokens and costs as the worker reported them."""
        return Usage.of(self.report.usage if self.report else None)


async def run_detail(reader: Reader, run: RunRow) -> RunDetail | None:
    """All that is known of a run that was seen already; None if its task is gone by now."""
    task = (await task_by_id(reader, [run.task_id]))[0]
    if task is None:
        return None
    tenant_id = reader.viewer.tenant_id
    bound = run.bound_session_id
    session = None if bound is None else (await agent_session_by_id(reader, [bound]))[0]
    return RunDetail(
        run=run,
        task=task,
        session=session,
        report=(await report_by_run(reader, [run.id]))[0],
        traces=await runs.traces(reader.db, tenant_id, run.id),
    )


async def runs_of_task(
    reader: Reader, task_id: str, *, status: RunStatus | None, session_id: str | None, most: int | None
) -> list[RunRow]:
    """The runs of a task that was seen already, last queued first."""
    wanted = None if status is None else status.value
    return await task_detail.runs(
        reader.db, reader.viewer.tenant_id, task_id, status=wanted, session_id=session_id, most=most
    )
