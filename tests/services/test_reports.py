"""Steps that workers report: made once, changed by key, whole or not at all, and only by who holds the run."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, LeaseLost, NotFound, TooLarge
from app.domain.tasks.steps import (
    ENDED,
    SEQUENCE_MAX,
    STEPS_PER_REPORT_MAX,
    STEPS_PER_RUN_MAX,
    SaidStep,
    StepSource,
    StepStatus,
)
from app.services.leases import Moved
from app.services.registry import Services
from app.services.reports import Report
from app.storage import run_steps, runs
from app.storage.rows.run import RunStepRow
from app.storage.statements import composed
from tests.services.test_leases import AGE_LEASES, changes_nothing, claimed, queued, session
from tests.support.log import event_types

STEPS = composed("SELECT * FROM run_steps ORDER BY run_id, sequence, step_key")
LAST = composed("SELECT payload FROM events WHERE type = 'task.run_reported' ORDER BY sequence DESC LIMIT 1")


async def held(services: Services, viewer: Viewer) -> tuple[str, UUID]:
    """An agent session and the run it holds."""
    await queued(services, viewer)
    worker = await session(services, viewer)
    return worker, (await claimed(services, viewer, worker)).id


async def say(services: Services, viewer: Viewer, worker: str, run: UUID, *said: SaidStep, **more: Any) -> Moved:
    """Report these steps."""
    return await services.leases.report(viewer, worker, str(run), Report(steps=said), **more)


async def steps_of(db: Database, viewer: Viewer, run: UUID) -> list[RunStepRow]:
    """The steps in their order."""
    return await run_steps.by_run(db, viewer.tenant_id, [run])


async def test_steps_are_made_in_the_order_in_which_they_were_said(
    db: Database, services: Services, viewer: Viewer
) -> None:
    worker, run = await held(services, viewer)
    await say(services, viewer, worker, run, SaidStep(step_key="b"), SaidStep(step_key="a", tool_name="grep"))
    await say(services, viewer, worker, run, SaidStep(step_key="z", sequence=9), SaidStep(step_key="first", sequence=0))
    await say(services, viewer, worker, run, SaidStep(step_key="c"), SaidStep(step_key="d", status=StepStatus.PENDING))
    found = await steps_of(db, viewer, run)
    assert [(step.step_key, step.sequence, step.source_type, step.status) for step in found] == [
        ("first", 0, StepSource.SYSTEM, StepStatus.RUNNING),
        ("b", 1, StepSource.SYSTEM, StepStatus.RUNNING),
        ("a", 2, StepSource.TOOL, StepStatus.RUNNING),
        ("z", 9, StepSource.SYSTEM, StepStatus.RUNNING),
        ("c", 10, StepSource.SYSTEM, StepStatus.RUNNING),
        ("d", 11, StepSource.SYSTEM, StepStatus.PENDING),
    ]
    assert [step.started_at is not None for step in found] == [True] * 5 + [False]
    assert {(step.completed_at, step.duration_ms) for step in found} == {(None, None)}


async def test_what_comes_after_the_last_place_there_is_takes_that_place(
    db: Database, services: Services, viewer: Viewer
) -> None:
    worker, run = await held(services, viewer)
    await say(services, viewer, worker, run, SaidStep(step_key="b", sequence=SEQUENCE_MAX))
    await say(services, viewer, worker, run, SaidStep(step_key="c"), SaidStep(step_key="a"))
    found = await steps_of(db, viewer, run)
    assert [(step.step_key, step.sequence) for step in found] == [(key, SEQUENCE_MAX) for key in "abc"]


async def test_a_step_is_changed_by_its_key_and_what_is_not_said_stays(
    db: Database, services: Services, viewer: Viewer
) -> None:
    worker, run = await held(services, viewer)
    first = SaidStep(
        step_key="a", sequence=3, source_type=StepSource.QUERY, tool_name="sql", tool_call_id="c", input={"q": 1}
    )
    await say(services, viewer, worker, run, first)
    (began,) = await steps_of(db, viewer, run)
    await say(services, viewer, worker, run, SaidStep(step_key="a", status=StepStatus.COMPLETED, output=[1]))
    (ended,) = await steps_of(db, viewer, run)
    assert (ended.sequence, ended.source_type, ended.tool_name, ended.tool_call_id, ended.started_at) == (
        3,
        StepSource.QUERY,
        "sql",
        "c",
        began.started_at,
    )
    assert (ended.status, ended.error) == (StepStatus.COMPLETED, None)
    assert ended.duration_ms is not None and 0 <= ended.duration_ms < 60_000
    await say(services, viewer, worker, run, SaidStep(step_key="a", error="late"))
    ((_, payload),) = await run_steps.payloads(db, viewer.tenant_id, [ended.key])
    assert (payload.input, payload.output) == ({"q": 1}, [1])
    (told,) = await steps_of(db, viewer, run)
    assert (told.status, told.error, told.completed_at) == (StepStatus.COMPLETED, "late", ended.completed_at)


async def test_a_step_that_begins_again_forgets_how_it_ended(db: Database, services: Services, viewer: Viewer) -> None:
    worker, run = await held(services, viewer)
    then = utc_now() - timedelta(hours=1)
    failed = SaidStep(
        step_key="a",
        status=StepStatus.FAILED,
        error="no",
        output=1,
        input=2,
        started_at=then,
        completed_at=then + timedelta(milliseconds=1_500),
    )
    await say(services, viewer, worker, run, failed)
    (step,) = await steps_of(db, viewer, run)
    assert (step.duration_ms, step.started_at) == (1_500, then)
    await say(services, viewer, worker, run, SaidStep(step_key="a", status=StepStatus.RUNNING))
    (again,) = await steps_of(db, viewer, run)
    ((_, payload),) = await run_steps.payloads(db, viewer.tenant_id, [again.key])
    assert (again.status, again.error, again.completed_at, payload.output, payload.input) == (
        StepStatus.RUNNING,
        None,
        None,
        None,
        2,
    )
    assert again.started_at is not None and again.started_at > then + timedelta(minutes=1)


async def test_a_report_of_steps_is_one_event_that_names_them(db: Database, services: Services, viewer: Viewer) -> None:
    worker, run = await held(services, viewer)
    said = (SaidStep(step_key="a", status=StepStatus.COMPLETED, output="x" * 50_000), SaidStep(step_key="b"))
    report = Report(steps=said, fraction=0.5, outcome={"summary": "s"}, usage={"inputTokens": 1}, transcript_append="t")
    moved = await services.leases.report(viewer, worker, str(run), report, epoch=1)
    assert moved.run.id == run
    [row] = await db.fetch(LAST)
    assert row["payload"] == {
        "status": "claimed",
        "progress": {"fraction": 0.5},
        "steps": [{"step_key": "a", "status": "completed"}, {"step_key": "b"}],
    }
    (kept,) = await runs.reports(db, viewer.tenant_id, [run])
    assert (kept.progress_fraction, kept.outcome, kept.usage, kept.transcript) == (
        0.5,
        {"summary": "s"},
        {"inputTokens": 1},
        "t",
    )
    assert (await event_types(db, viewer.tenant_id)).count("task.run_reported") == 1
    await services.leases.report(viewer, worker, str(run), Report(fraction=0.6))
    [row] = await db.fetch(LAST)
    assert "steps" not in row["payload"]


async def test_watchers_are_told_after_the_commit(db: Database, services: Services, viewer: Viewer) -> None:
    worker, run = await held(services, viewer)
    told: list[object] = []
    db.on_commit(told.append)
    await say(services, viewer, worker, run, SaidStep(step_key="a"))
    assert told == [{viewer.tenant_id}]


async def test_a_run_has_1000_steps_at_most(db: Database, services: Services, viewer: Viewer) -> None:
    worker, run = await held(services, viewer)
    size = STEPS_PER_REPORT_MAX
    for start in range(0, STEPS_PER_RUN_MAX, size):
        await say(services, viewer, worker, run, *[SaidStep(step_key=str(start + at)) for at in range(size)])
    before = await db.fetch(STEPS)
    assert len(before) == STEPS_PER_RUN_MAX
    known = SaidStep(step_key="0", status=StepStatus.COMPLETED)
    refusal = await changes_nothing(db, say(services, viewer, worker, run, known, SaidStep(step_key="more")), TooLarge)
    assert (refusal.field, dict(refusal.facts)) == ("steps", {"limit": STEPS_PER_RUN_MAX})
    assert await db.fetch(STEPS) == before
    await say(services, viewer, worker, run, known)
    assert (await steps_of(db, viewer, run))[0].status is StepStatus.COMPLETED


async def test_reports_at_the_same_time_stay_within_the_limit_too(
    db: Database, services: Services, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.reports.STEPS_PER_RUN_MAX", 10)
    worker, run = await held(services, viewer)
    many = [
        say(services, viewer, worker, run, *[SaidStep(step_key=f"{one}.{at}") for at in range(4)]) for one in range(6)
    ]
    answers = await asyncio.gather(*many, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Moved"] * 2 + ["TooLarge"] * 4
    found = await steps_of(db, viewer, run)
    assert [step.sequence for step in found] == list(range(1, 9))


async def test_a_report_that_breaks_a_rule_changes_nothing(db: Database, services: Services, viewer: Viewer) -> None:
    worker, run = await held(services, viewer)
    good = SaidStep(step_key="good")
    for bad in (SaidStep(step_key="\x00"), SaidStep(step_key="good"), SaidStep(step_key="a", output=["\x00"])):
        await changes_nothing(db, say(services, viewer, worker, run, good, bad), BadInput)
    many = [SaidStep(step_key=str(at)) for at in range(STEPS_PER_REPORT_MAX + 1)]
    await changes_nothing(db, say(services, viewer, worker, run, *many), TooLarge)
    assert await db.fetch(STEPS) == []


async def test_who_no_longer_holds_the_run_changes_nothing(db: Database, services: Services, viewer: Viewer) -> None:
    worker, run = await held(services, viewer)
    await say(services, viewer, worker, run, SaidStep(step_key="a", output=1), epoch=1)
    await services.leases.release(viewer, worker, str(run), epoch=1)
    again = await claimed(services, viewer, worker)
    assert (again.id, again.lease_epoch) == (run, 2)
    before = await db.fetch(STEPS)
    late = SaidStep(step_key="a", status=StepStatus.FAILED, output=2)
    new = SaidStep(step_key="b")
    other = await session(services, viewer)
    await changes_nothing(db, say(services, viewer, worker, run, late, new, epoch=1), LeaseLost)
    await changes_nothing(db, say(services, viewer, other, run, late, new), LeaseLost)
    assert await db.fetch(STEPS) == before
    await db.fetch(AGE_LEASES, tenant_id=viewer.tenant_id)
    await changes_nothing(db, say(services, viewer, worker, run, late, new, epoch=2), LeaseLost)
    assert await db.fetch(STEPS) == before


async def test_a_run_that_ended_takes_no_more_steps(db: Database, services: Services, viewer: Viewer) -> None:
    worker, run = await held(services, viewer)
    await services.leases.complete(viewer, worker, str(run))
    await changes_nothing(db, say(services, viewer, worker, run, SaidStep(step_key="a")), LeaseLost)
    assert await db.fetch(STEPS) == []


async def test_an_unknown_run_has_no_steps(db: Database, services: Services, viewer: Viewer, outsider: Viewer) -> None:
    _, run = await held(services, viewer)
    theirs = await session(services, outsider)
    for id in (run, UUID(int=0)):
        refused = services.leases.report(outsider, theirs, str(id), Report(steps=[SaidStep(step_key="a")]))
        await changes_nothing(db, refused, NotFound)
    assert await db.fetch(STEPS) == []


async def test_a_later_holder_goes_on_with_the_steps_of_an_earlier_one(
    db: Database, services: Services, viewer: Viewer
) -> None:
    worker, run = await held(services, viewer)
    await say(
        services, viewer, worker, run, SaidStep(step_key="a", status=StepStatus.COMPLETED), SaidStep(step_key="b")
    )
    await services.leases.release(viewer, worker, str(run))
    other = await session(services, viewer)
    await claimed(services, viewer, other)
    await say(services, viewer, other, run, SaidStep(step_key="b", status=StepStatus.COMPLETED), SaidStep(step_key="c"))
    assert [(step.step_key, step.status) for step in await steps_of(db, viewer, run)] == [
        ("a", StepStatus.COMPLETED),
        ("b", StepStatus.COMPLETED),
        ("c", StepStatus.RUNNING),
    ]


KEYS = st.sampled_from(["a", "b", "c"])
SAID = st.builds(
    SaidStep,
    step_key=KEYS,
    sequence=st.none() | st.integers(0, 5),
    source_type=st.none() | st.sampled_from(StepSource),
    status=st.none() | st.sampled_from(StepStatus),
    tool_name=st.none() | st.just("grep"),
    input=st.none() | st.integers(0, 3) | st.just({}),
    output=st.none() | st.integers(0, 3) | st.just([]),
    error=st.none() | st.just("no"),
)
REPORTS = st.lists(st.lists(SAID, min_size=1, max_size=3, unique_by=lambda step: step.step_key), max_size=5)


def applied(known: dict[str, dict[str, Any]], said: list[SaidStep]) -> dict[str, dict[str, Any]]:
    """The steps after a report, by the rules as docs/worker.md tells them."""
    last = max((step["sequence"] for step in known.values()), default=0)
    after = dict(known)
    for at, step in enumerate(said, start=1):
        old = known.get(step.step_key, {})
        if old and old["status"] in ENDED and step.status is not None and step.status not in ENDED:
            old = {**old, "output": None, "error": None}
        default = StepSource.SYSTEM if step.tool_name is None else StepSource.TOOL
        names = ("sequence", "source_type", "status", "tool_name", "input", "output", "error")
        new = {name: old.get(name) if getattr(step, name) is None else getattr(step, name) for name in names}
        missing = {"sequence": last + at, "source_type": default, "status": StepStatus.RUNNING}
        after[step.step_key] = new | {name: value for name, value in missing.items() if new[name] is None}
    return after


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=REPORTS)
async def test_steps_follow_their_rules_whatever_is_said(
    db: Database, services: Services, viewer: Viewer, reports: list[list[SaidStep]]
) -> None:
    worker, run = await held(services, viewer)
    expected: dict[str, dict[str, Any]] = {}
    for said in reports:
        await say(services, viewer, worker, run, *said)
        expected = applied(expected, said)
    found = await steps_of(db, viewer, run)
    payloads = dict(await run_steps.payloads(db, viewer.tenant_id, [step.key for step in found]))
    assert [step.step_key for step in found] == sorted(expected, key=lambda key: (expected[key]["sequence"], key))
    for step in found:
        wanted = expected[step.step_key]
        kept = {name: getattr(step, name) for name in wanted if name not in ("input", "output")}
        assert kept | {"input": payloads[step.key].input, "output": payloads[step.key].output} == wanted
        assert (step.completed_at is not None) == (step.status in ENDED)
        assert step.status is not StepStatus.RUNNING or step.started_at is not None
