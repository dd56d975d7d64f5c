"""Conversations: begin one, and post a message, which opens a turn that the workspace's agent carries out."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from app.clock import Now
from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.policy import Action, unknown
from app.domain.access.viewer import Viewer
from app.domain.actor import Actor, ActorKind, Origin, OriginKind
from app.domain.conversation import message_content, title_of
from app.domain.errors import Conflict, NotFound, ServiceUnavailable
from app.domain.ids import uuid7
from app.domain.tasks.draft import TITLE_LENGTH_MAX, TaskDraft, idempotency_key, validated
from app.domain.tasks.events import EventType
from app.domain.tasks.lineage import Lineage, Trigger
from app.domain.tasks.status import (
    PRIORITY_WEIGHTS,
    ApprovalPolicy,
    TaskPriority,
    TaskScope,
    TaskStatus,
    initial_approval,
    initial_status,
)
from app.services.access import Access, known_id
from app.services.consequences import Consequences
from app.services.presence import active
from app.services.settling import lock_with_dependents, spread
from app.services.workspaces import workspace_event
from app.storage import events, leases, messages, runs, tasks, threads
from app.storage.lineage import record as record_lineage
from app.storage.rows.task import RunRow, TaskRow
from app.storage.rows.thread import MessageRow, ThreadRow, TurnRow
from app.storage.rows.workspace import WorkspaceRow

LOOKS_MAX: Final = 4
# Who asked is nobody's business but theirs: task and runs of a conversation are the server's doing.
CONVERSATIONS: Final = Actor(kind=ActorKind.DAEMON, ref="conversations")
STOPPED: Final = "The answer was stopped by whoever asked."
ORIGIN: Final = Origin(kind=OriginKind.DAEMON, ref="daemon.turn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A new thread and the sequence of its event."""

    thread: ThreadRow
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message with the turn it opened; no sequence where the same key had posted it before.

    The run is None once it was deleted with its task.
    """

    thread: ThreadRow
    turn: TurnRow
    message: MessageRow
    run: RunRow | None
    sequence: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A turn that was canceled, and the sequence of the event that says so."""

    turn: TurnRow
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody posts: checked."""

    content: str
    key: str | None


class Threads:
    """The use cases."""

    def __init__(self, db: Database, access: Access, now: Now, consequences: Consequences) -> None:
        self._db = db
        self._access = access
        self._now = now
        self._consequences = consequences

    async def create(self, viewer: Viewer, workspace_id: str) -> Begun:
        """Always a new thread of the viewer, on a workspace that they may read and that is in use."""
        id = known_id(workspace_id, "workspace")
        active(await self._access.workspace(viewer, id, Action.CONVERSE))
        async with self._db.transaction() as tx:
            place = active(await threads.lock_place(tx, viewer.tenant_id, id))
            agent = await threads.default_agent(tx, viewer.tenant_id, uuid7(self._now()))
            thread = await threads.insert(
                tx,
                viewer.tenant_id,
                uuid7(self._now()),
                workspace_id=place.id,
                user_id=viewer.user_id,
                agent_spec_id=agent.id,
            )
            fact = workspace_event(EventType.WORKSPACE_THREAD_CREATED, viewer, place, threadId=str(thread.id))
            sequence = await events.append(tx, viewer.tenant_id, [fact])
        return Begun(thread=thread, sequence=sequence)

    async def thread_of(self, viewer: Viewer, workspace_id: str, thread_id: str) -> ThreadRow:
        """One of the viewer's threads on this workspace; of any other workspace it is none."""
        place = await self._access.workspace(viewer, known_id(workspace_id, "workspace"), Action.READ)
        thread = await self._access.thread(viewer, known_id(thread_id, "thread"), Action.READ)
        if thread.workspace_id != place.id:
            raise NotFound(f"There is no thread {thread_id[:140]!r}.", id=thread_id[:140], reason=unknown("thread"))
        return thread

    async def post(self, viewer: Viewer, thread_id: str, content: str, *, key: str | None = None) -> Posted:
        """A message that opens a turn; refused while one is open. The same key again answers what it posted first."""
        words = Words(content=message_content(content), key=idempotency_key(key))
        known = await self._access.thread(viewer, known_id(thread_id, "thread"), Action.CONVERSE)
        for _ in range(LOOKS_MAX):
            async with self._db.transaction() as tx:
                done = await self._post_in(tx, viewer, known, words)
            if isinstance(done, Posted):
                return done
            known = done
        raise ServiceUnavailable("The conversation is changing too quickly; try again.")

    async def cancel(self, viewer: Viewer, turn_id: str) -> Stopped:
        """Stop the open turn of a thread of the viewer's, whose workspace may be somebody else's."""
        id = known_id(turn_id, "turn")
        tenant_id, user_id = viewer.tenant_id, viewer.user_id
        found = await threads.own_turns(self._db, tenant_id, user_id, [id])
        if not found:
            raise NotFound(f"There is no turn {turn_id!r}.", id=turn_id, reason=unknown("turn"))
        await self._access.thread(viewer, found[0].thread_id, Action.CONVERSE)
        record = await leases.cancel(
            self._db,
            tenant_id,
            found[0].run_id,
            actor=(CONVERSATIONS.kind.value, CONVERSATIONS.ref),
            origin=(ORIGIN.kind.value, ORIGIN.ref),
            reason=STOPPED,
        )
        if record is None:
            raise Conflict("The turn has ended already; nothing is left to cancel.", reason="turn_ended")
        self._consequences.admission.nudge(tenant_id, [RunRow.of(record)])
        (turn,) = await threads.own_turns(self._db, tenant_id, user_id, [id])
        return Stopped(turn=turn, sequence=record["sequence"])

    async def _post_in(self, tx: Tx, viewer: Viewer, known: ThreadRow, words: Words) -> Posted | ThreadRow:
        """What was posted, or the thread as it is where its task is another now, which has to be locked first."""
        place = None
        if known.workspace_id is not None:
            place = await threads.lock_place(tx, viewer.tenant_id, known.workspace_id)
        locked = await self._locked_task(tx, viewer.tenant_id, known)
        thread = await threads.lock(tx, viewer.tenant_id, known.id)
        if thread is None:
            raise NotFound(f"There is no thread {str(known.id)!r}.", id=str(known.id), reason=unknown("thread"))
        if words.key is not None:
            first = await threads.turn_by_key(tx, viewer.tenant_id, thread.id, words.key)
            if first is not None:
                return await self._posted(tx, viewer, thread, first, None)
        if thread.workspace_id is None or place is None:
            raise Conflict(
                "The workspace of this conversation was deleted; it can be read, not continued.",
                reason=unknown("workspace"),
            )
        last = await threads.latest_turn(tx, viewer.tenant_id, thread.id)
        if last is not None and last.is_open:
            raise Conflict(
                "The last message is not answered yet; wait for the answer, or cancel the turn.",
                reason="turn_open",
                turnId=str(last.id),
            )
        if thread.task_id != known.task_id:
            return thread
        return await self._open(tx, viewer, active(place), thread, locked, last, words)

    async def _locked_task(self, tx: Tx, tenant_id: UUID, thread: ThreadRow) -> TaskRow | None:
        """Tasks are locked before threads, as by whoever deletes a task."""
        if thread.task_id is None:
            return None
        return (await lock_with_dependents(tx, tenant_id, [thread.task_id])).get(thread.task_id)

    async def _open(
        self,
        tx: Tx,
        viewer: Viewer,
        place: WorkspaceRow,
        thread: ThreadRow,
        task: TaskRow | None,
        last: TurnRow | None,
        words: Words,
    ) -> Posted:
        tenant_id = viewer.tenant_id
        if task is None or task.status is TaskStatus.CANCELED:
            # Whoever cancels a run cancels its task, for good; the conversation goes on in another.
            task = await self._new_task(tx, tenant_id, place)
        touched = await threads.touch(
            tx,
            tenant_id,
            thread.id,
            title=title_of(words.content),
            task_id=task.id,
            answered_at=None if last is None else last.ended_at,
        )
        turn_id, message_id, run_id = (uuid7(self._now()) for _ in range(3))
        await threads.insert_turn(
            tx, tenant_id, touched, id=turn_id, run_id=run_id, answer_id=uuid7(self._now()), key=words.key
        )
        await messages.insert(tx, tenant_id, touched, id=message_id, turn_id=turn_id, content=words.content)
        # The words stay in the thread: who reads the workspace reads its runs, and these are not theirs.
        ids = {"threadId": str(thread.id), "turnId": str(turn_id), "messageId": str(message_id)}
        await self._queue(tx, tenant_id, task, run_id, ids)
        details: dict[str, object] = {**ids, "taskId": task.id, "runId": str(run_id)}
        fact = workspace_event(EventType.WORKSPACE_MESSAGE_POSTED, viewer, place, None, **details)
        sequence = await events.append(tx, tenant_id, [fact])
        turn = await threads.latest_turn(tx, tenant_id, thread.id)
        assert turn is not None
        return await self._posted(tx, viewer, touched, turn, sequence)

    async def _new_task(self, tx: Tx, tenant_id: UUID, place: WorkspaceRow) -> TaskRow:
        title = f"Conversation: {place.title}"[:TITLE_LENGTH_MAX]
        draft = TaskDraft(title=title, scope=TaskScope.WORKSPACE, workspace_id=str(place.id))
        policy = ApprovalPolicy.NONE
        columns = validated(draft) | {
            "ord": 0,
            "id": str(uuid7(self._now())),
            "workspace_id": place.id,
            "status": initial_status(draft=False, policy=policy).value,
            "priority": PRIORITY_WEIGHTS[TaskPriority.MEDIUM],
            "approval_policy": policy.value,
            "approval_state": initial_approval(policy).value,
            "actor_kind": CONVERSATIONS.kind.value,
            "actor_ref": CONVERSATIONS.ref,
            "origin_kind": ORIGIN.kind.value,
            "origin_ref": ORIGIN.ref,
        }
        made = await tasks.create_in(tx, tenant_id, columns)
        assert made is not None
        return made[0]

    async def _queue(self, tx: Tx, tenant_id: UUID, task: TaskRow, run_id: UUID, ids: dict[str, str]) -> None:
        asked = leases.Enqueue(
            task_id=task.id,
            action="turn",
            key=None,
            run_id=run_id,
            metadata=orjson.dumps(ids).decode(),
            channel=None,
            actor=(CONVERSATIONS.kind.value, CONVERSATIONS.ref),
            origin=(ORIGIN.kind.value, ORIGIN.ref),
        )
        record = await leases.enqueue_in(tx, tenant_id, asked)
        if record["verdict"] != "queued":
            raise Conflict(
                "The task of this conversation cannot take a turn now; look at its runs.",
                reason=record["verdict"],
                taskId=task.id,
            )
        step = (task.id, record["task_was"], TaskStatus.READY.value)
        later = await spread(tx, tenant_id, [step], CONVERSATIONS, ORIGIN)
        await self._consequences.append(tx, tenant_id, later)
        lineage = Lineage(trigger=Trigger.CHAT, trigger_ref=ids["threadId"], thread_id=UUID(ids["threadId"]))
        await record_lineage(tx, tenant_id, run_id, lineage)
        self._consequences.nudge_after(tx, tenant_id, RunRow.of(record))

    async def _posted(self, tx: Tx, viewer: Viewer, thread: ThreadRow, turn: TurnRow, sequence: int | None) -> Posted:
        message = await messages.opening_in(tx, viewer.tenant_id, turn.id)
        run = await runs.by_id_in(tx, viewer.tenant_id, turn.run_id)
        return Posted(thread=thread, turn=turn, message=message, run=run, sequence=sequence)
