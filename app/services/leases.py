"""The worker's side of a run: claim, heartbeat, complete, fail, release, report."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn
from uuid import UUID

from app.db.engine import Database, Lane
from app.db.tx import Record
from app.domain.access.viewer import Viewer, agent_actor
from app.domain.actor import Origin, OriginKind
from app.domain.errors import BadInput, Conflict, Forbidden, HeldByAnother, LeaseLost, NotFound
from app.domain.ids import parse_uuid
from app.domain.tasks.lease import (
    CLAIM_BATCH_MAX,
    ERROR_LENGTH_MAX,
    REAPER_BATCH,
    RESULT_BYTES_MAX,
    lease_seconds,
    refuse_claim_token,
)
from app.domain.tasks.matching import capability_set
from app.domain.tasks.run_status import HELD, RunStatus
from app.domain.text import checked, json_text
from app.services.agent_sessions import AgentSessions, Holder
from app.services.consequences import Consequences
from app.services.fair_turns import FairTurns, in_turn
from app.services.group_commit import GroupCommit
from app.services.reports import Report, checked_report, store_report
from app.services.settling import lock_with_dependents, settled, spread
from app.storage import leases, runs
from app.storage.rows.task import RunRow

REASON_LENGTH_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A run after it was moved, and the sequence of the event that says so."""

    run: RunRow
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a claim gave; `busy` when the session already holds all it registered for."""

    runs: tuple[Moved, ...]
    busy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The answer to a heartbeat, as data: a lost lease is no error."""

    run: RunRow | None
    lease_lost: bool
    cancel_requested: bool
    sequence: int | None


class LeaseLedger:
    """Carries out what workers ask, many callers by one statement."""

    def __init__(self, db: Database, sessions: AgentSessions, consequences: Consequences, turns: FairTurns) -> None:
        self._db = db
        self._sessions = sessions
        self._consequences = consequences
        self._claims: GroupCommit[tuple[UUID, leases.Criteria], leases.Claim, Claimed] = GroupCommit(
            in_turn(turns, _tenant_of_claims, self._claim_batch), apart=_session_of, weight=_wanted
        )
        self._extends: GroupCommit[UUID, leases.Extend, Moved | None] = GroupCommit(
            in_turn(turns, _tenant_itself, self._extend_batch), apart=_run_of
        )
        self._finishes: GroupCommit[UUID, leases.Finish, Moved | None] = GroupCommit(
            in_turn(turns, _tenant_itself, self._finish_batch), apart=_run_of
        )
        self._releases: GroupCommit[UUID, leases.Release, Moved | None] = GroupCommit(
            in_turn(turns, _tenant_itself, self._release_batch), apart=_run_of
        )

    async def claim(
        self,
        viewer: Viewer,
        session_id: str,
        *,
        limit: int = 1,
        seconds: int | None = None,
        workspace_id: str | None = None,
        offered: Sequence[str] | None = None,
        priority_min: int = 0,
    ) -> Claimed:
        """Up to `limit` runs for one session; none is an answer, a session at its limit is `busy`."""
        holder = await self._sessions.holder(viewer, session_id)
        if not 1 <= limit <= CLAIM_BATCH_MAX:
            raise BadInput(f"limit is {limit}; give 1 to {CLAIM_BATCH_MAX}.", field="limit")
        if workspace_id is not None and parse_uuid(workspace_id) != holder.workspace_id:
            raise Forbidden(
                "workspaceId differs from the workspace of the agent session; register a session for that workspace."
            )
        capabilities = capability_set([*holder.capabilities, *(offered or ())], "requiredCapabilities")
        criteria = leases.Criteria(
            place=holder.workspace_id or leases.GLOBAL_PLACE,
            capabilities=tuple(sorted(capabilities)),
            priority_min=priority_min,
        )
        asked = leases.Claim(session_id=holder.id, wanted=limit, lease_seconds=lease_seconds(seconds))
        claimed = await self._claims.submit((viewer.tenant_id, criteria), asked)
        if claimed.busy and await self._expired(viewer.tenant_id, holder.id):
            # What filled the session had ended already; the sweep had only not come by yet.
            claimed = await self._claims.submit((viewer.tenant_id, criteria), asked)
        return claimed

    async def _expired(self, tenant_id: UUID, session_id: UUID) -> bool:
        late = await leases.expire(self._db, tenant_id, most=REAPER_BATCH, session_id=session_id)
        self._consequences.admission.nudge(tenant_id, late)
        return bool(late)

    async def heartbeat(
        self, viewer: Viewer, session_id: str, run_id: str, *, epoch: int | None = None, seconds: int | None = None
    ) -> Heartbeat:
        """Push the end of a lease; a lease that is gone is told, not raised."""
        holder = await self._sessions.holder(viewer, session_id)
        wanted = lease_seconds(seconds)
        id = parse_uuid(run_id)
        if id is None:
            return Heartbeat(run=None, lease_lost=True, cancel_requested=False, sequence=None)
        asked = leases.Extend(run_id=id, session_id=holder.id, epoch=_epoch(epoch), lease_seconds=wanted)
        moved = await self._extends.submit(viewer.tenant_id, asked)
        if moved is not None:
            return Heartbeat(run=moved.run, lease_lost=False, cancel_requested=False, sequence=moved.sequence)
        found = await runs.by_id(self._db, viewer.tenant_id, [id])
        own = bool(found) and found[0].agent_session_id == holder.id
        canceled = own and found[0].status is RunStatus.CANCELED
        return Heartbeat(run=found[0] if own else None, lease_lost=True, cancel_requested=canceled, sequence=None)

    async def complete(
        self, viewer: Viewer, session_id: str, run_id: str, *, epoch: int | None = None, result: object = None
    ) -> Moved:
        """End a held run well; LeaseLost if it is no longer held under this claim."""
        holder = await self._sessions.holder(viewer, session_id)
        refuse_claim_token(result, "result")
        text = None if result is None else json_text(result, "result", bytes_max=RESULT_BYTES_MAX)
        return await self._finish(viewer, holder, run_id, epoch, "completed", result=text)

    async def fail(
        self,
        viewer: Viewer,
        session_id: str,
        run_id: str,
        *,
        error: str,
        epoch: int | None = None,
        metadata: object = None,
    ) -> Moved:
        """End a held run with an error; LeaseLost if it is no longer held under this claim."""
        holder = await self._sessions.holder(viewer, session_id)
        said = checked(error, "error", longest=ERROR_LENGTH_MAX)
        refuse_claim_token(metadata, "metadata")
        text = None if metadata is None else json_text(metadata, "metadata", bytes_max=RESULT_BYTES_MAX)
        return await self._finish(viewer, holder, run_id, epoch, "failed", error=said, metadata=text)

    async def release(
        self, viewer: Viewer, session_id: str, run_id: str, *, epoch: int | None = None, reason: str | None = None
    ) -> Moved:
        """Give a held run back to the queue; the attempt is kept."""
        holder = await self._sessions.holder(viewer, session_id)
        why = None if reason is None else checked(reason, "reason", longest=REASON_LENGTH_MAX, blank=True) or None
        id = parse_uuid(run_id)
        moved = None
        if id is not None:
            asked = leases.Release(run_id=id, session_id=holder.id, epoch=_epoch(epoch), reason=why)
            moved = await self._releases.submit(viewer.tenant_id, asked)
        return moved or await self._refused(viewer, holder, run_id)

    async def report(
        self, viewer: Viewer, session_id: str, run_id: str, said: Report, *, epoch: int | None = None
    ) -> Moved:
        """Store progress, outcome, usage, transcript and steps of a held run, all of it or nothing."""
        holder = await self._sessions.holder(viewer, session_id)
        checked_epoch, report = _epoch(epoch), checked_report(said)
        id = parse_uuid(run_id)
        done = None
        if id is not None:
            done = await store_report(
                self._db, viewer.tenant_id, report, run_id=id, session_id=holder.id, epoch=checked_epoch
            )
        return Moved(run=done[0], sequence=done[1]) if done else await self._refused(viewer, holder, run_id)

    async def why_lost(self, viewer: Viewer, session_id: str, run_id: str) -> NoReturn:
        """Raise what a call under a claim would that changes nothing, for who wants it as an error."""
        await self._refused(viewer, await self._sessions.holder(viewer, session_id), run_id)

    async def idle(self) -> None:
        """Wait until every statement under way has ended."""
        for one in (self._claims, self._extends, self._finishes, self._releases):
            await one.idle()

    async def _finish(
        self,
        viewer: Viewer,
        holder: Holder,
        run_id: str,
        epoch: int | None,
        outcome: str,
        *,
        result: str | None = None,
        error: str | None = None,
        metadata: str | None = None,
    ) -> Moved:
        id = parse_uuid(run_id)
        moved = None
        if id is not None:
            asked = leases.Finish(
                run_id=id,
                session_id=holder.id,
                epoch=_epoch(epoch),
                outcome=outcome,
                result=result,
                error=error,
                metadata=metadata,
            )
            moved = await self._finishes.submit(viewer.tenant_id, asked)
            moved = moved or await settled(lambda: self._finish_alone(viewer, asked))
        return moved or await self._refused(viewer, holder, run_id)

    async def _finish_alone(self, viewer: Viewer, asked: leases.Finish) -> Moved | None:
        """Finish a run from whose end more follows: dependents are locked first; all of it is in the same commit."""
        found = await runs.by_id(self._db, viewer.tenant_id, [asked.run_id])
        if not found or found[0].agent_session_id != asked.session_id or found[0].status not in HELD:
            return None
        task_id = found[0].task_id
        origin = Origin(kind=OriginKind.HTTP, ref=f"agent.task.{asked.outcome}")
        async with self._db.transaction(Lane.LEASES) as tx:
            locked = await lock_with_dependents(tx, viewer.tenant_id, [task_id])
            record = await leases.finish_in(tx, viewer.tenant_id, asked)
            if record is None:
                return None
            step = (task_id, locked[task_id].status.value, record["task_status"])
            actor = agent_actor(asked.session_id)
            run = RunRow.of(record)
            later = await spread(tx, viewer.tenant_id, [step], actor, origin)
            await self._consequences.append(tx, viewer.tenant_id, later, cause=str(run.id))
            if run.status is RunStatus.FAILED:
                await self._consequences.retry(tx, viewer.tenant_id, run, locked[task_id])
            self._consequences.nudge_after(tx, viewer.tenant_id, run)
        return Moved(run=run, sequence=record["sequence"])

    async def _refused(self, viewer: Viewer, holder: Holder, run_id: str) -> NoReturn:
        """Say why a call under a claim changed nothing; a run of somebody else's looks like none at all."""
        id = parse_uuid(run_id)
        found = await runs.by_id(self._db, viewer.tenant_id, [id]) if id is not None else []
        if not found or found[0].workspace_id != holder.workspace_id:
            raise NotFound(f"There is no run {run_id[:140]!r}.", id=run_id[:140])
        run = found[0]
        foreign = run.status in HELD and run.agent_session_id != holder.id
        raise (HeldByAnother if foreign else LeaseLost)(
            f"This agent session no longer holds run {run.id}: it is {run.status.value}"
            f" under lease epoch {run.lease_epoch}. Drop the work and claim again.",
            status=run.status.value,
            leaseEpoch=str(run.lease_epoch),
        )

    async def _claim_batch(
        self, group: tuple[UUID, leases.Criteria], asked: Sequence[leases.Claim]
    ) -> Sequence[Claimed | BaseException]:
        tenant_id, criteria = group
        given: list[list[Moved]] = [[] for _ in asked]
        records = await leases.claim(self._db, tenant_id, criteria, asked)
        free = dict(zip(records[0]["holder_ords"] or (), records[0]["holder_frees"] or (), strict=True))
        for record in records:
            if record["id"] is not None:
                given[record["ord"] - 1].append(Moved(run=RunRow.of(record), sequence=record["sequence"]))
        return [
            Claimed(runs=tuple(runs), busy=free[ord] <= 0)
            if ord in free
            else Conflict("The agent session has ended; register a new one.")
            for ord, runs in enumerate(given, start=1)
        ]

    async def _extend_batch(self, tenant_id: UUID, asked: Sequence[leases.Extend]) -> Sequence[Moved | None]:
        return _in_order(await leases.extend(self._db, tenant_id, asked), len(asked))

    async def _finish_batch(self, tenant_id: UUID, asked: Sequence[leases.Finish]) -> Sequence[Moved | None]:
        return self._moved(tenant_id, await leases.finish(self._db, tenant_id, asked), len(asked))

    async def _release_batch(self, tenant_id: UUID, asked: Sequence[leases.Release]) -> Sequence[Moved | None]:
        return self._moved(tenant_id, await leases.release(self._db, tenant_id, asked), len(asked))

    def _moved(self, tenant_id: UUID, records: Sequence[Record], count: int) -> list[Moved | None]:
        """The answers in order; what left its place under a concurrency key makes room for another."""
        answers = _in_order(records, count)
        self._consequences.admission.nudge(tenant_id, [moved.run for moved in answers if moved is not None])
        return answers


def _in_order(records: Sequence[Record], count: int) -> list[Moved | None]:
    answers: list[Moved | None] = [None] * count
    for record in records:
        answers[record["ord"] - 1] = Moved(run=RunRow.of(record), sequence=record["sequence"])
    return answers


def _epoch(given: int | None) -> int | None:
    if given is not None and not 0 <= given < 2**63:
        raise BadInput(f"leaseEpoch is {given}; send back the one the claim gave.", field="leaseEpoch")
    return given


def _tenant_of_claims(group: tuple[UUID, leases.Criteria]) -> UUID:
    return group[0]


def _tenant_itself(group: UUID) -> UUID:
    return group


def _session_of(asked: leases.Claim) -> Hashable:
    return asked.session_id


def _wanted(asked: leases.Claim) -> int:
    return asked.wanted


def _run_of(asked: leases.Extend | leases.Finish | leases.Release) -> Hashable:
    return asked.run_id
