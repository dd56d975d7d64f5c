"""What an operator does to a run over its holder's head: take it back, fail it, try it again."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import Conflict, NotFound
from app.domain.tasks.events import EventType
from app.domain.tasks.run_status import HELD, RunStatus
from app.domain.text import checked
from app.services.access import Access, known_id
from app.services.consequences import Consequences
from app.services.leases import Moved
from app.services.settling import lock_with_dependents, settle
from app.services.tasks import Queued, Tasks
from app.storage import run_moves, task_graph
from app.storage.events import NewEvent
from app.storage.rows.task import RunRow, TaskRow

REASON_LENGTH_MAX: Final = 1_000


class ForcedMoves:
    """The use cases; the holder learns of it by its next heartbeat: its lease is lost."""

    def __init__(self, db: Database, access: Access, tasks: Tasks, consequences: Consequences) -> None:
        self._db = db
        self._access = access
        self._tasks = tasks
        self._consequences = consequences

    async def release(self, viewer: Viewer, run_id: str, *, reason: str) -> Moved:
        """A held run goes back to the queue; its attempt is kept."""
        return await self._force(viewer, known_id(run_id, "run"), "force_release", checked_reason(reason))

    async def fail(self, viewer: Viewer, run_id: str, *, reason: str) -> Moved:
        """A held run ends with this reason as its error; no retry policy applies."""
        return await self._force(viewer, known_id(run_id, "run"), "force_fail", checked_reason(reason))

    async def retry(self, viewer: Viewer, run_id: str, *, key: str | None = None) -> Queued:
        """A new run for the task of one that failed; its attempts start anew if they were used up."""
        id = known_id(run_id, "run")
        run = await self._access.run(viewer, id, Action.WRITE)
        if run.status is not RunStatus.FAILED:
            raise Conflict(
                f"Only a failed run can be tried again; this one is {run.status.value}.", reason="not_failed"
            )
        return await self._tasks.requeue(viewer, run.task_id, retry_of=id, key=key)

    async def take_back(self, viewer: Viewer, id: UUID, *, reason: str) -> bool:
        """Release a run if it is still held; whether it was."""
        try:
            await self._force(viewer, id, "force_release", reason)
        except (Conflict, NotFound):
            return False
        return True

    async def _force(self, viewer: Viewer, id: UUID, action: str, reason: str) -> Moved:
        task_id = (await self._access.run(viewer, id, Action.WRITE)).task_id
        origin = Origin(kind=OriginKind.HTTP, ref=f"tasks.{action}")
        async with self._db.transaction() as tx:
            locked = await lock_with_dependents(tx, viewer.tenant_id, [task_id])
            run = await run_moves.lock(tx, viewer.tenant_id, id) if task_id in locked else None
            if run is None:
                raise NotFound(f"There is no run {str(id)!r}.", id=str(id))
            if run.status not in HELD:
                raise Conflict(f"Nobody holds the run: it is {run.status.value}.", reason="not_held")
            moved, kind = await self._moved(tx, viewer, run, action, reason)
            later = await settle(tx, viewer.tenant_id, [task_id], viewer.actor, origin)
            task = (await task_graph.lock_tasks(tx, viewer.tenant_id, [task_id]))[task_id]
            own = _event(kind, viewer, origin, run, moved, task, {"reason": reason, "forced": True})
            last = await self._consequences.append(tx, viewer.tenant_id, [own, *later])
            self._consequences.nudge_after(tx, viewer.tenant_id, moved)
        return Moved(run=moved, sequence=last - len(later))

    @staticmethod
    async def _moved(tx: Tx, viewer: Viewer, run: RunRow, action: str, reason: str) -> tuple[RunRow, EventType]:
        if action == "force_fail":
            return await run_moves.force_fail(tx, viewer.tenant_id, run, reason), EventType.TASK_RUN_FAILED
        return await run_moves.force_release(tx, viewer.tenant_id, run), EventType.TASK_RUN_RELEASED


def checked_reason(given: str) -> str:
    """Why an operator intervenes: required, so that the log says it."""
    return checked(given, "reason", longest=REASON_LENGTH_MAX)


def _event(
    kind: EventType,
    viewer: Viewer,
    origin: Origin,
    was: RunRow,
    run: RunRow,
    task: TaskRow,
    facts: Mapping[str, object],
) -> NewEvent:
    session = {} if was.session_id is None else {"session_id": was.session_id}
    error = {} if run.error is None else {"error": run.error}
    return NewEvent(
        type=kind,
        payload={
            "previous_status": was.status.value,
            "status": run.status.value,
            "task_status": task.status.value,
            "attempt": run.attempt,
            **session,
            **error,
            **facts,
        },
        actor=viewer.actor,
        origin=origin,
        task_id=task.id,
        task_path=task.path,
        run_id=run.id,
        workspace_id=task.workspace_id,
    )
