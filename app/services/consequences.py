"""What follows from a change, in its own transaction: the next attempt by policy, and runs of tasks now ready."""

from collections.abc import Collection, Sequence
from uuid import UUID

from app.clock import Now
from app.db.tx import Tx
from app.domain.actor import REAPER as SCHEDULER
from app.domain.actor import Origin, OriginKind
from app.domain.ids import uuid7
from app.domain.tasks.events import EventType
from app.domain.tasks.lineage import Lineage, Trigger
from app.services.admission import Admission
from app.storage import events, leases, task_graph
from app.storage.events import NewEvent
from app.storage.lineage import record as record_lineage
from app.storage.rows.task import RunRow, TaskRow


class Consequences:
    """Carries them out; the admission is told of gated runs after the commit."""

    def __init__(self, now: Now, admission: Admission) -> None:
        self._now = now
        self.admission = admission

    async def append(self, tx: Tx, tenant_id: UUID, told: Sequence[NewEvent], *, cause: str | None = None) -> int:
        """Append events, then queue runs for the tasks they say are ready; the sequence of the last event of `told`."""
        last = await events.append(tx, tenant_id, told) if told else 0
        ready = [e.task_id for e in told if e.task_id is not None and e.type is EventType.TASK_UNBLOCKED]
        await self.queue_ready(tx, tenant_id, ready, cause=cause)
        return last

    async def queue_ready(
        self, tx: Tx, tenant_id: UUID, ids: Collection[str], *, cause: str | None = None
    ) -> list[RunRow]:
        """Queue a run for each of these locked tasks that is ready and asked for it (`enqueueWhenReady`)."""
        wanting = await task_graph.wanting_a_run(tx, tenant_id, ids) if ids else []
        lineage = Lineage(trigger=Trigger.AUTOMATION, trigger_ref=cause)
        made = [await self._queue(tx, tenant_id, id, "ready", lineage) for id in wanting]
        return [run for run in made if run is not None]

    async def retry(self, tx: Tx, tenant_id: UUID, failed: RunRow, task: TaskRow) -> RunRow | None:
        """Queue the next attempt of a failed run, if the task's policy asks for one and an attempt is left."""
        if task.retry_policy is None or task.last_attempt - task.forgiven_attempts >= task.max_attempts:
            return None
        lineage = Lineage(trigger=Trigger.AUTOMATION, trigger_ref=str(failed.id), retry_of=failed.id)
        return await self._queue(tx, tenant_id, task.id, "retry", lineage)

    async def _queue(self, tx: Tx, tenant_id: UUID, task_id: str, action: str, lineage: Lineage) -> RunRow | None:
        origin = Origin(kind=OriginKind.DAEMON, ref=f"daemon.{action}")
        asked = leases.Enqueue(
            task_id=task_id,
            action=action,
            key=None,
            run_id=uuid7(self._now()),
            metadata=None,
            channel=None,
            actor=(SCHEDULER.kind.value, SCHEDULER.ref),
            origin=(origin.kind.value, origin.ref),
        )
        record = await leases.enqueue_in(tx, tenant_id, asked)
        if record["verdict"] != "queued":
            return None
        run = RunRow.of(record)
        await record_lineage(tx, tenant_id, run.id, lineage)
        self.nudge_after(tx, tenant_id, run)
        return run

    def nudge_after(self, tx: Tx, tenant_id: UUID, moved: RunRow) -> None:
        """Let the admission look again once this transaction is committed, if the run is gated."""
        tx.afterwards.append(lambda: self.admission.nudge(tenant_id, [moved]))
