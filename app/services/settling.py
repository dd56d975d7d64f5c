"""What a change of one task means for the tasks that wait for it, within the same transaction."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Final, TypeVar
from uuid import UUID

from app.db.tx import Record, Tx
from app.domain.actor import Actor, Origin
from app.domain.errors import ServiceUnavailable
from app.domain.tasks.events import EventType
from app.domain.tasks.status import TaskStatus
from app.storage import task_graph
from app.storage.events import NewEvent
from app.storage.rows.task import TaskRow

EDGE_TRIES_MAX: Final = 5

Done = TypeVar("Done")


class EdgesMoved(ServiceUnavailable):
    """Between finding the neighbours of a task and locking them, their edges changed: nothing was done yet."""


async def settled(work: Callable[[], Awaitable[Done]]) -> Done:
    """The work, begun again where edges moved under it, a few times."""
    for _ in range(EDGE_TRIES_MAX - 1):
        with suppress(EdgesMoved):
            return await work()
    return await work()


async def lock_with_dependents(tx: Tx, tenant_id: UUID, ids: Collection[str]) -> dict[str, TaskRow]:
    """Lock tasks together with those that wait for them, and the open runs of all, before anything is changed.

    All in the order of ids, so that transactions with overlapping neighbourhoods cannot wait for each other. An edge
    that appears meanwhile is met by trying again: once a task is locked, its edges stand still.
    """
    wanted = frozenset(ids)
    around = wanted | await task_graph.dependents_of(tx, tenant_id, wanted)
    locked = await task_graph.lock_tasks(tx, tenant_id, around)
    if not await task_graph.dependents_of(tx, tenant_id, wanted) <= frozenset(around):
        raise EdgesMoved("The tasks around this one are changing; try again.")
    await task_graph.lock_open_runs(tx, tenant_id, around)
    return locked


async def settle(tx: Tx, tenant_id: UUID, ids: Collection[str], actor: Actor, origin: Origin) -> list[NewEvent]:
    """Derive the status of locked tasks anew and hand on what changed to their dependents.

    Returns the events about dependents, which the caller appends behind its own. One step is enough: a dependent
    that becomes ready or blocked does not become completed by it.
    """
    changed = await task_graph.settle(tx, tenant_id, sorted(ids))
    return await spread(tx, tenant_id, [(row["id"], row["was"], row["status"]) for row in changed], actor, origin)


async def spread(
    tx: Tx, tenant_id: UUID, changed: Collection[tuple[str, str, str]], actor: Actor, origin: Origin
) -> list[NewEvent]:
    """Tell the dependents of tasks that became completed, or are no longer: `(id, status before, status after)`."""
    steps: dict[str, int] = {}
    for id, was, status in changed:
        step = (was == TaskStatus.COMPLETED) - (status == TaskStatus.COMPLETED)
        if step:
            for dependent in await task_graph.dependents_of(tx, tenant_id, [id]):
                steps[dependent] = steps.get(dependent, 0) + step
    if not steps:
        return []
    await task_graph.shift(tx, tenant_id, open_dependencies=steps)
    moved = await task_graph.settle(tx, tenant_id, sorted(steps))
    return [event for row in moved if (event := _about(row, actor, origin)) is not None]


def _about(row: Record, actor: Actor, origin: Origin) -> NewEvent | None:
    kind = {TaskStatus.READY: EventType.TASK_UNBLOCKED, TaskStatus.BLOCKED: EventType.TASK_BLOCKED}.get(row["status"])
    if kind is None:
        return None
    return NewEvent(
        type=kind,
        payload={"previous_status": row["was"], "status": row["status"]},
        actor=actor,
        origin=origin,
        task_id=row["id"],
        task_path=row["path"],
        workspace_id=row["workspace_id"],
    )
