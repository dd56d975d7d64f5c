"""Tasks: create them, get them queued, cancel them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from app.clock import Now
from app.db.engine import Database, Lane
from app.db.tx import Record, Tx
from app.domain.access.policy import Action, TenantWide, require
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import Conflict, NotFound, ServiceUnavailable, TaskloomError
from app.domain.ids import parse_uuid, uuid7
from app.domain.tasks.draft import TaskDraft, channel, idempotency_key, validated
from app.domain.tasks.lease import METADATA_BYTES_MAX, RESULT_BYTES_MAX
from app.domain.tasks.lineage import DEPTH_MAX, Lineage, Trigger
from app.domain.tasks.status import (
    PRIORITY_WEIGHTS,
    ApprovalPolicy,
    TaskPriority,
    TaskStatus,
    initial_approval,
    initial_status,
)
from app.domain.text import checked, json_text
from app.services.access import Access, known_id
from app.services.consequences import Consequences
from app.services.fair_turns import FairTurns, in_turn
from app.services.group_commit import GroupCommit
from app.services.presence import active
from app.services.settling import lock_with_dependents, spread
from app.storage import leases, runs, tasks, unique_keys
from app.storage.lineage import record as record_lineage
from app.storage.rows.task import RunRow, TaskRow

REASON_LENGTH_MAX: Final = 1_000
RETRIES_MAX: Final = 5
DOOR: Final = OriginKind.HTTP.value

Answers = dict[str, "Queued | ApprovedDraft | BaseException"]

REFUSALS: Final[dict[str, tuple[type[TaskloomError], str]]] = {
    "unknown_task": (NotFound, "There is no such task."),
    "key_of_another_task": (Conflict, "This idempotencyKey was used for another task; choose a new one."),
    "not_a_draft": (Conflict, "Only a draft can be published; use startTask to queue a run."),
    "not_pending": (Conflict, "The task waits for no approval; nothing is to decide."),
    "draft": (Conflict, "The task is a draft; publish it first."),
    "canceled": (Conflict, "The task is canceled, for good; create a new one."),
    "open_run": (Conflict, "The task already has a run that has not ended; wait for it or cancel it."),
    "blocked": (Conflict, "The task is blocked by a dependency or waits for approval; resolve that first."),
    "retry": (ServiceUnavailable, "The task is changing too quickly; try again."),
    "attempts_exhausted": (Conflict, "All attempts of the task are used up; raise maxAttempts to try again."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A new task and the sequence of its event; the one that holds the unique key already has none."""

    task: TaskRow
    sequence: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A run that was queued, or the one that the same request queued before (then without a sequence)."""

    run: RunRow
    sequence: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedDraft:
    """A draft that was approved: it has no run, and may be published now."""

    task_id: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceled:
    """The sequence of the event that says so; None where nothing was left to cancel."""

    task_id: str
    sequence: int | None


class Tasks:
    """The use cases of tasks."""

    def __init__(self, db: Database, access: Access, now: Now, consequences: Consequences, turns: FairTurns) -> None:
        self._db = db
        self._access = access
        self._now = now
        self._consequences = consequences
        self._creations: GroupCommit[UUID, dict[str, Any], Created] = GroupCommit(
            self._create_batch, apart=lambda asked: asked["id"]
        )
        self._queue: GroupCommit[Viewer, leases.Enqueue, Queued | ApprovedDraft] = GroupCommit(
            in_turn(turns, _tenant_of, self._enqueue_batch), apart=lambda asked: asked.task_id
        )

    async def create(self, viewer: Viewer, draft: TaskDraft) -> Created:
        """A new task; creating one queues nothing. Under a unique key the open task that has it is answered."""
        columns = await self.columns(viewer, draft)
        if draft.unique_key is None:
            return await self._creations.submit(viewer.tenant_id, columns)
        async with self._db.transaction() as tx:
            return await self.create_in(tx, viewer, columns)

    async def create_in(self, tx: Tx, viewer: Viewer, columns: Mapping[str, Any]) -> Created:
        """One new task within a transaction, or the open one that has its unique key."""
        key = columns["unique_key"]
        if key is not None:
            known = await unique_keys.holder(tx, viewer.tenant_id, key)
            if known is not None:
                return await self._known(viewer, known)
        made = await tasks.create_in(tx, viewer.tenant_id, {**columns, "ord": 0})
        if made is None:
            raise Conflict(f"The task id {columns['id']!r} is in use; choose another or leave it out.", field="id")
        if key is not None:
            await unique_keys.take(tx, viewer.tenant_id, key, made[0].id)
        return Created(task=made[0], sequence=made[1])

    async def _known(self, viewer: Viewer, task: TaskRow) -> Created:
        try:
            await self._access.task(viewer, task.id, Action.READ)
        except NotFound as hidden:
            raise Conflict("This uniqueKey belongs to a task that you may not see.", field="uniqueKey") from hidden
        return Created(task=task, sequence=None)

    async def columns(self, viewer: Viewer, draft: TaskDraft) -> dict[str, Any]:
        """What a new task of this viewer is made of, once every rule that can be checked before is kept."""
        columns = validated(draft)
        place = await self._place(viewer, draft)
        policy = draft.approval_policy or ApprovalPolicy.NONE
        return columns | {
            "id": draft.id or str(uuid7(self._now())),
            "workspace_id": place,
            "status": initial_status(draft=draft.draft, policy=policy).value,
            "priority": PRIORITY_WEIGHTS[draft.priority or TaskPriority.MEDIUM],
            "approval_policy": policy.value,
            "approval_state": initial_approval(policy).value,
            "actor_kind": viewer.actor.kind.value,
            "actor_ref": viewer.actor.ref,
            "origin_kind": DOOR,
            "origin_ref": "tasks.create",
        }

    async def enqueue(
        self,
        viewer: Viewer,
        task_id: str,
        *,
        action: str = "enqueue",
        key: str | None = None,
        metadata: object = None,
        network_channel: str | None = None,
        not_before: datetime | None = None,
        parent_run_id: str | None = None,
    ) -> Queued:
        """Queue a run: `enqueue` always a new one, `start` and `publish` the open one if the same was asked before.

        A run with a parent hangs below it in the tree of runs; `not_before` overrules what the task says.
        """
        asked = self._asked(viewer, task_id, action, key, metadata, network_channel, not_before)
        if parent_run_id is None:
            done = await self._queue.submit(viewer, asked)
        else:
            done = await self._enqueue_below(viewer, asked, parent_run_id)
        assert isinstance(done, Queued)
        return done

    async def requeue(self, viewer: Viewer, task_id: str, *, retry_of: UUID, key: str | None = None) -> Queued:
        """A new run instead of one that failed, with as many attempts as a new task has."""
        asked = self._asked(viewer, task_id, "requeue", key)
        lineage = Lineage(trigger=Trigger.USER, trigger_ref=viewer.actor.ref, retry_of=retry_of)
        return await self._queued_alone(viewer, asked, lineage)

    async def approve(
        self,
        viewer: Viewer,
        task_id: str,
        *,
        key: str | None = None,
        metadata: object = None,
        network_channel: str | None = None,
    ) -> Queued | ApprovedDraft:
        """Decide for a task that waits for approval and queue its run; a draft is only approved."""
        return await self._queue.submit(viewer, self._asked(viewer, task_id, "approve", key, metadata, network_channel))

    def _asked(
        self,
        viewer: Viewer,
        task_id: str,
        action: str,
        key: str | None,
        metadata: object = None,
        network_channel: str | None = None,
        not_before: datetime | None = None,
    ) -> leases.Enqueue:
        text = None if metadata is None else json_text(metadata, "metadata", bytes_max=METADATA_BYTES_MAX)
        return leases.Enqueue(
            task_id=task_id,
            action=action,
            key=idempotency_key(key),
            run_id=uuid7(self._now()),
            metadata=text,
            channel=channel(network_channel),
            actor=(viewer.actor.kind.value, viewer.actor.ref),
            origin=(DOOR, f"tasks.{action}"),
            not_before=not_before,
        )

    async def cancel(
        self, viewer: Viewer, task_id: str, *, reason: str | None = None, metadata: object = None
    ) -> Canceled:
        """Cancel a task with all its descendants and their open runs, in one transaction."""
        why, details = _reason(reason), _details(metadata)
        await self._access.task(viewer, task_id, Action.WRITE)
        async with self._db.transaction() as tx:
            tree = {row["id"]: row["status"] for row in await tasks.lock_tree(tx, viewer.tenant_id, task_id)}
            if task_id not in tree:
                raise NotFound(f"There is no task {task_id[:140]!r}.", id=task_id[:140])
            done = await tasks.cancel_tree(
                tx,
                viewer.tenant_id,
                task_id,
                actor=(viewer.actor.kind.value, viewer.actor.ref),
                origin=(DOOR, "tasks.cancel"),
                reason=why,
                details=details,
            )
            # Whatever left its place under a concurrency key makes room for another.
            tx.afterwards.append(lambda: self._consequences.admission.look(viewer.tenant_id))
            own = next((row["sequence"] for row in done if row["task_id"] == task_id), None)
            if own is None and tree[task_id] != TaskStatus.CANCELED:
                raise Conflict(f"The task is {tree[task_id]}; only a task that has not ended can be canceled.")
        return Canceled(task_id=task_id, sequence=own)

    async def cancel_run(
        self, viewer: Viewer, run_id: str, *, reason: str | None = None, metadata: object = None
    ) -> Queued:
        """Cancel one run that has not ended; its task is canceled with it."""
        why, details = _reason(reason), _details(metadata)
        id = known_id(run_id, "run")
        found = await self._access.run(viewer, id, Action.WRITE)
        record = await leases.cancel(
            self._db,
            viewer.tenant_id,
            id,
            actor=(viewer.actor.kind.value, viewer.actor.ref),
            origin=(DOOR, "tasks.cancel_run"),
            reason=why,
            details=details,
        )
        if record is None:
            raise Conflict("The run has ended already; nothing is left to cancel.")
        self._consequences.admission.nudge(viewer.tenant_id, [found])
        return Queued(run=RunRow.of(record), sequence=record["sequence"])

    async def idle(self) -> None:
        """Wait until every statement under way has ended."""
        await self._creations.idle()
        await self._queue.idle()

    async def _place(self, viewer: Viewer, draft: TaskDraft) -> UUID | None:
        if draft.workspace_id is None:
            require(viewer, Action.WRITE, TenantWide(tenant_id=viewer.tenant_id), what="tenant", id=viewer.tenant_id)
            return None
        if parse_uuid(draft.workspace_id) is None:
            raise NotFound(f"There is no workspace {draft.workspace_id[:140]!r}.", field="workspaceId")
        place = await self._access.workspace(viewer, known_id(draft.workspace_id, "workspace"), Action.WRITE)
        return active(place, "workspaceId").id

    async def _create_batch(
        self, tenant_id: UUID, asked: Sequence[dict[str, Any]]
    ) -> Sequence[Created | BaseException]:
        numbered = [{**columns, "ord": at} for at, columns in enumerate(asked)]
        answers: list[Created | BaseException] = [
            Conflict(f"The task id {columns['id']!r} is in use; choose another or leave it out.", field="id")
            for columns in asked
        ]
        for record in await tasks.create(self._db, tenant_id, numbered):
            answers[record["ord"]] = Created(task=TaskRow.of(record), sequence=record["sequence"])
        return answers

    async def _enqueue_batch(
        self, viewer: Viewer, asked: Sequence[leases.Enqueue]
    ) -> Sequence[Queued | ApprovedDraft | BaseException]:
        allowed = await self._access.tasks(viewer, [a.task_id for a in asked], Action.WRITE, unfrozen=True)
        answers: Answers = {id: found for id, found in allowed.items() if isinstance(found, Exception)}
        open_ones = [a for a in asked if a.task_id not in answers]
        for _ in range(RETRIES_MAX):
            if not open_ones:
                break
            open_ones = await self._enqueue_once(viewer, open_ones, answers)
        for one in open_ones:
            answers[one.task_id] = ServiceUnavailable("The task is changing too quickly; try again.")
        return [answers[a.task_id] for a in asked]

    async def _enqueue_once(
        self, viewer: Viewer, asked: Sequence[leases.Enqueue], answers: Answers
    ) -> list[leases.Enqueue]:
        """Fill in the answers; returns the requests that met a change which only a new look can see."""
        again: list[leases.Enqueue] = []
        existing: dict[UUID, tuple[str, int | None]] = {}
        for request, record in zip(asked, await leases.enqueue(self._db, viewer.tenant_id, asked), strict=True):
            if record["verdict"] == "reopens":
                record = await self._enqueue_alone(viewer, request, None)
            verdict = record["verdict"]
            if verdict == "queued":
                run = RunRow.of(record)
                answers[request.task_id] = Queued(run=run, sequence=record["sequence"])
                self._consequences.admission.nudge(viewer.tenant_id, [run])
            elif verdict == "approved_draft":
                answers[request.task_id] = ApprovedDraft(task_id=request.task_id, sequence=record["sequence"])
            elif verdict in ("existing", "approved_open"):
                existing[record["existing_run_id"]] = (request.task_id, record["sequence"])
            elif verdict == "retry":
                again.append(request)
            else:
                kind, message = REFUSALS[verdict]
                answers[request.task_id] = kind(message, reason=verdict)
        if existing:
            for row in await runs.by_id(self._db, viewer.tenant_id, list(existing)):
                task_id, sequence = existing[row.id]
                answers[task_id] = Queued(run=row, sequence=sequence)
        return again

    async def _enqueue_below(self, viewer: Viewer, asked: leases.Enqueue, parent: str) -> Queued:
        parent_id = parse_uuid(parent)
        found = [] if parent_id is None else await runs.by_id(self._db, viewer.tenant_id, [parent_id])
        seen = await self._access.tasks(viewer, [run.task_id for run in found], Action.READ)
        if not found or any(isinstance(refusal, Exception) for refusal in seen.values()):
            raise NotFound(f"There is no run {parent[:140]!r}.", field="parentRunId")
        lineage = Lineage(trigger=Trigger.RUN, trigger_ref=str(parent_id), parent_run_id=parent_id)
        return await self._queued_alone(viewer, asked, lineage)

    async def _queued_alone(self, viewer: Viewer, asked: leases.Enqueue, lineage: Lineage) -> Queued:
        allowed = (await self._access.tasks(viewer, [asked.task_id], Action.WRITE, unfrozen=True))[asked.task_id]
        if isinstance(allowed, Exception):
            raise allowed
        record = await self._enqueue_alone(viewer, asked, lineage)
        if record["verdict"] == "queued":
            return Queued(run=RunRow.of(record), sequence=record["sequence"])
        if record["verdict"] == "existing":
            (found,) = await runs.by_id(self._db, viewer.tenant_id, [record["existing_run_id"]])
            return Queued(run=found, sequence=None)
        kind, message = REFUSALS[record["verdict"]]
        raise kind(message, reason=record["verdict"])

    async def _enqueue_alone(self, viewer: Viewer, request: leases.Enqueue, lineage: Lineage | None) -> Record:
        """One run whose queueing means more: dependents of a completed task are blocked again, lineage is recorded."""
        origin = Origin(kind=OriginKind.HTTP, ref=request.origin[1])
        async with self._db.transaction(Lane.LEASES) as tx:
            await lock_with_dependents(tx, viewer.tenant_id, [request.task_id])
            record = await leases.enqueue_in(tx, viewer.tenant_id, request)
            if record["verdict"] == "queued":
                step = (request.task_id, record["task_was"], "ready")
                later = await spread(tx, viewer.tenant_id, [step], viewer.actor, origin)
                await self._consequences.append(tx, viewer.tenant_id, later)
                run = RunRow.of(record)
                if lineage is not None and not await record_lineage(tx, viewer.tenant_id, run.id, lineage):
                    raise Conflict(
                        f"Runs nest at most {DEPTH_MAX} deep; queue this one without parentRunId.",
                        reason="too_deep",
                        field="parentRunId",
                    )
                self._consequences.nudge_after(tx, viewer.tenant_id, run)
        return record


def _tenant_of(viewer: Viewer) -> UUID:
    return viewer.tenant_id


def _reason(given: str | None) -> str | None:
    if given is None:
        return None
    return checked(given, "reason", longest=REASON_LENGTH_MAX, blank=True) or None


def _details(metadata: object) -> str:
    """What a caller gives along for the event, as its members."""
    if metadata is None:
        return leases.NO_DETAILS
    json_text(metadata, "metadata", bytes_max=RESULT_BYTES_MAX)
    return orjson.dumps({"metadata": metadata}).decode()
