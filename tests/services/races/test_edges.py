"""Changes of dependencies against each other and against the completion of what is waited for."""

from itertools import permutations

import pytest

from app.domain.access.viewer import Viewer
from app.domain.errors import Conflict, NotFound
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskScope, TaskStatus
from app.services.registry import Services
from app.services.task_changes import Changed
from app.services.task_graph import Linked
from app.storage.rows.task import RunRow
from tests.services.races.aftermath import Aftermath
from tests.services.test_leases import claimed, session
from tests.support.meeting import Meeting

CIRCLE = (("a", "b"), ("b", "c"), ("c", "a"))


@pytest.fixture(autouse=True)
async def named_tasks(services: Services, viewer: Viewer, after: Aftermath) -> None:
    """The tasks a to d."""
    for id in ("a", "b", "c", "d"):
        await services.tasks.create(viewer, TaskDraft(id=id, title=id, scope=TaskScope.GLOBAL))
    await after.begins()


@pytest.fixture
async def worker(services: Services, viewer: Viewer) -> str:
    """An agent session."""
    return await session(services, viewer)


async def running(services: Services, viewer: Viewer, worker: str, id: str, after: Aftermath) -> RunRow:
    """The task's run, held; the race begins."""
    await services.tasks.enqueue(viewer, id)
    run = await claimed(services, viewer, worker)
    await after.begins()
    return run


async def test_two_dependencies_that_would_close_a_circle(
    viewer: Viewer, order: tuple[Services, Services], meeting: Meeting, after: Aftermath
) -> None:
    first, second = order
    edges = await meeting.at_edges(viewer)
    works = first.task_graph.add_dependency(viewer, "a", "b"), second.task_graph.add_dependency(viewer, "b", "a")
    linked, refused = await meeting.race(edges, *works)
    assert isinstance(linked, Linked)
    assert isinstance(refused, Conflict) and refused.facts["reason"] == "cycle"
    assert [(await after.task(id)).status for id in ("a", "b")] == [TaskStatus.BLOCKED, TaskStatus.READY]
    assert await after.events() == ["task.dependency_added"]


@pytest.mark.parametrize("edges", list(permutations(CIRCLE)), ids=lambda edges: " ".join(a + b for a, b in edges))
async def test_three_dependencies_that_would_close_a_circle(
    services: Services,
    elsewhere: Services,
    viewer: Viewer,
    meeting: Meeting,
    after: Aftermath,
    edges: tuple[tuple[str, str], ...],
) -> None:
    turn = await meeting.at_edges(viewer)
    processes = (services, elsewhere, services)
    works = [process.task_graph.add_dependency(viewer, *edge) for process, edge in zip(processes, edges, strict=True)]
    *linked, refused = await meeting.race(turn, *works)
    assert [type(told) for told in linked] == [Linked, Linked]
    assert isinstance(refused, Conflict) and refused.facts["reason"] == "cycle"
    waiting = {id for id in ("a", "b", "c") if (await after.task(id)).status is TaskStatus.BLOCKED}
    assert waiting == {task for task, _ in edges[:2]}
    assert await after.events() == ["task.dependency_added"] * 2


async def test_a_dependency_on_what_completes_first_holds_nothing_back(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath, worker: str
) -> None:
    run = await running(services, viewer, worker, "b", after)
    blocker = await meeting.at_task(viewer, "b")
    complete = services.leases.complete(viewer, worker, str(run.id))
    done, linked = await meeting.race(blocker, complete, elsewhere.task_graph.add_dependency(viewer, "a", "b"))
    assert done.run.status is RunStatus.COMPLETED and isinstance(linked, Linked)
    assert (await after.task("a")).status is TaskStatus.READY
    assert await after.events() == ["task.run_completed", "task.dependency_added"]


async def test_a_dependency_on_what_completes_next_is_resolved_by_it(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath, worker: str
) -> None:
    run = await running(services, viewer, worker, "b", after)
    blocker = await meeting.at_task(viewer, "b")
    complete = services.leases.complete(viewer, worker, str(run.id))
    linked, done = await meeting.race(blocker, elsewhere.task_graph.add_dependency(viewer, "a", "b"), complete)
    assert isinstance(linked, Linked) and done.run.status is RunStatus.COMPLETED
    assert (await after.task("a")).status is TaskStatus.READY
    assert await after.events() == ["task.dependency_added", "task.run_completed", "task.unblocked"]


async def test_one_more_dependent_while_a_task_with_dependents_completes(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath, worker: str
) -> None:
    await services.task_graph.add_dependency(viewer, "d", "b")
    run = await running(services, viewer, worker, "b", after)
    blocker = await meeting.at_task(viewer, "b")
    complete = services.leases.complete(viewer, worker, str(run.id))
    linked, told = await meeting.race(blocker, elsewhere.task_graph.add_dependency(viewer, "a", "b"), complete)
    assert isinstance(linked, Linked)
    # It knew of one dependent when it began, and does not guess about the other: it began again.
    assert told.run.status is RunStatus.COMPLETED
    assert [(await after.task(id)).status for id in ("a", "d")] == [TaskStatus.READY, TaskStatus.READY]
    assert await after.events() == [
        "task.dependency_added",
        "task.run_completed",
        "task.unblocked",
        "task.unblocked",
    ]


async def test_a_dependency_that_is_removed_while_it_is_resolved_frees_its_task_once(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath, worker: str
) -> None:
    await services.task_graph.add_dependency(viewer, "a", "b")
    run = await running(services, viewer, worker, "b", after)
    blocker = await meeting.at_task(viewer, "b")
    complete = services.leases.complete(viewer, worker, str(run.id))
    await meeting.race(blocker, complete, elsewhere.task_graph.remove_dependency(viewer, "a", "b"))
    assert (await after.task("a")).status is TaskStatus.READY
    assert await after.events() == ["task.run_completed", "task.unblocked", "task.dependency_removed"]


async def test_a_dependency_that_is_removed_first_is_not_resolved_as_well(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath, worker: str
) -> None:
    await services.task_graph.add_dependency(viewer, "a", "b")
    run = await running(services, viewer, worker, "b", after)
    blocker = await meeting.at_task(viewer, "b")
    complete = services.leases.complete(viewer, worker, str(run.id))
    _, done = await meeting.race(blocker, elsewhere.task_graph.remove_dependency(viewer, "a", "b"), complete)
    assert done.run.status is RunStatus.COMPLETED
    assert (await after.task("a")).status is TaskStatus.READY
    assert await after.events() == ["task.dependency_removed", "task.run_completed"]


async def test_nobody_waits_for_a_task_that_was_deleted_first(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    edges = await meeting.at_edges(viewer)
    works = elsewhere.task_changes.delete(viewer, "b"), services.task_graph.add_dependency(viewer, "a", "b")
    deleted, refused = await meeting.race(edges, *works)
    assert isinstance(deleted, Changed) and isinstance(refused, NotFound)
    assert (await after.task("a")).status is TaskStatus.READY
    assert await after.events() == ["task.deleted"]


async def test_a_task_that_is_deleted_next_frees_whoever_waits_for_it(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    edges = await meeting.at_edges(viewer)
    works = services.task_graph.add_dependency(viewer, "a", "b"), elsewhere.task_changes.delete(viewer, "b")
    linked, deleted = await meeting.race(edges, *works)
    assert isinstance(linked, Linked) and isinstance(deleted, Changed)
    assert (await after.task("a")).status is TaskStatus.READY
    assert await after.events() == ["task.dependency_added", "task.deleted", "task.unblocked"]


async def test_two_blockers_that_complete_at_once_free_their_dependent_once(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath
) -> None:
    worker = await session(services, viewer, 2)
    for blocker in ("b", "c"):
        await services.task_graph.add_dependency(viewer, "a", blocker)
        await services.tasks.enqueue(viewer, blocker)
    first, second = (await services.leases.claim(viewer, worker, limit=2)).runs
    await after.begins()
    dependent = await meeting.at_task(viewer, "a")
    works = [
        process.leases.complete(viewer, worker, str(moved.run.id))
        for process, moved in ((services, first), (elsewhere, second))
    ]
    done = await meeting.race(dependent, *works)
    assert [moved.run.status for moved in done] == [RunStatus.COMPLETED] * 2
    assert (await after.task("a")).status is TaskStatus.READY
    assert await after.events() == ["task.run_completed", "task.run_completed", "task.unblocked"]


@pytest.mark.parametrize("action", ["enqueue", "start"])
async def test_a_run_queued_behind_a_new_dependency_waits(
    services: Services,
    elsewhere: Services,
    viewer: Viewer,
    meeting: Meeting,
    after: Aftermath,
    worker: str,
    action: str,
) -> None:
    await after.begins()
    gate = await meeting.at_task(viewer, "a")
    works = elsewhere.task_graph.add_dependency(viewer, "a", "b"), services.tasks.enqueue(viewer, "a", action=action)
    _, told = await meeting.race(gate, *works)
    if action == "enqueue":
        assert told.run.status is RunStatus.QUEUED
        assert await after.events() == ["task.dependency_added", "task.run_enqueued"]
    else:
        assert isinstance(told, Conflict) and told.facts["reason"] == "blocked"
        assert await after.events() == ["task.dependency_added"]
    assert (await services.leases.claim(viewer, worker)).runs == ()


async def test_a_run_queued_before_a_new_dependency_waits_as_well(
    services: Services, elsewhere: Services, viewer: Viewer, meeting: Meeting, after: Aftermath, worker: str
) -> None:
    await after.begins()
    gate = await meeting.at_task(viewer, "a")
    works = services.tasks.enqueue(viewer, "a"), elsewhere.task_graph.add_dependency(viewer, "a", "b")
    await meeting.race(gate, *works)
    assert await after.events() == ["task.run_enqueued", "task.dependency_added"]
    assert (await services.leases.claim(viewer, worker)).runs == ()
