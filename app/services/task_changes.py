"""Changes to a task that is there: update, reject, delete."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.tasks.events import EventType
from app.domain.tasks.patch import TaskPatch, approval_after, changed_fields, columns_of
from app.domain.tasks.status import PRIORITY_WEIGHTS, ApprovalPolicy, ApprovalState, TaskStatus
from app.services.access import Access
from app.services.consequences import Consequences
from app.services.settling import lock_with_dependents, settle, spread
from app.storage import task_changes, task_graph, workspace_keys
from app.storage.events import NewEvent
from app.storage.rows.task import TaskRow

GONE: Final = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A task after a change, and the sequence of its event; None where nothing changed."""

    task_id: str
    sequence: int | None


class TaskChanges:
    """The use cases."""

    def __init__(self, db: Database, access: Access, consequences: Consequences) -> None:
        self._db = db
        self._access = access
        self._consequences = consequences

    async def update(self, viewer: Viewer, task_id: str, patch: TaskPatch) -> Changed:
        """Set fields; values that are there already change nothing and write no event."""
        wanted = columns_of(patch)
        await self._access.task(viewer, task_id, Action.WRITE)
        async with self._db.transaction() as tx:
            task = await self._locked(tx, viewer, task_id)
            columns = {name: value for name, value in wanted.items() if _differs(task, name, value, patch)}
            if not columns:
                return Changed(task_id=task_id, sequence=None)
            await self._require_free_key(tx, viewer, task, columns)
            named = changed_fields(tuple(columns))
            if "approval_policy" in columns:
                columns["approval_state"] = approval_after(str(columns["approval_policy"]))
            await task_changes.update(tx, viewer.tenant_id, task_id, columns)
            if "not_before" in columns:
                tx.afterwards.append(lambda: self._consequences.admission.look(viewer.tenant_id, ()))
            return await self._told(tx, viewer, task_id, "update", EventType.TASK_UPDATED, {"changed_fields": named})

    async def reject(self, viewer: Viewer, task_id: str) -> Changed:
        """Decide against a task that waits for approval; it stays blocked."""
        await self._access.task(viewer, task_id, Action.WRITE)
        async with self._db.transaction() as tx:
            task = await self._locked(tx, viewer, task_id)
            if task.approval_policy is not ApprovalPolicy.MANUAL or task.approval_state is not ApprovalState.PENDING:
                raise Conflict("The task waits for no approval; nothing is to decide.", reason="not_pending")
            await task_changes.update(tx, viewer.tenant_id, task_id, {"approval_state": ApprovalState.REJECTED.value})
            states = {"previous_approval_state": task.approval_state.value, "approval_state": "rejected"}
            return await self._told(tx, viewer, task_id, "reject", EventType.TASK_REJECTED, states)

    async def delete(self, viewer: Viewer, task_id: str) -> Changed:
        """Delete a task that has neither children nor an open run; those who waited for it no longer do."""
        await self._access.task(viewer, task_id, Action.WRITE)
        async with self._db.transaction() as tx:
            await task_graph.lock_edges(tx, viewer.tenant_id)
            around = await task_graph.blockers_of(tx, viewer.tenant_id, task_id)
            known = await self._access.task(viewer, task_id, Action.WRITE)
            parent = [known.parent_task_id] if known.parent_task_id else []
            locked = await lock_with_dependents(tx, viewer.tenant_id, [task_id, *around, *parent])
            task = locked.get(task_id)
            if task is None:
                raise NotFound(f"There is no task {task_id[:140]!r}.", id=task_id[:140])
            if task.child_count:
                raise BadInput("The task has children; delete them first.", field="taskId")
            if task.open_run_id is not None:
                raise BadInput("The task has a run that has not ended; cancel it first.", field="taskId")
            if await task_changes.owns_tables(tx, viewer.tenant_id, task_id):
                raise BadInput("Tables belong to the task; delete them first.", field="taskId")
            return await self._deleted(tx, viewer, task, around)

    async def _deleted(self, tx: Tx, viewer: Viewer, task: TaskRow, blockers: frozenset[str]) -> Changed:
        origin = Origin(kind=OriginKind.HTTP, ref="tasks.delete")
        # To those who wait for it, a deleted task is one that is completed now.
        step = (task.id, task.status.value, TaskStatus.COMPLETED.value)
        later = await spread(tx, viewer.tenant_id, [step], viewer.actor, origin)
        await task_graph.shift(
            tx,
            viewer.tenant_id,
            dependent_counts=dict.fromkeys(blockers, -1),
            child_counts={task.parent_task_id: -1} if task.parent_task_id else {},
        )
        await task_changes.delete(tx, viewer.tenant_id, task.id)
        own = _event(EventType.TASK_DELETED, viewer, origin, task, {"status": GONE, "title": task.title})
        last = await self._consequences.append(tx, viewer.tenant_id, [own, *later])
        return Changed(task_id=task.id, sequence=last - len(later))

    async def _require_free_key(self, tx: Tx, viewer: Viewer, task: TaskRow, columns: Mapping[str, object]) -> None:
        """Pass, or Conflict where the key keeps the runs apart that change a workspace."""
        if "concurrency_key" in columns and await workspace_keys.changes_any(tx, viewer.tenant_id, task.id):
            raise Conflict(
                "The runs of this task change a workspace and go one at a time, by the key of the workspace; detach the"
                " task first, or bind it so that it only reads.",
                field="concurrencyKey",
                reason="task_changes_workspace",
            )

    async def _locked(self, tx: Tx, viewer: Viewer, task_id: str) -> TaskRow:
        locked = await lock_with_dependents(tx, viewer.tenant_id, [task_id])
        if task_id not in locked:
            raise NotFound(f"There is no task {task_id[:140]!r}.", id=task_id[:140])
        return locked[task_id]

    async def _told(
        self, tx: Tx, viewer: Viewer, task_id: str, action: str, kind: EventType, payload: Mapping[str, object]
    ) -> Changed:
        origin = Origin(kind=OriginKind.HTTP, ref=f"tasks.{action}")
        later = await settle(tx, viewer.tenant_id, [task_id], viewer.actor, origin)
        now = (await task_graph.lock_tasks(tx, viewer.tenant_id, [task_id]))[task_id]
        own = _event(kind, viewer, origin, now, {**payload, "status": now.status.value})
        last = await self._consequences.append(tx, viewer.tenant_id, [own, *later])
        return Changed(task_id=task_id, sequence=last - len(later))


def _differs(task: TaskRow, column: str, value: object, patch: TaskPatch) -> bool:
    if column == "metadata":
        return task.metadata != patch.metadata
    if column == "priority":
        return PRIORITY_WEIGHTS[task.priority] != value
    return bool(getattr(task, column) != value)


def _event(kind: EventType, viewer: Viewer, origin: Origin, task: TaskRow, payload: dict[str, object]) -> NewEvent:
    return NewEvent(
        type=kind,
        payload=payload,
        actor=viewer.actor,
        origin=origin,
        task_id=task.id,
        task_path=task.path,
        workspace_id=task.workspace_id,
    )
