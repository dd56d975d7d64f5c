"""What an operator does to a run by hand: claim, start, attach a session, complete, fail (tasks API, section 9)."""

from collections.abc import Awaitable, Callable, Mapping

from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import Conflict, NotFound
from app.domain.ids import parse_uuid
from app.domain.tasks.events import EventType
from app.domain.tasks.lease import ERROR_LENGTH_MAX, RESULT_BYTES_MAX, refuse_claim_token
from app.domain.tasks.run_status import RunStatus
from app.domain.tasks.status import TaskStatus
from app.domain.text import checked, json_text
from app.services.access import Access, known_id
from app.services.consequences import Consequences
from app.services.leases import Moved
from app.services.settling import lock_with_dependents, settle
from app.storage import identity, run_moves, task_graph
from app.storage.events import NewEvent
from app.storage.rows.task import RunRow, TaskRow

Step = tuple[EventType, Mapping[str, object]]
Move = Callable[[Tx, RunRow, TaskRow], Awaitable[tuple[RunRow, list[Step]]]]


class RunOperations:
    """The use cases; each locks the task, then the run, and writes its events last."""

    def __init__(self, db: Database, access: Access, consequences: Consequences) -> None:
        self._db = db
        self._access = access
        self._consequences = consequences

    async def claim(self, viewer: Viewer, run_id: str) -> Moved:
        """Take a queued run by hand: no lease, so it never expires."""

        async def move(tx: Tx, run: RunRow, task: TaskRow) -> tuple[RunRow, list[Step]]:
            actor = viewer.actor
            moved = await run_moves.claim(tx, viewer.tenant_id, run.id, kind=actor.kind.value, ref=actor.ref)
            if moved is None:
                raise Conflict(f"Only a queued run of a task that is not blocked can be claimed; {_state(run, task)}.")
            return moved, [(EventType.TASK_RUN_CLAIMED, {"claimed_by": {"kind": actor.kind.value, "ref": actor.ref}})]

        return await self._move(viewer, run_id, "claim_run", move)

    async def start(self, viewer: Viewer, run_id: str) -> Moved:
        """Let a claimed run be running; it needs no session."""

        async def move(tx: Tx, run: RunRow, task: TaskRow) -> tuple[RunRow, list[Step]]:
            _refuse_blocked(task)
            moved = await run_moves.start(tx, viewer.tenant_id, run.id)
            if moved is None:
                raise Conflict(f"Only a claimed run can be started; {_state(run, task)}.")
            session = {} if moved.session_id is None else {"session_id": moved.session_id}
            starting: list[Step] = [] if run.status == "starting" else [(EventType.TASK_RUN_STARTING, session)]
            return moved, [*starting, (EventType.TASK_RUN_STARTED, session)]

        return await self._move(viewer, run_id, "start_run", move)

    async def attach_session(self, viewer: Viewer, run_id: str, session_id: str) -> Moved:
        """Bind a live agent session to a claimed run."""
        id = parse_uuid(session_id.strip())
        found = await identity.sessions_by_id(self._db, viewer.tenant_id, [id]) if id is not None else []
        if not found:
            raise NotFound(f"There is no agent session {session_id[:140]!r}.", field="sessionId")
        if found[0].state != "active":
            raise Conflict("The agent session has ended; attach one that is active.", field="sessionId")

        async def move(tx: Tx, run: RunRow, task: TaskRow) -> tuple[RunRow, list[Step]]:
            _refuse_blocked(task)
            if await run_moves.session_in_use(tx, viewer.tenant_id, str(id)):
                raise Conflict("The agent session is bound to another run that has not ended.", field="sessionId")
            moved = await run_moves.attach(tx, viewer.tenant_id, run.id, str(id))
            if moved is None:
                raise Conflict(f"Only a claimed run without a session takes one; {_state(run, task)}.")
            return moved, [(EventType.TASK_RUN_SESSION_BOUND, {"session_id": str(id)})]

        return await self._move(viewer, run_id, "attach_run_session", move)

    async def complete(self, viewer: Viewer, run_id: str, result: object = None) -> Moved:
        """End a running run well; a run under an agent's lease is the agent's to finish."""
        refuse_claim_token(result, "result")
        text = None if result is None else json_text(result, "result", bytes_max=RESULT_BYTES_MAX)

        async def move(tx: Tx, run: RunRow, task: TaskRow) -> tuple[RunRow, list[Step]]:
            _refuse_leased(run)
            moved = await run_moves.complete(tx, viewer.tenant_id, run.id, text)
            if moved is None:
                raise Conflict(f"Only a running run can be completed; {_state(run, task)}.")
            return moved, [(EventType.TASK_RUN_COMPLETED, {} if result is None else {"result": result})]

        return await self._move(viewer, run_id, "complete_run", move)

    async def fail(self, viewer: Viewer, run_id: str, error: str, metadata: object = None) -> Moved:
        """End a starting or running run with an error; not under an agent's lease."""
        said = checked(error, "error", longest=ERROR_LENGTH_MAX)
        refuse_claim_token(metadata, "metadata")
        details = {} if metadata is None else {"metadata": metadata}
        json_text(details, "metadata", bytes_max=RESULT_BYTES_MAX)

        async def move(tx: Tx, run: RunRow, task: TaskRow) -> tuple[RunRow, list[Step]]:
            _refuse_leased(run)
            moved = await run_moves.fail(tx, viewer.tenant_id, run.id, said)
            if moved is None:
                raise Conflict(f"Only a starting or running run can fail; {_state(run, task)}.")
            return moved, [(EventType.TASK_RUN_FAILED, {"error": said, **details})]

        return await self._move(viewer, run_id, "fail_run", move)

    async def _move(self, viewer: Viewer, run_id: str, action: str, move: Move) -> Moved:
        id = known_id(run_id, "run")
        task_id = (await self._access.run(viewer, id, Action.WRITE)).task_id
        origin = Origin(kind=OriginKind.HTTP, ref=f"tasks.{action}")
        async with self._db.transaction() as tx:
            locked = await lock_with_dependents(tx, viewer.tenant_id, [task_id])
            run = await run_moves.lock(tx, viewer.tenant_id, id) if task_id in locked else None
            if run is None:
                raise NotFound(f"There is no run {run_id!r}.", id=run_id)
            moved, steps = await move(tx, run, locked[task_id])
            later = await settle(tx, viewer.tenant_id, [task_id], viewer.actor, origin)
            task = (await task_graph.lock_tasks(tx, viewer.tenant_id, [task_id]))[task_id]
            own = [_event(kind, viewer, origin, moved, task, facts) for kind, facts in steps]
            last = await self._consequences.append(tx, viewer.tenant_id, [*own, *later], cause=str(id))
            if moved.status is RunStatus.FAILED:
                await self._consequences.retry(tx, viewer.tenant_id, moved, task)
            self._consequences.nudge_after(tx, viewer.tenant_id, moved)
        return Moved(run=moved, sequence=last - len(later))


def _refuse_blocked(task: TaskRow) -> None:
    """A task that became blocked after its run was claimed keeps the run from beginning (tasks API, section 5)."""
    if task.status is TaskStatus.BLOCKED:
        raise Conflict(
            "The task is blocked by a dependency or waits for approval; resolve that first.", reason="blocked"
        )


def _refuse_leased(run: RunRow) -> None:
    if run.lease_until is not None:
        raise Conflict("The run is held under an agent's lease; only its holder can finish it.", reason="leased")


def _state(run: RunRow, task: TaskRow) -> str:
    return f"this one is {run.status.value} and its task is {task.status.value}"


def _event(
    kind: EventType, viewer: Viewer, origin: Origin, run: RunRow, task: TaskRow, facts: Mapping[str, object]
) -> NewEvent:
    return NewEvent(
        type=kind,
        payload={"status": run.status.value, "task_status": task.status.value, "attempt": run.attempt, **facts},
        actor=viewer.actor,
        origin=origin,
        task_id=task.id,
        task_path=task.path,
        run_id=run.id,
        workspace_id=task.workspace_id,
    )
