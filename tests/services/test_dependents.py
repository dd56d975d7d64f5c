"""What completing, reopening and approving a task means for those who wait for it."""

import asyncio

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import Conflict
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.status import ApprovalPolicy, ApprovalState, TaskScope, TaskStatus
from app.services.registry import Services
from app.services.tasks import ApprovedDraft, Queued
from app.storage.statements import composed
from tests.services.test_leases import changes_nothing, claimed, session
from tests.services.test_task_graph import a_task, now
from tests.support.log import event_types

COUNTERS = composed(
    """
    SELECT t.id, t.open_dependencies, t.dependent_count,
           (SELECT count(*) FROM task_dependencies e JOIN tasks b ON b.tenant_id = e.tenant_id
               AND b.id = e.depends_on_task_id
             WHERE e.tenant_id = t.tenant_id AND e.task_id = t.id AND b.status <> 'completed') AS open_edges,
           (SELECT count(*) FROM task_dependencies e
             WHERE e.tenant_id = t.tenant_id AND e.depends_on_task_id = t.id) AS dependents
      FROM tasks t
    """
)


async def counters_are_right(db: Database) -> None:
    """The counters equal what the edges say."""
    for row in await db.fetch(COUNTERS):
        assert (row["open_dependencies"], row["dependent_count"]) == (row["open_edges"], row["dependents"])


async def test_completing_a_blocker_makes_its_dependents_claimable(
    db: Database, services: Services, viewer: Viewer
) -> None:
    graph = services.task_graph
    waiting, first, second = [await a_task(services, viewer) for _ in range(3)]
    await graph.add_dependency(viewer, waiting, first)
    await graph.add_dependency(viewer, waiting, second)
    await services.tasks.enqueue(viewer, waiting)
    worker = await session(services, viewer, 5)
    for blocker, status in ((first, TaskStatus.BLOCKED), (second, TaskStatus.READY)):
        await services.tasks.enqueue(viewer, blocker, action="start")
        run = await claimed(services, viewer, worker)
        assert run.task_id == blocker
        await services.leases.complete(viewer, worker, str(run.id), epoch=1)
        assert (await now(db, viewer, waiting)).status is status
    assert (await event_types(db, viewer.tenant_id))[-2:] == ["task.run_completed", "task.unblocked"]
    assert (await claimed(services, viewer, worker)).task_id == waiting
    await counters_are_right(db)


async def test_blockers_that_complete_at_once_free_their_dependent_once(
    db: Database, services: Services, viewer: Viewer
) -> None:
    graph = services.task_graph
    waiting = await a_task(services, viewer)
    blockers = [await a_task(services, viewer) for _ in range(8)]
    for blocker in blockers:
        await graph.add_dependency(viewer, waiting, blocker)
        await services.tasks.enqueue(viewer, blocker)
    worker = await session(services, viewer, 8)
    held = (await services.leases.claim(viewer, worker, limit=8)).runs
    await asyncio.gather(*[services.leases.complete(viewer, worker, str(m.run.id)) for m in held])
    assert (await now(db, viewer, waiting)).status is TaskStatus.READY
    assert (await event_types(db, viewer.tenant_id)).count("task.unblocked") == 1
    await counters_are_right(db)


async def test_reopening_a_completed_blocker_blocks_its_dependents_again(
    db: Database, services: Services, viewer: Viewer
) -> None:
    graph = services.task_graph
    waiting, first = await a_task(services, viewer), await a_task(services, viewer)
    await services.tasks.enqueue(viewer, first)
    worker = await session(services, viewer, 5)
    run = await claimed(services, viewer, worker)
    await services.leases.complete(viewer, worker, str(run.id))
    await graph.add_dependency(viewer, waiting, first)
    assert (await now(db, viewer, waiting)).status is TaskStatus.READY
    await services.tasks.enqueue(viewer, first)
    assert (await now(db, viewer, waiting)).status is TaskStatus.BLOCKED
    assert (await event_types(db, viewer.tenant_id))[-2:] == ["task.run_enqueued", "task.blocked"]
    await counters_are_right(db)


async def approvable(services: Services, viewer: Viewer, *, draft: bool = False) -> str:
    """A task that waits for approval."""
    wanted = TaskDraft(title="t", scope=TaskScope.GLOBAL, approval_policy=ApprovalPolicy.MANUAL, draft=draft)
    return (await services.tasks.create(viewer, wanted)).task.id


async def test_approval_queues_a_run_and_is_final(db: Database, services: Services, viewer: Viewer) -> None:
    id = await approvable(services, viewer)
    await changes_nothing(db, services.tasks.enqueue(viewer, id, action="start"), Conflict)
    done = await services.tasks.approve(viewer, id)
    assert isinstance(done, Queued)
    task = await now(db, viewer, id)
    assert (task.status, task.approval_state, task.open_run_id) == (
        TaskStatus.READY,
        ApprovalState.APPROVED,
        done.run.id,
    )
    assert (await event_types(db, viewer.tenant_id))[1:] == ["task.approved", "task.run_enqueued"]
    again = await services.tasks.approve(viewer, id)
    assert isinstance(again, Queued)
    assert (again.run.id, again.sequence) == (done.run.id, None)
    await services.tasks.cancel_run(viewer, str(done.run.id))
    await changes_nothing(db, services.tasks.approve(viewer, id), Conflict)


async def test_approval_lets_a_run_that_waited_be_claimed(db: Database, services: Services, viewer: Viewer) -> None:
    id = await approvable(services, viewer)
    queued = (await services.tasks.enqueue(viewer, id)).run
    worker = await session(services, viewer)
    assert (await services.leases.claim(viewer, worker)).runs == ()
    done = await services.tasks.approve(viewer, id)
    assert isinstance(done, Queued)
    assert done.run.id == queued.id
    assert (await claimed(services, viewer, worker)).id == queued.id


async def test_a_draft_is_approved_before_it_is_published(db: Database, services: Services, viewer: Viewer) -> None:
    id = await approvable(services, viewer, draft=True)
    await changes_nothing(db, services.tasks.enqueue(viewer, id, action="publish"), Conflict)
    done = await services.tasks.approve(viewer, id)
    assert isinstance(done, ApprovedDraft)
    task = await now(db, viewer, id)
    assert (task.status, task.approval_state) == (TaskStatus.DRAFT, ApprovalState.APPROVED)
    published = await services.tasks.enqueue(viewer, id, action="publish")
    assert published.run.task_id == id
    assert (await now(db, viewer, id)).status is TaskStatus.READY
