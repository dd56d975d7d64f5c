"""A run in the words of the workspaces API: where it stands, its steps, and what is only told once it has ended."""

from dataclasses import replace

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import ApprovalState
from app.domain.tasks.steps import SaidStep, StepStatus
from app.loaders.reader import Reader
from app.loaders.tasks import run_by_id, task_by_id
from app.services.registry import Services
from app.services.reports import Report
from app.storage.rows.task import RunRow, TaskRow
from app.web.rest.workspaces import run_dto, run_shapes
from tests.support.grid import make_empty, make_task
from tests.support.talk import agent, take


async def queued(services: Services, db: Database, viewer: Viewer) -> tuple[str, RunRow, TaskRow]:
    """The id of a workspace with a queued run, the run and its task."""
    place = str((await make_empty(services, viewer)).id)
    task_id = await make_task(services, viewer, workspace_id=place)
    run = (await services.tasks.enqueue(viewer, task_id, action="start", key=None, metadata={"a": 1})).run
    (task,) = await task_by_id(Reader(db, viewer), [task_id])
    assert task is not None
    return place, run, task


async def shown(db: Database, viewer: Viewer, run: RunRow) -> run_shapes.Run:
    """The run as it is now."""
    reader = Reader(db, viewer)
    (row,) = await run_by_id(reader, [run.id])
    assert row is not None
    return run_dto.run(await run_dto.told(reader, row))


async def test_where_a_run_stands_has_words_of_its_own(services: Services, db: Database, viewer: Viewer) -> None:
    _, run, task = await queued(services, db, viewer)
    words = {status: run_dto.status(replace(run, status=status), task) for status in RunStatus}
    assert words == {
        RunStatus.QUEUED: "pending",
        RunStatus.CLAIMED: "running",
        RunStatus.STARTING: "running",
        RunStatus.RUNNING: "running",
        RunStatus.COMPLETED: "completed",
        RunStatus.FAILED: "failed",
        RunStatus.CANCELED: "cancelled",
    }
    waiting = replace(task, approval_state=ApprovalState.PENDING)
    assert run_dto.status(run, waiting) == "awaiting_approval"
    assert run_dto.status(replace(run, status=RunStatus.RUNNING), waiting) == "running"
    assert run_dto.status(run, None) == "pending"


@pytest.mark.parametrize("ends", [True, False], ids=["completed", "failed"])
async def test_the_outcome_is_told_once_the_run_has_completed(
    services: Services, db: Database, viewer: Viewer, ends: bool
) -> None:
    place, run, _ = await queued(services, db, viewer)
    worker = await agent(services, viewer, place)
    await take(services, viewer, worker)
    steps = [SaidStep(step_key="a", status=StepStatus.CANCELED), SaidStep(step_key="b", input={"x": None}, output="y")]
    said = Report(steps=steps, outcome="Nine beans.", transcript_append="I count.")
    await services.leases.report(viewer, worker, str(run.id), said)
    held = await shown(db, viewer, run)
    assert (held.outcome, held.transcript_content, held.context) == (None, "I count.", {"a": 1})
    assert held.transcript_updated_at is not None and held.completed_at is None
    assert [(step.sequence, step.step_key, step.status, step.input, step.output) for step in held.steps] == [
        (held.steps[0].sequence, "a", "cancelled", None, None),
        (held.steps[1].sequence, "b", "running", {"x": None}, "y"),
    ]
    again = await shown(db, viewer, run)
    assert [step.id for step in again.steps] == [step.id for step in held.steps]
    assert len({step.id for step in held.steps}) == 2
    if ends:
        await services.leases.complete(viewer, worker, str(run.id), result=[1])
    else:
        await services.leases.fail(viewer, worker, str(run.id), error="no beans")
    ended = await shown(db, viewer, run)
    assert (ended.outcome is not None, ended.completed_at is not None) == (ends, True)
    assert (ended.result, ended.error) == (([1], None) if ends else (None, "no beans"))
    assert ended.outcome is None or ended.outcome.summary == "Nine beans."
