"""Pause and resume: no run of a tree, or of the tenant, is claimed; what is held goes on or is taken back."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.policy import Action, TenantWide, require
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import NotFound
from app.domain.tasks.events import EventType
from app.services.access import Access
from app.services.admission import Admission
from app.services.forced import ForcedMoves
from app.storage import events, pauses, task_graph, tasks
from app.storage.events import NewEvent
from app.storage.pauses import DispatchState
from app.storage.rows.task import TaskRow

TAKE_BACK_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The sequence of the event, None where it was so already; and how many runs are still held."""

    sequence: int | None
    held: int


class Pauses:
    """The use cases. A claim that was under way when the pause was committed may still succeed."""

    def __init__(self, db: Database, access: Access, forced: ForcedMoves, admission: Admission) -> None:
        self._db = db
        self._access = access
        self._forced = forced
        self._admission = admission

    async def pause_task(self, viewer: Viewer, task_id: str, *, drain: bool = True) -> Paused:
        """Nothing of the tree is claimed any more; `drain` lets held runs end, else they go back to the queue."""
        return await self._turn(viewer, task_id, step=1, drain=drain)

    async def resume_task(self, viewer: Viewer, task_id: str) -> Paused:
        """The tree is dispatched again, but for what lies under another paused task."""
        done = await self._turn(viewer, task_id, step=-1, drain=True)
        self._admission.look(viewer.tenant_id)
        return done

    async def pause_dispatch(self, viewer: Viewer, *, drain: bool = True) -> Paused:
        """No run of the tenant is claimed any more."""
        sequence = await self._turn_tenant(viewer, paused=True)
        if not drain:
            while held := await pauses.held_in_tenant(self._db, viewer.tenant_id, most=TAKE_BACK_BATCH):
                if not await self._take_back(viewer, held):
                    break
        return Paused(sequence=sequence, held=(await pauses.state(self._db, viewer.tenant_id)).held)

    async def resume_dispatch(self, viewer: Viewer) -> Paused:
        """Runs of the tenant are claimed again."""
        sequence = await self._turn_tenant(viewer, paused=False)
        return Paused(sequence=sequence, held=(await pauses.state(self._db, viewer.tenant_id)).held)

    async def state(self, viewer: Viewer) -> DispatchState:
        """What the tenant's dispatch does now."""
        require(viewer, Action.READ, TenantWide(tenant_id=viewer.tenant_id), what="tenant", id=viewer.tenant_id)
        return await pauses.state(self._db, viewer.tenant_id)

    async def _turn(self, viewer: Viewer, task_id: str, *, step: int, drain: bool) -> Paused:
        await self._access.task(viewer, task_id, Action.WRITE)
        sequence = None
        async with self._db.transaction() as tx:
            tree = await tasks.lock_tree(tx, viewer.tenant_id, task_id)
            locked = await task_graph.lock_tasks(tx, viewer.tenant_id, [task_id])
            if task_id not in locked:
                raise NotFound(f"There is no task {task_id[:140]!r}.", id=task_id[:140])
            if (locked[task_id].paused_at is None) == (step > 0):
                await task_graph.lock_open_runs(tx, viewer.tenant_id, [row["id"] for row in tree])
                await pauses.pause_tree(tx, viewer.tenant_id, task_id, step=step)
                sequence = await self._tell(tx, viewer, locked[task_id], step)
            held = await pauses.held_in_tree(tx, viewer.tenant_id, task_id)
        if not drain:
            taken = await self._take_back(viewer, held)
            return Paused(sequence=sequence, held=len(held) - taken)
        return Paused(sequence=sequence, held=len(held))

    async def _take_back(self, viewer: Viewer, held: list[UUID]) -> int:
        taken = 0
        for id in held:
            taken += await self._forced.take_back(viewer, id, reason="paused")
        return taken

    async def _turn_tenant(self, viewer: Viewer, *, paused: bool) -> int | None:
        whole = TenantWide(tenant_id=viewer.tenant_id)
        require(viewer, Action.ADMINISTER, whole, what="tenant", id=viewer.tenant_id)
        kind = EventType.DISPATCH_PAUSED if paused else EventType.DISPATCH_RESUMED
        origin = Origin(kind=OriginKind.HTTP, ref="dispatch.pause" if paused else "dispatch.resume")
        async with self._db.transaction() as tx:
            if not await pauses.pause_tenant(tx, viewer.tenant_id, paused=paused):
                return None
            event = NewEvent(type=kind, payload={"paused": paused}, actor=viewer.actor, origin=origin)
            return await events.append(tx, viewer.tenant_id, [event])

    @staticmethod
    async def _tell(tx: Tx, viewer: Viewer, task: TaskRow, step: int) -> int:
        event = NewEvent(
            type=EventType.TASK_PAUSED if step > 0 else EventType.TASK_RESUMED,
            payload={"status": task.status.value, "pauses": task.pauses + step},
            actor=viewer.actor,
            origin=Origin(kind=OriginKind.HTTP, ref="tasks.pause" if step > 0 else "tasks.resume"),
            task_id=task.id,
            task_path=task.path,
            workspace_id=task.workspace_id,
        )
        return await events.append(tx, viewer.tenant_id, [event])
