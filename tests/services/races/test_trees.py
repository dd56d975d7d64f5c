"""A tree that is canceled or deleted against what grows in it meanwhile."""

import pytest

from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskScope, TaskStatus
from app.services.leases import Claimed
from app.services.registry import Services
from app.services.task_changes import Changed
from app.services.tasks import Canceled, Created
from tests.services.races.aftermath import Aftermath
from tests.services.test_leases import session
from tests.support.meeting import Meeting


def draft(id: str) -> TaskDraft:
    """A task by its id."""
    return TaskDraft(id=id, title=id, scope=TaskScope.GLOBAL)


@pytest.fixture(autouse=True)
async def tree(services: Services, viewer: Viewer, after: Aftermath) -> None:
    """The task a with the children b and c."""
    await services.tasks.create(viewer, draft("a"))
    for id in ("b", "c"):
        await services.task_graph.create_child(viewer, "a", draft(id))
    await after.begins()


async def test_a_run_queued_before_its_tree_is_canceled_is_canceled_with_it(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    gate = await meeting.at_task(viewer, "b")
    works = services.tasks.enqueue(viewer, "b"), elsewhere.tasks.cancel(viewer, "a")
    queued, canceled = await meeting.race(gate, *works)
    assert isinstance(canceled, Canceled)
    assert (await after.run(queued.run.id)).status is RunStatus.CANCELED
    told = ["task.canceled", "task.run_canceled", "task.canceled", "task.canceled"]
    assert await after.events() == ["task.run_enqueued", *told]


async def test_nothing_is_queued_in_a_tree_that_is_canceled_first(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    gate = await meeting.at_task(viewer, "b")
    works = elsewhere.tasks.cancel(viewer, "a"), services.tasks.enqueue(viewer, "b")
    _, refused = await meeting.race(gate, *works)
    assert isinstance(refused, Conflict) and refused.facts["reason"] == "canceled"
    assert await after.events() == ["task.canceled"] * 3


async def test_a_child_that_comes_before_the_cancel_is_canceled_too(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    gate = await meeting.at_task(viewer, "a")
    works = services.task_graph.create_child(viewer, "a", draft("d")), elsewhere.tasks.cancel(viewer, "a")
    made, _ = await meeting.race(gate, *works)
    assert isinstance(made, Created)
    assert [(await after.task(id)).status for id in "abcd"] == [TaskStatus.CANCELED] * 4
    assert await after.events() == ["task.created", "task.child_created", *["task.canceled"] * 4]


async def test_a_run_of_a_child_that_came_while_the_cancel_waited_is_canceled_too(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    gate = await meeting.at_task(viewer, "b")
    canceled = await meeting.comes(elsewhere.tasks.cancel(viewer, "a"))
    await services.task_graph.create_child(viewer, "c", draft("d"))
    log = await meeting.at_log(viewer)
    queued = await meeting.comes(services.tasks.enqueue(viewer, "d"))
    await gate.let_go()
    # The cancel has all of the tree that it saw at first, and waits for what has grown since.
    await log.reached(by=2)
    await log.let_go()
    run = (await queued).run
    await canceled
    assert (await after.run(run.id)).status is RunStatus.CANCELED
    assert (await after.task("d")).status is TaskStatus.CANCELED
    worker = await session(services, viewer)
    assert await services.leases.claim(viewer, worker) == Claimed(runs=(), busy=False)


async def test_a_parent_with_a_new_child_is_not_deleted(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    gate = await meeting.at_task(viewer, "b")
    works = services.task_graph.create_child(viewer, "b", draft("d")), elsewhere.task_changes.delete(viewer, "b")
    made, refused = await meeting.race(gate, *works)
    assert isinstance(made, Created)
    assert isinstance(refused, BadInput)
    assert await after.events() == ["task.created", "task.child_created"]


async def test_a_deleted_parent_gets_no_child(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    gate = await meeting.at_task(viewer, "b")
    works = elsewhere.task_changes.delete(viewer, "b"), services.task_graph.create_child(viewer, "b", draft("d"))
    deleted, refused = await meeting.race(gate, *works)
    assert isinstance(deleted, Changed)
    assert isinstance(refused, NotFound)
    assert (await after.task("a")).child_count == 1
    assert await after.events() == ["task.deleted"]
