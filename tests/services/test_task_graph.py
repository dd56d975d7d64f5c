"""Children and dependencies: limits, cycles, and what a change means for those who wait."""

import asyncio

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.status import TaskScope, TaskStatus
from app.services.registry import Services
from app.services.task_graph import Linked, TaskGraph
from app.storage import tasks
from app.storage.rows.task import TaskRow
from tests.services.test_leases import changes_nothing
from tests.support.log import event_types


@pytest.fixture
def tree(db: Database, services: Services) -> TaskGraph:
    """The use cases under test."""
    return services.task_graph


async def a_task(services: Services, viewer: Viewer, title: str = "task") -> str:
    """A new global task's id."""
    return (await services.tasks.create(viewer, TaskDraft(title=title, scope=TaskScope.GLOBAL))).task.id


async def now(db: Database, viewer: Viewer, id: str) -> TaskRow:
    """The task as it stands."""
    return (await tasks.by_id(db, viewer.tenant_id, [id]))[0]


async def test_a_child_stands_below_its_parent(
    db: Database, services: Services, viewer: Viewer, tree: TaskGraph
) -> None:
    root = await a_task(services, viewer)
    child = (await tree.create_child(viewer, root, TaskDraft(title="child", scope=TaskScope.GLOBAL))).task
    grandchild = (await tree.create_child(viewer, child.id, TaskDraft(title="x", scope=TaskScope.GLOBAL))).task
    assert (child.parent_task_id, child.path, grandchild.path) == (root, [root], [root, child.id])
    assert (await now(db, viewer, root)).child_count == 1
    assert (await event_types(db, viewer.tenant_id))[1:3] == ["task.created", "task.child_created"]


async def test_a_child_cannot_take_the_id_of_its_parent(
    db: Database, services: Services, viewer: Viewer, tree: TaskGraph
) -> None:
    root = await a_task(services, viewer)
    same = tree.create_child(viewer, root, TaskDraft(id=root, title="x", scope=TaskScope.GLOBAL))
    assert (await changes_nothing(db, same, Conflict)).field == "id"


async def test_a_tree_has_at_most_eight_levels(
    db: Database, services: Services, viewer: Viewer, tree: TaskGraph
) -> None:
    at = await a_task(services, viewer)
    for _ in range(7):
        at = (await tree.create_child(viewer, at, TaskDraft(title="x", scope=TaskScope.GLOBAL))).task.id
    deeper = tree.create_child(viewer, at, TaskDraft(title="x", scope=TaskScope.GLOBAL))
    assert (await changes_nothing(db, deeper, Conflict)).facts["reason"] == "graph_limit"


async def test_parallel_children_never_exceed_the_limit(
    db: Database, services: Services, viewer: Viewer, tree: TaskGraph
) -> None:
    root = await a_task(services, viewer)
    made = await asyncio.gather(
        *[tree.create_child(viewer, root, TaskDraft(title="x", scope=TaskScope.GLOBAL)) for _ in range(70)],
        return_exceptions=True,
    )
    assert sum(isinstance(m, Conflict) for m in made) == 6
    assert (await now(db, viewer, root)).child_count == 64


async def test_a_dependency_blocks_until_it_is_removed(
    db: Database, services: Services, viewer: Viewer, tree: TaskGraph
) -> None:
    waiting, first = await a_task(services, viewer), await a_task(services, viewer)
    await tree.add_dependency(viewer, waiting, first)
    assert (await now(db, viewer, waiting)).status is TaskStatus.BLOCKED
    await tree.remove_dependency(viewer, waiting, first)
    assert (await now(db, viewer, waiting)).status is TaskStatus.READY
    assert (await event_types(db, viewer.tenant_id))[-2:] == ["task.dependency_added", "task.dependency_removed"]


async def test_a_queued_run_of_a_blocked_task_cannot_be_claimed(
    services: Services, viewer: Viewer, tree: TaskGraph
) -> None:
    waiting, first = await a_task(services, viewer), await a_task(services, viewer)
    await services.tasks.enqueue(viewer, waiting)
    await tree.add_dependency(viewer, waiting, first)
    worker, _ = await services.agent_sessions.register(
        viewer, agent_name="w", workspace_id=None, capabilities=None, max_concurrency=5
    )
    assert (await services.leases.claim(viewer, str(worker.id))).runs == ()
    await tree.remove_dependency(viewer, waiting, first)
    assert len((await services.leases.claim(viewer, str(worker.id))).runs) == 1


async def test_refused_edges_change_nothing(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer, tree: TaskGraph
) -> None:
    a, b, c = [await a_task(services, viewer) for _ in range(3)]
    foreign = await a_task(services, outsider)
    await tree.add_dependency(viewer, a, b)
    await tree.add_dependency(viewer, b, c)
    await changes_nothing(db, tree.add_dependency(viewer, a, a), BadInput)
    await changes_nothing(db, tree.add_dependency(viewer, a, b), BadInput)
    assert (await changes_nothing(db, tree.add_dependency(viewer, c, a), Conflict)).facts["reason"] == "cycle"
    await changes_nothing(db, tree.add_dependency(viewer, a, "unknown"), NotFound)
    await changes_nothing(db, tree.add_dependency(viewer, a, foreign), NotFound)
    await changes_nothing(db, tree.add_dependency(viewer, foreign, a), NotFound)
    await changes_nothing(db, tree.remove_dependency(viewer, a, c), NotFound)


async def test_a_task_has_at_most_thirty_two_dependencies(
    db: Database, services: Services, viewer: Viewer, tree: TaskGraph
) -> None:
    waiting = await a_task(services, viewer)
    for _ in range(32):
        await tree.add_dependency(viewer, waiting, await a_task(services, viewer))
    more = await a_task(services, viewer)
    refused = await changes_nothing(db, tree.add_dependency(viewer, waiting, more), Conflict)
    assert refused.facts["reason"] == "graph_limit"


async def test_concurrent_edges_never_close_a_cycle(
    db: Database, services: Services, viewer: Viewer, tree: TaskGraph
) -> None:
    ring = [await a_task(services, viewer) for _ in range(4)]
    added = await asyncio.gather(
        *[tree.add_dependency(viewer, ring[n], ring[(n + 1) % 4]) for n in range(4)], return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in added) == ["Conflict", "Linked", "Linked", "Linked"]
    assert sum(isinstance(one, Linked) for one in added) == 3
