"""How tasks hang together: children and dependencies."""

from dataclasses import dataclass
from typing import Final

from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.events import EventType
from app.domain.tasks.graph import check_child, check_dependency
from app.domain.tasks.status import TaskStatus
from app.services.access import Access
from app.services.consequences import Consequences
from app.services.settling import lock_with_dependents, settle
from app.services.tasks import Created, Tasks
from app.storage import events, task_graph
from app.storage.events import NewEvent
from app.storage.rows.task import TaskRow

KIND: Final = "blocks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A task after one of its edges changed, and the sequence of the event that says so."""

    task_id: str
    sequence: int


class TaskGraph:
    """The use cases of hierarchy and dependencies."""

    def __init__(self, db: Database, access: Access, plain: Tasks, consequences: Consequences) -> None:
        self._db = db
        self._access = access
        self._plain = plain
        self._consequences = consequences

    async def create_child(self, viewer: Viewer, parent_id: str, draft: TaskDraft) -> Created:
        """A new task below another; the parent is told by an event of its own."""
        await self._access.task(viewer, parent_id, Action.WRITE)
        columns = await self._plain.columns(viewer, draft)
        async with self._db.transaction() as tx:
            parent = (await task_graph.lock_tasks(tx, viewer.tenant_id, [parent_id])).get(parent_id)
            if parent is None:
                raise NotFound(f"There is no task {parent_id[:140]!r}.", id=parent_id[:140])
            check_child(
                parent_depth=len(parent.path) + 1,
                siblings=parent.child_count,
                parent_place=parent.workspace_id,
                place=columns["workspace_id"],
            )
            path = [*parent.path, parent.id]
            if columns["id"] == parent.id:
                # The rule that no task is its own parent would refuse it, but it is the id that is taken.
                raise Conflict(f"The task id {parent.id!r} is in use; choose another or leave it out.", field="id")
            below = {"parent_task_id": parent.id, "path": path, "pauses": parent.pauses}
            made = await self._plain.create_in(tx, viewer, columns | below)
            if made.sequence is None:
                return made
            await task_graph.shift(tx, viewer.tenant_id, child_counts={parent.id: 1})
            await events.append(tx, viewer.tenant_id, [self._child_created(viewer, parent, made.task)])
        return made

    async def add_dependency(self, viewer: Viewer, task_id: str, depends_on: str) -> Linked:
        """Let a task wait for another to be completed."""
        if task_id == depends_on:
            raise BadInput("A task cannot depend on itself.", field="dependsOnTaskId")
        await self._access.task(viewer, task_id, Action.WRITE)
        await self._access.task(viewer, depends_on, Action.READ)
        async with self._db.transaction() as tx:
            await task_graph.lock_edges(tx, viewer.tenant_id)
            locked = await lock_with_dependents(tx, viewer.tenant_id, [task_id, depends_on])
            self._require_both(locked, task_id, depends_on)
            known = await task_graph.blockers_of(tx, viewer.tenant_id, task_id)
            if depends_on in known:
                raise BadInput("The task depends on that one already.", field="dependsOnTaskId")
            check_dependency(count=len(known))
            if await task_graph.reaches(tx, viewer.tenant_id, depends_on, task_id):
                raise Conflict(
                    "That task waits for this one, so this would be a cycle.", reason="cycle", field="dependsOnTaskId"
                )
            await task_graph.add_edge(tx, viewer.tenant_id, task_id, depends_on)
            return await self._linked(viewer, tx, locked, task_id, depends_on, 1, EventType.TASK_DEPENDENCY_ADDED)

    async def remove_dependency(self, viewer: Viewer, task_id: str, depends_on: str) -> Linked:
        """No longer wait; a task whose last open dependency this was becomes ready."""
        await self._access.task(viewer, task_id, Action.WRITE)
        async with self._db.transaction() as tx:
            await task_graph.lock_edges(tx, viewer.tenant_id)
            locked = await lock_with_dependents(tx, viewer.tenant_id, [task_id, depends_on])
            if task_id not in locked or not await task_graph.remove_edge(tx, viewer.tenant_id, task_id, depends_on):
                raise NotFound(f"The task does not depend on {depends_on[:140]!r}.", id=depends_on[:140])
            return await self._linked(viewer, tx, locked, task_id, depends_on, -1, EventType.TASK_DEPENDENCY_REMOVED)

    async def _linked(
        self,
        viewer: Viewer,
        tx: Tx,
        locked: dict[str, TaskRow],
        task_id: str,
        depends_on: str,
        step: int,
        kind: EventType,
    ) -> Linked:
        origin = Origin(kind=OriginKind.HTTP, ref=f"tasks.{'add' if step > 0 else 'remove'}_dependency")
        still_open = locked[depends_on].status is not TaskStatus.COMPLETED
        await task_graph.shift(
            tx,
            viewer.tenant_id,
            open_dependencies={task_id: step if still_open else 0},
            dependent_counts={depends_on: step},
        )
        later = await settle(tx, viewer.tenant_id, [task_id], viewer.actor, origin)
        now = (await task_graph.lock_tasks(tx, viewer.tenant_id, [task_id]))[task_id]
        own = NewEvent(
            type=kind,
            payload={"depends_on_task_id": depends_on, "kind": KIND, "status": now.status.value},
            actor=viewer.actor,
            origin=origin,
            task_id=task_id,
            task_path=now.path,
            workspace_id=now.workspace_id,
        )
        last = await self._consequences.append(tx, viewer.tenant_id, [own, *later])
        if locked[task_id].status is TaskStatus.BLOCKED:
            await self._consequences.queue_ready(tx, viewer.tenant_id, [task_id])
        return Linked(task_id=task_id, sequence=last - len(later))

    @staticmethod
    def _require_both(locked: dict[str, TaskRow], *ids: str) -> None:
        for id in ids:
            if id not in locked:
                raise NotFound(f"There is no task {id[:140]!r}.", id=id[:140])

    @staticmethod
    def _child_created(viewer: Viewer, parent: TaskRow, child: TaskRow) -> NewEvent:
        payload = {"child_task_id": child.id, "child_scope": child.scope.value}
        if child.workspace_id is not None:
            payload["child_workspace_id"] = str(child.workspace_id)
        return NewEvent(
            type=EventType.TASK_CHILD_CREATED,
            payload=payload,
            actor=viewer.actor,
            origin=Origin(kind=OriginKind.HTTP, ref="tasks.create_child"),
            task_id=parent.id,
            task_path=parent.path,
            workspace_id=parent.workspace_id,
        )
