"""Requests to queue a run against each other, against reject and against delete."""

import pytest

from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.status import ApprovalState, TaskScope
from app.services.registry import Services
from app.services.task_changes import Changed
from app.storage import runs
from tests.services.races.aftermath import Aftermath
from tests.services.test_dependents import approvable
from tests.services.test_task_graph import a_task
from tests.support.meeting import Meeting

Order = tuple[Services, Services]


@pytest.mark.parametrize(
    ("action", "key"), [("enqueue", "k"), ("start", "k"), ("start", None), ("publish", "k"), ("publish", None)]
)
async def test_the_same_request_at_once_queues_one_run(
    services: Services, viewer: Viewer, order: Order, meeting: Meeting, after: Aftermath, action: str, key: str | None
) -> None:
    id = await a_task(services, viewer) if action != "publish" else await a_draft(services, viewer)
    first, second = order
    await after.begins()
    task = await meeting.at_task(viewer, id)
    works = [process.tasks.enqueue(viewer, id, action=action, key=key) for process in (first, second)]
    queued, same = await meeting.race(task, *works)
    assert queued.sequence is not None
    assert (same.run.id, same.sequence) == (queued.run.id, None)
    published = ["task.published"] if action == "publish" else []
    assert await after.events() == [*published, "task.run_enqueued"]
    assert len(await runs.by_id(services.db, viewer.tenant_id, [queued.run.id])) == 1


async def test_of_two_requests_without_a_key_the_second_is_refused(
    services: Services, viewer: Viewer, order: Order, meeting: Meeting, after: Aftermath
) -> None:
    id = await a_task(services, viewer)
    await after.begins()
    task = await meeting.at_task(viewer, id)
    queued, refused = await meeting.race(task, *[process.tasks.enqueue(viewer, id) for process in order])
    assert (await after.task(id)).open_run_id == queued.run.id
    assert isinstance(refused, Conflict) and refused.facts["reason"] == "open_run"
    assert await after.events() == ["task.run_enqueued"]


async def test_of_two_tasks_under_one_key_the_second_is_refused(
    services: Services, viewer: Viewer, order: Order, meeting: Meeting, after: Aftermath
) -> None:
    ids = [await a_task(services, viewer), await a_task(services, viewer)]
    await after.begins()
    log = await meeting.at_log(viewer)
    works = [process.tasks.enqueue(viewer, id, key="k") for process, id in zip(order, ids, strict=True)]
    queued, refused = await meeting.race(log, *works)
    assert queued.run.task_id == ids[0]
    assert isinstance(refused, Conflict) and refused.facts["reason"] == "key_of_another_task"
    assert (await after.task(ids[1])).open_run_id is None
    assert await after.events() == ["task.run_enqueued"]


@pytest.mark.parametrize("key", ["k", None])
async def test_two_approvals_at_once_decide_once(
    services: Services, viewer: Viewer, order: Order, meeting: Meeting, after: Aftermath, key: str | None
) -> None:
    id = await approvable(services, viewer)
    await after.begins()
    task = await meeting.at_task(viewer, id)
    queued, same = await meeting.race(task, *[process.tasks.approve(viewer, id, key=key) for process in order])
    assert queued.sequence is not None
    assert (same.run.id, same.sequence) == (queued.run.id, None)
    assert await after.events() == ["task.approved", "task.run_enqueued"]


@pytest.mark.parametrize("first", ["approve", "reject"])
async def test_of_approve_and_reject_the_first_decides(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath, first: str
) -> None:
    id = await approvable(services, viewer)
    await after.begins()
    task = await meeting.at_task(viewer, id)
    works = [services.tasks.approve(viewer, id), elsewhere.task_changes.reject(viewer, id)]
    _, refused = await meeting.race(task, *(works if first == "approve" else reversed(works)))
    assert isinstance(refused, Conflict) and refused.facts["reason"] == "not_pending"
    approved = first == "approve"
    state = ApprovalState.APPROVED if approved else ApprovalState.REJECTED
    assert (await after.task(id)).approval_state is state
    assert await after.events() == (["task.approved", "task.run_enqueued"] if approved else ["task.rejected"])


async def test_a_task_with_a_new_run_is_not_deleted(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    id = await a_task(services, viewer)
    await after.begins()
    task = await meeting.at_task(viewer, id)
    works = services.tasks.enqueue(viewer, id), elsewhere.task_changes.delete(viewer, id)
    queued, refused = await meeting.race(task, *works)
    assert isinstance(refused, BadInput)
    assert (await after.task(id)).open_run_id == queued.run.id
    assert await after.events() == ["task.run_enqueued"]


async def test_a_deleted_task_gets_no_run(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    id = await a_task(services, viewer)
    await after.begins()
    task = await meeting.at_task(viewer, id)
    works = elsewhere.task_changes.delete(viewer, id), services.tasks.enqueue(viewer, id)
    deleted, refused = await meeting.race(task, *works)
    assert isinstance(deleted, Changed)
    assert isinstance(refused, NotFound)
    assert await after.events() == ["task.deleted"]


async def a_draft(services: Services, viewer: Viewer) -> str:
    """A draft's id."""
    draft = TaskDraft(title="draft", scope=TaskScope.GLOBAL, draft=True)
    return (await services.tasks.create(viewer, draft)).task.id
