"""A run with both faces: what the worker reported, in the words of the workspaces API."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid5

from app.domain.sharing.activity import run_word
from app.domain.tasks.outcome import Outcome
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import ApprovalState
from app.domain.tasks.usage import Observability
from app.loaders.reader import Reader
from app.loaders.runs import lineage_by_run, payload_by_step, steps_by_run
from app.loaders.tasks import report_by_run, task_by_id
from app.storage.rows.run import LineageRow, RunStepRow, StepPayload
from app.storage.rows.task import RunReportRow, RunRow, TaskRow
from app.web.rest.workspaces import run_shapes

AWAITING_APPROVAL: Final = "awaiting_approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A run, and all that is known of it."""

    run: RunRow
    task: TaskRow | None
    lineage: LineageRow
    report: RunReportRow | None
    steps: list[tuple[RunStepRow, StepPayload | None]]


async def told(reader: Reader, run: RunRow) -> Told:
    """All that is known of a run that was seen already."""
    steps = (await steps_by_run(reader, [run.id]))[0]
    payloads = await payload_by_step(reader, [step.key for step in steps]) if steps else []
    return Told(
        run=run,
        task=(await task_by_id(reader, [run.task_id]))[0],
        lineage=(await lineage_by_run(reader, [run.id]))[0],
        report=(await report_by_run(reader, [run.id]))[0],
        steps=list(zip(steps, payloads, strict=True)),
    )


def run(found: Told) -> run_shapes.Run:
    """The whole run."""
    row, report, lineage = found.run, found.report, found.lineage
    transcript = None if report is None else report.transcript
    return run_shapes.Run(
        id=row.id,
        status=status(row, found.task),
        task_id=row.task_id,
        task_display_name=None if found.task is None else found.task.title,
        workspace_id=row.workspace_id,
        context=row.metadata,
        result=row.result,
        error=row.error,
        outcome=_outcome(row, report),
        steps=tuple(_step(step, payload) for step, payload in found.steps),
        observability=_observability(report),
        parent_run_id=lineage.parent_run_id,
        root_run_id=lineage.root_run_id,
        depth=lineage.depth,
        origin_thread_id=lineage.thread_id,
        origin_room_id=None,
        origin_room_run_id=None,
        triggered_by=lineage.triggered_by,
        trigger_ref=lineage.trigger_ref,
        transcript_content=transcript,
        transcript_raw_data=None,
        transcript_updated_at=report.updated_at if report is not None and transcript is not None else None,
        workflow_document_id=None,
        workflow_document_title=None,
        workflow_document_version=None,
        workflow_document_version_id=None,
        workflow_document_version_label=None,
        workflow_runtime_snapshot=None,
        created_at=row.queued_at,
        started_at=row.started_at,
        completed_at=row.ended_at,
    )


def status(row: RunRow, task: TaskRow | None) -> str:
    """Where a run stands; one whose task waits for approval waits as well."""
    if row.status is RunStatus.QUEUED and task is not None and task.approval_state is ApprovalState.PENDING:
        return AWAITING_APPROVAL
    return run_word(row.status)


def _step(row: RunStepRow, payload: StepPayload | None) -> run_shapes.RunStep:
    """A step is known by its run and its key, and so is its id."""
    return run_shapes.RunStep(
        id=uuid5(row.run_id, row.step_key),
        sequence=row.sequence,
        step_key=row.step_key,
        source_type=row.source_type.value,
        status=run_word(row.status.value),
        tool_name=row.tool_name,
        tool_call_id=row.tool_call_id,
        input=None if payload is None else payload.input,
        output=None if payload is None else payload.output,
        error=row.error,
        started_at=row.started_at,
        completed_at=row.completed_at,
        duration_ms=row.duration_ms,
    )


def _outcome(row: RunRow, report: RunReportRow | None) -> run_shapes.RunOutcome | None:
    """Null until the run completed, or if nothing was reported."""
    if row.status is not RunStatus.COMPLETED or report is None or report.outcome is None:
        return None
    found = Outcome.of(report.outcome)
    return run_shapes.RunOutcome(
        summary=found.summary,
        artifact_id=found.artifact_id,
        artifact_name=found.artifact_name,
        version=found.version,
        renderer_kind=found.renderer_kind,
        row_count=found.row_count,
    )


def _observability(report: RunReportRow | None) -> run_shapes.RunObservability | None:
    """Null until reported."""
    if report is None or report.usage is None:
        return None
    found = Observability.of(report.usage)
    usage = found.usage
    return run_shapes.RunObservability(
        provider=found.provider,
        model_id=found.model_id,
        trace_provider=found.trace_provider,
        loaded_skill_slugs=found.loaded_skill_slugs,
        usage=run_shapes.RunUsage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_input_tokens=usage.cached_input_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            total_cost=usage.total_cost,
        ),
    )
