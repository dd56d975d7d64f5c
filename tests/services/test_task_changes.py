"""Updating, rejecting and deleting tasks."""

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.actor import OwnerKind
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.table import TableScope
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.patch import TaskPatch
from app.domain.tasks.status import ApprovalPolicy, ApprovalState, TaskPriority, TaskScope, TaskStatus
from app.services.registry import Services
from app.services.tables import TableDraft
from app.services.task_changes import TaskChanges
from app.services.task_graph import TaskGraph
from app.storage import events, runs
from app.storage.events import Range
from tests.services.test_leases import changes_nothing, claimed, queued, session
from tests.services.test_task_graph import a_task, now
from tests.support.log import counts, event_types


@pytest.fixture
def changes(db: Database, services: Services) -> TaskChanges:
    """The use cases under test."""
    return services.task_changes


@pytest.fixture
def tree(db: Database, services: Services) -> TaskGraph:
    """To make edges."""
    return services.task_graph


async def test_an_update_names_what_changed_in_order(
    db: Database, services: Services, viewer: Viewer, changes: TaskChanges
) -> None:
    id = await a_task(services, viewer)
    patch = TaskPatch(
        title="new", owner_kind=OwnerKind.POOL, owner_ref="robots", priority=TaskPriority.HIGH, metadata={"a": 1}
    )
    done = await changes.update(viewer, id, patch)
    task = await now(db, viewer, id)
    assert (task.title, task.owner_kind, task.owner_ref, task.priority, task.metadata) == (
        "new",
        OwnerKind.POOL,
        "robots",
        TaskPriority.HIGH,
        {"a": 1},
    )
    found, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(task_id=id), most=10)
    assert found[-1].sequence == done.sequence
    assert found[-1].payload == {"changed_fields": ["title", "priority", "metadata", "owner"], "status": "ready"}


async def test_an_update_to_what_is_there_changes_nothing(
    db: Database, services: Services, viewer: Viewer, changes: TaskChanges
) -> None:
    id = await a_task(services, viewer, "same")
    before, task = await counts(db), await now(db, viewer, id)
    done = await changes.update(viewer, id, TaskPatch(title=" same ", priority=TaskPriority.MEDIUM, max_attempts=3))
    assert done.sequence is None
    assert (await counts(db), await now(db, viewer, id)) == (before, task)


@pytest.mark.parametrize(
    "patch",
    [
        TaskPatch(),
        TaskPatch(title="  "),
        TaskPatch(max_attempts=0),
        TaskPatch(owner_kind=OwnerKind.HUMAN),
        TaskPatch(owner_kind=OwnerKind.HUMAN, owner_ref="x", clear_owner=True),
        TaskPatch(network_channel="Not A Channel"),
        TaskPatch(metadata="x" * 20_000),
    ],
)
async def test_a_patch_that_breaks_a_rule_is_refused(
    db: Database, services: Services, viewer: Viewer, changes: TaskChanges, patch: TaskPatch
) -> None:
    id = await a_task(services, viewer)
    await changes_nothing(db, changes.update(viewer, id, patch), BadInput)


async def test_a_queued_run_follows_its_tasks_priority(
    db: Database, services: Services, viewer: Viewer, changes: TaskChanges
) -> None:
    id = await a_task(services, viewer)
    run = (await services.tasks.enqueue(viewer, id)).run
    await changes.update(viewer, id, TaskPatch(priority=TaskPriority.URGENT))
    assert (await runs.by_id(db, viewer.tenant_id, [run.id]))[0].priority is TaskPriority.URGENT


async def test_a_policy_change_reopens_the_decision_and_blocks(
    db: Database, services: Services, viewer: Viewer, changes: TaskChanges
) -> None:
    id = await a_task(services, viewer)
    await changes.update(viewer, id, TaskPatch(approval_policy=ApprovalPolicy.MANUAL))
    task = await now(db, viewer, id)
    assert (task.status, task.approval_state) == (TaskStatus.BLOCKED, ApprovalState.PENDING)
    await changes.reject(viewer, id)
    assert (await now(db, viewer, id)).approval_state is ApprovalState.REJECTED
    await changes_nothing(db, changes.reject(viewer, id), Conflict)
    await changes.update(viewer, id, TaskPatch(approval_policy=ApprovalPolicy.NONE))
    assert (await now(db, viewer, id)).status is TaskStatus.READY


async def test_deleting_a_blocker_frees_those_who_wait(
    db: Database, services: Services, viewer: Viewer, changes: TaskChanges, tree: TaskGraph
) -> None:
    waiting, first = await a_task(services, viewer), await a_task(services, viewer)
    await tree.add_dependency(viewer, waiting, first)
    await changes.delete(viewer, first)
    task = await now(db, viewer, waiting)
    assert task.status is TaskStatus.READY
    assert (await event_types(db, viewer.tenant_id))[-2:] == ["task.deleted", "task.unblocked"]


async def test_a_deleted_task_is_gone_with_its_runs_and_its_key_may_be_used_again(
    db: Database, services: Services, viewer: Viewer, changes: TaskChanges
) -> None:
    id = await a_task(services, viewer)
    await services.tasks.enqueue(viewer, id, key="k")
    await changes_nothing(db, changes.delete(viewer, id), BadInput)
    run = (await services.tasks.enqueue(viewer, id, key="k")).run
    await services.tasks.cancel_run(viewer, str(run.id))
    await changes.delete(viewer, id)
    assert (await counts(db))["runs"] == 0
    await changes_nothing(db, changes.delete(viewer, id), NotFound)


async def test_a_parent_cannot_be_deleted_before_its_children(
    db: Database, services: Services, viewer: Viewer, changes: TaskChanges, tree: TaskGraph
) -> None:
    root = await a_task(services, viewer)
    child = (await tree.create_child(viewer, root, TaskDraft(title="x", scope=TaskScope.GLOBAL))).task.id
    await changes_nothing(db, changes.delete(viewer, root), BadInput)
    await changes.delete(viewer, child)
    assert (await now(db, viewer, root)).child_count == 0
    await changes.delete(viewer, root)


async def test_a_task_with_tables_cannot_be_deleted(
    db: Database, services: Services, viewer: Viewer, changes: TaskChanges
) -> None:
    id = await a_task(services, viewer)
    columns = [Column(name="n", data_type=ColumnType.INTEGER)]
    draft = TableDraft(name="numbers", columns=columns, scope=TableScope.TASK, task_id=id)
    table = (await services.tables.create(viewer, draft)).table
    await changes_nothing(db, changes.delete(viewer, id), BadInput)
    await services.tables.delete(viewer, str(table.id))
    await changes.delete(viewer, id)


async def test_a_held_run_goes_back_to_the_queue_as_urgent_as_its_task_is_now(
    services: Services, viewer: Viewer
) -> None:
    first, second = await queued(services, viewer, 2)
    worker = await session(services, viewer)
    held = await claimed(services, viewer, worker)
    assert held.id == first.id
    await services.task_changes.update(viewer, first.task_id, TaskPatch(priority=TaskPriority.LOW))
    await services.leases.release(viewer, worker, str(first.id))
    assert (await claimed(services, viewer, worker)).id == second.id
