"""Enqueue, start and publish: what queues a run, what answers the one there is, and every refusal changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.credentials import Scope
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, Forbidden, NotFound, TooLarge
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import ApprovalPolicy, TaskPriority, TaskScope, TaskStatus
from app.main import build_services
from app.services.registry import Services
from app.services.tasks import Queued
from app.storage.rows.task import TaskRow
from tests.services.test_leases import changes_nothing, claimed, run_now, session, task_now
from tests.services.test_tasks import create, log
from tests.support.grid import make_empty, share
from tests.support.log import counts, event_types
from tests.support.people import make_viewer

ACTIONS = ("enqueue", "start", "publish")


async def finish(services: Services, viewer: Viewer, *, well: bool = True) -> None:
    """Claim the one queued run and end it."""
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    if well:
        await services.leases.complete(viewer, worker, str(run.id))
    else:
        await services.leases.fail(viewer, worker, str(run.id), error="broke")


async def a_draft(services: Services, viewer: Viewer) -> str:
    return (await create(services, viewer, draft=True)).id


async def a_draft_that_waits_for_approval(services: Services, viewer: Viewer) -> str:
    return (await create(services, viewer, draft=True, approval_policy=ApprovalPolicy.MANUAL)).id


async def a_ready_task(services: Services, viewer: Viewer) -> str:
    return (await create(services, viewer)).id


async def a_task_that_waits_for_approval(services: Services, viewer: Viewer) -> str:
    return (await create(services, viewer, approval_policy=ApprovalPolicy.MANUAL)).id


async def a_task_that_waits_for_another(services: Services, viewer: Viewer) -> str:
    task, other = await create(services, viewer), await create(services, viewer)
    await services.task_graph.add_dependency(viewer, task.id, other.id)
    return task.id


async def a_queued_task(services: Services, viewer: Viewer) -> str:
    task = await create(services, viewer)
    await services.tasks.enqueue(viewer, task.id)
    return task.id


async def a_claimed_task(services: Services, viewer: Viewer) -> str:
    id = await a_queued_task(services, viewer)
    await claimed(services, viewer, await session(services, viewer))
    return id


async def a_completed_task(services: Services, viewer: Viewer) -> str:
    id = await a_queued_task(services, viewer)
    await finish(services, viewer)
    return id


async def a_task_that_failed_once(services: Services, viewer: Viewer) -> str:
    id = await a_queued_task(services, viewer)
    await finish(services, viewer, well=False)
    return id


async def a_task_without_attempts_left(services: Services, viewer: Viewer) -> str:
    task = await create(services, viewer, max_attempts=1)
    await services.tasks.enqueue(viewer, task.id)
    await finish(services, viewer, well=False)
    return task.id


async def a_canceled_task(services: Services, viewer: Viewer) -> str:
    task = await create(services, viewer)
    await services.tasks.cancel(viewer, task.id)
    return task.id


Given = Callable[[Services, Viewer], Awaitable[str]]
# What each action answers, by the state of the task: the status after, `existing`, or the
# reason of the refusal; `blocked!` is the refusal of that name.
TABLE: dict[Given, tuple[str, str, str]] = {
    a_draft: ("draft", "draft", "ready"),
    a_draft_that_waits_for_approval: ("draft", "draft", "blocked!"),
    a_ready_task: ("ready", "ready", "not_a_draft"),
    a_task_that_waits_for_approval: ("blocked", "blocked!", "not_a_draft"),
    a_task_that_waits_for_another: ("blocked", "blocked!", "not_a_draft"),
    a_queued_task: ("open_run", "existing", "not_a_draft"),
    a_claimed_task: ("open_run", "existing", "not_a_draft"),
    a_completed_task: ("ready", "ready", "not_a_draft"),
    a_task_that_failed_once: ("ready", "ready", "not_a_draft"),
    a_task_without_attempts_left: ("attempts_exhausted", "attempts_exhausted", "not_a_draft"),
    a_canceled_task: ("canceled", "canceled", "not_a_draft"),
}
QUEUES = {"ready": TaskStatus.READY, "blocked": TaskStatus.BLOCKED}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(("given", "answers"), TABLE.items(), ids=[given.__name__ for given in TABLE])
async def test_what_an_action_does_to_a_task(
    db: Database, services: Services, viewer: Viewer, given: Given, answers: tuple[str, str, str], action: str
) -> None:
    id = await given(services, viewer)
    expected = answers[ACTIONS.index(action)]
    before = await task_now(db, viewer, id)
    asked = services.tasks.enqueue(viewer, id, action=action)
    if expected in QUEUES:
        await queues(db, viewer, await asked, before, QUEUES[expected], action)
    elif expected == "existing":
        found = await counts(db)
        answer = await asked
        assert (answer.run.id, answer.sequence) == (before.open_run_id, None)
        assert await counts(db) == found
    else:
        refusal = await changes_nothing(db, asked, Conflict)
        assert refusal.facts["reason"] == expected.rstrip("!")
        assert await task_now(db, viewer, id) == before


async def queues(
    db: Database, viewer: Viewer, answer: Queued, before: TaskRow, status: TaskStatus, action: str
) -> None:
    """A run was queued, with all that belongs to it."""
    task, run = await task_now(db, viewer, before.id), await run_now(db, viewer, answer.run.id)
    assert run == answer.run
    assert (task.status, task.open_run_id, task.latest_run_id) == (status, run.id, run.id)
    assert (run.status, run.attempt, task.last_attempt) == (RunStatus.QUEUED, before.last_attempt + 1, run.attempt)
    assert (run.origin.ref, run.lease_epoch, run.claimed_by, run.lease_until) == (f"tasks.{action}", 0, None, None)
    assert task.closed_at is None
    *_, (sequence, kind, payload) = await log(db, viewer, task_id=before.id)
    assert (sequence, kind) == (answer.sequence, "task.run_enqueued")
    assert payload == {"attempt": run.attempt, "status": "queued", "task_status": status.value}


async def test_publishing_tells_of_it_before_the_run(db: Database, services: Services, viewer: Viewer) -> None:
    id = await a_draft(services, viewer)
    await services.tasks.enqueue(viewer, id, action="publish")
    _, (first, published, payload), (second, enqueued, _) = await log(db, viewer)
    assert (published, payload) == (
        "task.published",
        {"previous_status": "draft", "status": "ready", "approval_state": "not_required"},
    )
    assert (enqueued, second) == ("task.run_enqueued", first + 1)


async def test_a_run_inherits_from_its_task(services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    task = await create(
        services,
        viewer,
        scope=TaskScope.WORKSPACE,
        workspace_id=str(place.id),
        priority=TaskPriority.HIGH,
        required_capabilities=["gpu"],
        network_channel="from-task",
    )
    run = (await services.tasks.enqueue(viewer, task.id, key="k", metadata={"n": 1})).run
    assert (run.workspace_id, run.priority, run.required_capabilities) == (place.id, TaskPriority.HIGH, ["gpu"])
    assert (run.network_channel, run.metadata, run.idempotency_key) == ("from-task", {"n": 1}, "k")
    await services.tasks.cancel_run(viewer, str(run.id))
    own = await create(services, viewer, network_channel="from-task")
    assert (await services.tasks.enqueue(viewer, own.id, network_channel="own")).run.network_channel == "own"


@pytest.mark.parametrize("action", ["start", "publish"])
async def test_repeated_without_a_key_the_open_run_is_answered(
    db: Database, services: Services, viewer: Viewer, action: str
) -> None:
    id = await (a_draft if action == "publish" else a_ready_task)(services, viewer)
    first = await services.tasks.enqueue(viewer, id, action=action, metadata={"first": 1})
    before = await counts(db)
    again = await asyncio.gather(
        *[services.tasks.enqueue(viewer, id, action=action, metadata={"later": n}) for n in range(10)]
    )
    assert {(one.run.id, one.sequence) for one in again} == {(first.run.id, None)}
    assert again[0].run.metadata == {"first": 1}
    assert await counts(db) == before


async def test_started_again_after_its_end_a_new_run_is_queued(services: Services, viewer: Viewer) -> None:
    id = await a_ready_task(services, viewer)
    first = await services.tasks.enqueue(viewer, id, action="start")
    await finish(services, viewer, well=False)
    second = await services.tasks.enqueue(viewer, id, action="start")
    assert (second.run.id != first.run.id, second.run.attempt) == (True, 2)


# Keys


@pytest.mark.parametrize("action", ACTIONS)
async def test_the_same_key_answers_the_first_run_whatever_became_of_it(
    db: Database, services: Services, viewer: Viewer, action: str
) -> None:
    id = await (a_draft if action == "publish" else a_ready_task)(services, viewer)

    async def ask(**more: Any) -> Queued:
        return await services.tasks.enqueue(viewer, id, action=action, key=" k1 ", **more)

    async def answers_the_first(status: RunStatus) -> None:
        before = await counts(db)
        again = await ask(metadata={"later": True})
        assert (again.run.id, again.run.status, again.run.metadata) == (first.run.id, status, {"first": True})
        assert again.sequence is None
        assert await counts(db) == before

    first = await ask(metadata={"first": True})
    assert first.run.idempotency_key == "k1"
    await answers_the_first(RunStatus.QUEUED)
    await finish(services, viewer, well=False)
    await answers_the_first(RunStatus.FAILED)
    await services.tasks.enqueue(viewer, id, key="k2")
    await answers_the_first(RunStatus.FAILED)
    await services.tasks.cancel(viewer, id)
    await answers_the_first(RunStatus.FAILED)


async def test_of_many_who_enqueue_with_one_key_all_get_the_same_run(
    db: Database, services: Services, viewer: Viewer
) -> None:
    id = await a_ready_task(services, viewer)
    told = await asyncio.gather(*[services.tasks.enqueue(viewer, id, key="k") for _ in range(30)])
    assert len({one.run.id for one in told}) == 1
    assert sum(one.sequence is not None for one in told) == 1
    found = await counts(db)
    assert (found["runs"], found["enqueue_keys"], found["events"]) == (1, 1, 2)


async def test_two_processes_with_one_key_queue_one_run(dsn: str, services: Services, viewer: Viewer) -> None:
    other = Database(dsn)
    await other.open()
    try:
        elsewhere = build_services(other)
        for at in range(20):
            id = await a_ready_task(services, viewer)
            here, there = await asyncio.gather(
                services.tasks.enqueue(viewer, id, key=f"k{at}"), elsewhere.tasks.enqueue(viewer, id, key=f"k{at}")
            )
            assert here.run.id == there.run.id
            assert sorted(one.sequence is None for one in (here, there)) == [False, True]
    finally:
        await other.close()


async def test_without_a_key_one_of_many_queues_and_the_others_are_refused(
    db: Database, services: Services, viewer: Viewer
) -> None:
    id = await a_ready_task(services, viewer)
    told = await asyncio.gather(*[services.tasks.enqueue(viewer, id) for _ in range(20)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Conflict"] * 19 + ["Queued"]
    assert {one.facts["reason"] for one in told if isinstance(one, Conflict)} == {"open_run"}
    assert (await event_types(db, viewer.tenant_id)).count("task.run_enqueued") == 1


async def test_a_key_of_another_task_is_refused(db: Database, services: Services, viewer: Viewer) -> None:
    first, second = await a_ready_task(services, viewer), await a_ready_task(services, viewer)
    await services.tasks.enqueue(viewer, first, key="k")
    refusal = await changes_nothing(db, services.tasks.enqueue(viewer, second, key="k"), Conflict)
    assert refusal.facts["reason"] == "key_of_another_task"


async def test_of_two_tasks_that_want_one_key_at_once_one_gets_it(
    dsn: str, db: Database, services: Services, viewer: Viewer
) -> None:
    other = Database(dsn)
    await other.open()
    try:
        elsewhere = build_services(other)
        for at in range(20):
            one, two = await a_ready_task(services, viewer), await a_ready_task(services, viewer)
            told = await asyncio.gather(
                services.tasks.enqueue(viewer, one, key=f"k{at}"),
                elsewhere.tasks.enqueue(viewer, two, key=f"k{at}"),
                return_exceptions=True,
            )
            assert sorted(type(answer).__name__ for answer in told) == ["Conflict", "Queued"]
    finally:
        await other.close()


async def test_two_tasks_in_one_batch_cannot_share_a_key(db: Database, services: Services, viewer: Viewer) -> None:
    ids = [await a_ready_task(services, viewer) for _ in range(5)]
    told = await asyncio.gather(*[services.tasks.enqueue(viewer, id, key="k") for id in ids], return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in told) == ["Conflict"] * 4 + ["Queued"]
    found = await counts(db)
    assert (found["runs"], found["enqueue_keys"]) == (1, 1)


async def test_each_action_and_each_tenant_has_keys_of_its_own(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer
) -> None:
    for who in (viewer, outsider):
        for action in ACTIONS:
            id = await (a_draft if action == "publish" else a_ready_task)(services, who)
            assert (await services.tasks.enqueue(who, id, action=action, key="k")).sequence is not None
    assert (await counts(db))["enqueue_keys"] == 6


@pytest.mark.parametrize("key", ["", "  ", "\t"])
async def test_a_blank_key_is_none(services: Services, viewer: Viewer, key: str) -> None:
    assert (
        await services.tasks.enqueue(viewer, await a_ready_task(services, viewer), key=key)
    ).run.idempotency_key is None


# Refusals


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("given", "refusal", "field"),
    [
        ({"key": "x" * 256}, BadInput, "idempotencyKey"),
        ({"key": "a\x00"}, BadInput, "idempotencyKey"),
        ({"key": "\ud800"}, BadInput, "idempotencyKey"),
        ({"metadata": "x" * 16_383}, TooLarge, "metadata"),
        ({"metadata": ["\x00"]}, BadInput, "metadata"),
        ({"network_channel": "No"}, BadInput, "networkChannel"),
    ],
    ids=lambda part: str(part)[:30],
)
async def test_a_request_that_breaks_a_rule_is_refused(
    db: Database,
    services: Services,
    viewer: Viewer,
    action: str,
    given: dict[str, Any],
    refusal: type[BadInput],
    field: str,
) -> None:
    id = await (a_draft if action == "publish" else a_ready_task)(services, viewer)
    told = await changes_nothing(db, services.tasks.enqueue(viewer, id, action=action, **given), refusal)
    assert told.field == field


@pytest.mark.parametrize("action", ACTIONS)
async def test_nobody_queues_what_they_may_not_see_or_write(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, action: str
) -> None:
    place = await make_empty(services, viewer)
    task = await create(
        services, viewer, scope=TaskScope.WORKSPACE, workspace_id=str(place.id), draft=action == "publish"
    )

    def ask(who: Viewer, id: str) -> Awaitable[Queued]:
        return services.tasks.enqueue(who, id, action=action, key="k")

    for stranger in (colleague, outsider):
        told = await changes_nothing(db, ask(stranger, task.id), NotFound)
        same = await changes_nothing(db, ask(stranger, "unknown"), NotFound)
        assert told.message.replace(task.id, "unknown") == same.message
    await share(db, viewer, place.id, colleague)
    await changes_nothing(db, ask(colleague, task.id), Forbidden)
    for unknown in ("", "\x00", "x" * 500, "unknown"):
        await changes_nothing(db, ask(viewer, unknown), NotFound)
    reader = await make_viewer(db, scopes=frozenset({Scope.READ, Scope.WORK}))
    await changes_nothing(db, ask(reader, task.id), Forbidden)


async def test_a_refused_request_hurts_none_that_share_its_statement(
    db: Database, services: Services, viewer: Viewer
) -> None:
    good = [await a_ready_task(services, viewer) for _ in range(10)]
    bad = [await a_draft(services, viewer), await a_canceled_task(services, viewer), "unknown"]
    told = await asyncio.gather(*[services.tasks.enqueue(viewer, id) for id in [*bad, *good]], return_exceptions=True)
    assert [type(one).__name__ for one in told] == ["Conflict", "Conflict", "NotFound", *["Queued"] * 10]
    assert sorted(one.sequence for one in told if isinstance(one, Queued) and one.sequence) == list(range(14, 24))
