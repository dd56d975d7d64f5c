"""Canceling tasks, trees and runs: what ends with them, what is told, and every refusal changes nothing."""

import asyncio
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, Forbidden, NotFound
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import ApprovalPolicy, TaskScope, TaskStatus
from app.services.registry import Services
from tests.services.test_leases import ACTIVE_RUNS, changes_nothing, claimed, queued, run_now, session, task_now
from tests.services.test_tasks import create, draft, log
from tests.support.grid import make_empty, share
from tests.support.log import counts, event_types


async def test_canceling_a_task_ends_it_with_its_queued_run(db: Database, services: Services, viewer: Viewer) -> None:
    (run,) = await queued(services, viewer)
    done = await services.tasks.cancel(viewer, run.task_id, reason="  not needed ")
    task = await task_now(db, viewer, run.task_id)
    assert (task.status, task.open_run_id, task.closed_at is not None) == (TaskStatus.CANCELED, None, True)
    ended = await run_now(db, viewer, run.id)
    assert (ended.status, ended.ended_at is not None) == (RunStatus.CANCELED, True)
    *_, (first, kind, of_run), (last, other, of_task) = await log(db, viewer)
    assert (kind, of_run) == (
        "task.run_canceled",
        {"status": "canceled", "task_status": "canceled", "reason": "not needed"},
    )
    assert (other, of_task) == (
        "task.canceled",
        {"status": "canceled", "reason": "not needed", "canceled_run_ids": [str(run.id)]},
    )
    assert (done.sequence, last) == (last, first + 1)
    assert (await services.leases.claim(viewer, await session(services, viewer))).runs == ()


async def test_canceling_a_task_that_is_worked_on_frees_its_worker(
    db: Database, services: Services, viewer: Viewer
) -> None:
    await queued(services, viewer)
    worker = await session(services, viewer)
    run = await claimed(services, viewer, worker)
    await services.tasks.cancel(viewer, run.task_id)
    assert [row["active_runs"] for row in await db.fetch(ACTIVE_RUNS)] == [0]
    assert (await run_now(db, viewer, run.id)).status is RunStatus.CANCELED


@pytest.mark.parametrize("given", [{"draft": True}, {"approval_policy": ApprovalPolicy.MANUAL}, {}])
async def test_a_task_without_runs_can_be_canceled(
    db: Database, services: Services, viewer: Viewer, given: dict[str, Any]
) -> None:
    task = await create(services, viewer, **given)
    await services.tasks.cancel(viewer, task.id)
    assert (await task_now(db, viewer, task.id)).status is TaskStatus.CANCELED
    assert await event_types(db, viewer.tenant_id) == ["task.created", "task.canceled"]


async def test_a_canceled_task_is_canceled_once(db: Database, services: Services, viewer: Viewer) -> None:
    task = await create(services, viewer)
    told = await asyncio.gather(*[services.tasks.cancel(viewer, task.id) for _ in range(10)])
    assert sorted(str(one.sequence) for one in told) == ["2"] + ["None"] * 9
    before = await counts(db)
    assert (await services.tasks.cancel(viewer, task.id)).sequence is None
    assert await counts(db) == before


@pytest.mark.parametrize("end", ["completed", "failed"])
async def test_a_task_that_has_ended_cannot_be_canceled(
    db: Database, services: Services, viewer: Viewer, end: str
) -> None:
    (run,) = await queued(services, viewer, max_attempts=1)
    worker = await session(services, viewer)
    await claimed(services, viewer, worker)
    if end == "completed":
        await services.leases.complete(viewer, worker, str(run.id))
    else:
        await services.leases.fail(viewer, worker, str(run.id), error="broke")
    told = await changes_nothing(db, services.tasks.cancel(viewer, run.task_id), Conflict)
    assert told.message.startswith(f"The task is {end}")
    await changes_nothing(db, services.tasks.cancel_run(viewer, str(run.id)), Conflict)
    assert (await task_now(db, viewer, run.task_id)).status.value == end


async def test_canceling_a_run_cancels_its_task(db: Database, services: Services, viewer: Viewer) -> None:
    await queued(services, viewer)
    run = await claimed(services, viewer, await session(services, viewer))
    done = await services.tasks.cancel_run(viewer, str(run.id), reason="stop")
    assert (done.run.status, (await task_now(db, viewer, run.task_id)).status) == (
        RunStatus.CANCELED,
        TaskStatus.CANCELED,
    )
    *_, (sequence, kind, payload), (_, last, _) = await log(db, viewer, task_id=run.task_id)
    assert (kind, last, payload["reason"]) == ("task.run_canceled", "task.canceled", "stop")
    assert done.sequence == sequence
    assert [row["active_runs"] for row in await db.fetch(ACTIVE_RUNS)] == [0]
    await changes_nothing(db, services.tasks.cancel_run(viewer, str(run.id)), Conflict)


async def test_of_complete_and_cancel_one_wins(db: Database, services: Services, viewer: Viewer) -> None:
    for _ in range(20):
        await queued(services, viewer)
        worker = await session(services, viewer)
        run = await claimed(services, viewer, worker)
        await asyncio.gather(
            services.leases.complete(viewer, worker, str(run.id)),
            services.tasks.cancel(viewer, run.task_id),
            return_exceptions=True,
        )
        ended = (await run_now(db, viewer, run.id)).status
        kinds = [kind for _, kind, _ in await log(db, viewer, run_id=run.id)]
        assert kinds[:2] == ["task.run_enqueued", "task.run_claimed"]
        assert kinds[2:] == [f"task.run_{ended.value}"]
        assert (await task_now(db, viewer, run.task_id)).status.value == ended.value


@pytest.mark.parametrize("reason", ["x" * 1_001, "a\x00"])
async def test_a_reason_that_breaks_a_rule_is_refused(
    db: Database, services: Services, viewer: Viewer, reason: str
) -> None:
    (run,) = await queued(services, viewer)
    await changes_nothing(db, services.tasks.cancel(viewer, run.task_id, reason=reason), BadInput)
    await changes_nothing(db, services.tasks.cancel_run(viewer, str(run.id), reason=reason), BadInput)


async def test_nobody_cancels_what_they_may_not_see_or_write(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    place = await make_empty(services, viewer)
    task = await create(services, viewer, scope=TaskScope.WORKSPACE, workspace_id=str(place.id))
    run = (await services.tasks.enqueue(viewer, task.id)).run
    for stranger in (colleague, outsider):
        told = await changes_nothing(db, services.tasks.cancel(stranger, task.id), NotFound)
        same = await changes_nothing(db, services.tasks.cancel(stranger, "unknown"), NotFound)
        assert told.message.replace(task.id, "unknown") == same.message
        await changes_nothing(db, services.tasks.cancel_run(stranger, str(run.id)), NotFound)
    await share(db, viewer, place.id, colleague)
    await changes_nothing(db, services.tasks.cancel(colleague, task.id), Forbidden)
    await changes_nothing(db, services.tasks.cancel_run(colleague, str(run.id)), Forbidden)
    for unknown in ("unknown", "\x00", "01900000-0000-7000-8000-000000000000"):
        await changes_nothing(db, services.tasks.cancel(viewer, unknown), NotFound)
        await changes_nothing(db, services.tasks.cancel_run(viewer, unknown), NotFound)


async def a_tree(db: Database, services: Services, viewer: Viewer) -> dict[str, str]:
    """root > (a > (b, c), done, gone): b is worked on, c is a draft, done is completed, gone was canceled before."""
    graph = services.task_graph
    parents = {"a": "root", "b": "a", "c": "a", "done": "root", "gone": "root"}
    await create(services, viewer, id="root")
    for id, parent in parents.items():
        await graph.create_child(viewer, parent, draft(id=id, draft=id == "c"))
    worker = await session(services, viewer)
    for id in ("done", "b"):
        await services.tasks.enqueue(viewer, id, action="start")
        run = await claimed(services, viewer, worker)
        if id == "done":
            await services.leases.complete(viewer, worker, str(run.id))
    await services.tasks.cancel(viewer, "gone")
    return {"worker": worker, "run": str(run.id)}


async def test_canceling_a_task_cancels_its_descendants(db: Database, services: Services, viewer: Viewer) -> None:
    made = await a_tree(db, services, viewer)
    before = len(await log(db, viewer))
    done = await services.tasks.cancel(viewer, "root", reason="over")
    statuses = {id: (await task_now(db, viewer, id)).status.value for id in ("root", "a", "b", "c", "done", "gone")}
    assert statuses == {**dict.fromkeys(("root", "a", "b", "c", "gone"), "canceled"), "done": "completed"}
    told = (await log(db, viewer))[before:]
    below = {"status": "canceled", "reason": "over", "propagated_from_task_id": "root"}
    assert [(kind, payload) for _, kind, payload in told] == [
        ("task.canceled", {"status": "canceled", "reason": "over"}),
        ("task.canceled", below),
        ("task.run_canceled", {**below, "task_status": "canceled", "session_id": made["worker"]}),
        ("task.canceled", {**below, "canceled_run_ids": [made["run"]]}),
        ("task.canceled", below),
    ]
    assert (done.task_id, done.sequence) == ("root", told[0][0])
    assert [sequence for sequence, _, _ in told] == list(range(told[0][0], told[0][0] + 5))
    assert [row["active_runs"] for row in await db.fetch(ACTIVE_RUNS)] == [0]


async def test_canceling_a_branch_leaves_the_rest(db: Database, services: Services, viewer: Viewer) -> None:
    await a_tree(db, services, viewer)
    await services.tasks.cancel(viewer, "a")
    statuses = {id: (await task_now(db, viewer, id)).status.value for id in ("root", "a", "b", "c")}
    assert statuses == {"root": "ready", "a": "canceled", "b": "canceled", "c": "canceled"}


async def test_an_ended_root_keeps_its_children_from_being_canceled_with_it(
    db: Database, services: Services, viewer: Viewer
) -> None:
    await a_tree(db, services, viewer)
    graph = services.task_graph
    await graph.create_child(viewer, "done", draft(id="late"))
    await changes_nothing(db, services.tasks.cancel(viewer, "done"), Conflict)
    assert (await task_now(db, viewer, "late")).status is TaskStatus.READY


async def test_a_child_made_while_its_parent_is_canceled_is_canceled_or_was_never_seen_by_it(
    db: Database, services: Services, viewer: Viewer
) -> None:
    graph = services.task_graph
    for at in range(10):
        root = await create(services, viewer, id=f"root-{at}")
        child = TaskDraft(title="child", scope=TaskScope.GLOBAL, id=f"child-{at}")
        await asyncio.gather(graph.create_child(viewer, root.id, child), services.tasks.cancel(viewer, root.id))
        told = await log(db, viewer, task_id=f"child-{at}")
        canceled = (await task_now(db, viewer, f"child-{at}")).status is TaskStatus.CANCELED
        assert [kind for _, kind, _ in told] == ["task.created", *(["task.canceled"] if canceled else [])]
