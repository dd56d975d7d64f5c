"""Dead letters in bulk: queue them again, or take them off the list."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.db.engine import Database
from app.domain.access.policy import Action, TenantWide, require
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import Conflict, NotFound
from app.domain.tasks.dispatch import bulk_limit
from app.domain.tasks.events import EventType
from app.services.access import Access
from app.services.tasks import Queued, Tasks
from app.storage import dead_letters, events, task_graph
from app.storage.dead_letters import DeadLetters
from app.storage.events import NewEvent
from app.storage.rows.task import RunRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeued:
    """The runs that were queued, and how many dead letters of the filter are left."""

    runs: tuple[Queued, ...]
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """The tasks that were taken off the list, and how many dead letters of the filter are left."""

    task_ids: tuple[str, ...]
    left: int
    sequence: int | None


class DeadLetterOffice:
    """The use cases; what the viewer may see but not change is passed over."""

    def __init__(self, db: Database, access: Access, tasks: Tasks) -> None:
        self._db = db
        self._access = access
        self._tasks = tasks

    async def requeue(self, viewer: Viewer, wanted: DeadLetters, *, limit: int) -> Requeued:
        """Queue the newest of them again, each with as many attempts as a new task has."""
        queued = []
        for run in await self._writable(viewer, wanted, limit):
            try:
                queued.append(await self._tasks.requeue(viewer, run.task_id, retry_of=run.id))
            except (Conflict, NotFound):
                # Somebody else was quicker: it is queued, canceled or gone.
                continue
        return Requeued(runs=tuple(queued), left=await self._left(viewer, wanted))

    async def discard(self, viewer: Viewer, wanted: DeadLetters, *, limit: int) -> Discarded:
        """Take the newest of them off the list; the tasks stay failed."""
        ids = sorted(run.task_id for run in await self._writable(viewer, wanted, limit))
        sequence = None
        async with self._db.transaction() as tx:
            await task_graph.lock_tasks(tx, viewer.tenant_id, ids)
            gone = await dead_letters.discard(tx, viewer.tenant_id, ids)
            told = [
                NewEvent(
                    type=EventType.TASK_DISCARDED,
                    payload={"status": task.status.value},
                    actor=viewer.actor,
                    origin=Origin(kind=OriginKind.HTTP, ref="tasks.discard"),
                    task_id=task.id,
                    task_path=task.path,
                    workspace_id=task.workspace_id,
                )
                for task in gone
            ]
            if told:
                sequence = await events.append(tx, viewer.tenant_id, told)
        left = await self._left(viewer, wanted)
        return Discarded(task_ids=tuple(task.id for task in gone), left=left, sequence=sequence)

    async def _writable(self, viewer: Viewer, wanted: DeadLetters, limit: int) -> Sequence[RunRow]:
        require(viewer, Action.WRITE, TenantWide(tenant_id=viewer.tenant_id), what="tenant", id=viewer.tenant_id)
        most = bulk_limit(limit)
        found = await dead_letters.page(self._db, viewer.tenant_id, viewer.user_id, wanted, after=None, most=most)
        allowed = await self._access.tasks(viewer, [run.task_id for _, run in found], Action.WRITE)
        return [run for _, run in found if not isinstance(allowed[run.task_id], Exception)]

    async def _left(self, viewer: Viewer, wanted: DeadLetters) -> int:
        return await dead_letters.count(self._db, viewer.tenant_id, viewer.user_id, wanted)
