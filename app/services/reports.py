"""What a worker says about a run it holds: checked, and stored together or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from app.db.engine import Database, Lane
from app.domain.errors import BadInput, TooLarge
from app.domain.tasks.lease import RESULT_BYTES_MAX
from app.domain.tasks.steps import STEPS_PER_RUN_MAX, SaidStep, checked_steps
from app.domain.text import checked, json_text
from app.storage import run_steps, runs
from app.storage.rows.task import RunRow

TRANSCRIPT_LENGTH_MAX: Final = 64 * 1024
MESSAGE_LENGTH_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a worker may say about its run; None leaves a member as it is."""

    fraction: float | None = None
    message: str | None = None
    outcome: object = None
    usage: object = None
    transcript_append: str | None = None
    steps: Sequence[SaidStep] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedReport:
    """A report in the form in which it is stored; JSON is text."""

    fraction: float | None
    message: str | None
    outcome: str | None
    usage: str | None
    transcript: str | None
    steps: str | None
    told_steps: str | None


def checked_report(said: Report) -> CheckedReport:
    """The report, or BadInput naming the member that breaks a rule."""
    if said.fraction is not None and not 0 <= said.fraction <= 1:
        raise BadInput(f"progress.fraction is {said.fraction}; give 0 to 1.", field="progress.fraction")
    steps = checked_steps(said.steps)
    told = [{name: step[name] for name in ("step_key", "status") if name in step} for step in steps]
    return CheckedReport(
        fraction=said.fraction,
        message=said.message and checked(said.message, "progress.message", longest=MESSAGE_LENGTH_MAX, blank=True),
        outcome=_json_or_none(said.outcome, "outcome"),
        usage=_json_or_none(said.usage, "usage"),
        transcript=said.transcript_append
        and checked(said.transcript_append, "transcriptAppend", longest=TRANSCRIPT_LENGTH_MAX, blank=True),
        steps=orjson.dumps(steps).decode() if steps else None,
        told_steps=orjson.dumps(told).decode() if steps else None,
    )


async def store_report(
    db: Database, tenant_id: UUID, report: CheckedReport, *, run_id: UUID, session_id: UUID, epoch: int | None
) -> tuple[RunRow, int] | None:
    """The run and the sequence of the event that says so; None where the claim is gone."""
    new = runs.NewReport(
        run_id=run_id,
        session_id=session_id,
        epoch=epoch,
        fraction=report.fraction,
        message=report.message,
        outcome=report.outcome,
        usage=report.usage,
        transcript=report.transcript,
        told_steps=report.told_steps,
    )
    if report.steps is None:
        return await runs.report(db, tenant_id, new)
    # The run is locked first: another report of its holder waits, so that its steps are counted right.
    async with db.transaction(Lane.LEASES) as tx:
        if not await runs.hold(tx, tenant_id, new):
            return None
        total = await run_steps.store(tx, tenant_id, run_id, report.steps)
        if total > STEPS_PER_RUN_MAX:
            raise TooLarge(
                f"The run would have {total} steps; at most {STEPS_PER_RUN_MAX} are allowed.",
                field="steps",
                limit=STEPS_PER_RUN_MAX,
            )
        return await runs.report_in(tx, tenant_id, new)


def _json_or_none(value: object, field: str) -> str | None:
    return None if value is None else json_text(value, field, bytes_max=RESULT_BYTES_MAX)
