"""Workers introduce themselves and say goodbye."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.clock import Now
from app.db.engine import Database
from app.domain.access.policy import Action, SessionBound, TenantWide, require
from app.domain.access.viewer import Viewer, agent_actor
from app.domain.actor import Origin, OriginKind
from app.domain.errors import BadInput
from app.domain.ids import uuid7
from app.domain.tasks.events import EventType
from app.domain.tasks.matching import MAX_CONCURRENCY_MAX, capability_set
from app.domain.text import checked
from app.services.access import Access, known_id
from app.storage import events, identity
from app.storage.rows.identity import AgentSessionRow

AGENT_NAME_LENGTH_MAX: Final = 128
REMEMBERED_MAX: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What never changes about an agent session, so that a heartbeat need not look it up."""

    id: UUID
    user_id: UUID
    workspace_id: UUID | None
    capabilities: tuple[str, ...]


class AgentSessions:
    """Registers, ends and recognises agent sessions."""

    def __init__(self, db: Database, access: Access, now: Now) -> None:
        self._db = db
        self._access = access
        self._now = now
        self._holders: OrderedDict[tuple[UUID, UUID], Holder] = OrderedDict()

    async def register(
        self,
        viewer: Viewer,
        *,
        agent_name: str,
        workspace_id: str | None,
        capabilities: Sequence[str] | None,
        max_concurrency: int | None,
    ) -> tuple[AgentSessionRow, int]:
        """A new agent session of the viewer, and the sequence of its event."""
        require(viewer, Action.WORK, TenantWide(tenant_id=viewer.tenant_id), what="tenant", id=viewer.tenant_id)
        name = checked(agent_name, "agentName", longest=AGENT_NAME_LENGTH_MAX)
        offered = capability_set(capabilities, "capabilities")
        most = 1 if max_concurrency is None else max_concurrency
        if not 1 <= most <= MAX_CONCURRENCY_MAX:
            raise BadInput(f"maxConcurrency is {most}; give 1 to {MAX_CONCURRENCY_MAX}.", field="maxConcurrency")
        place = None
        if workspace_id is not None:
            place = (await self._access.workspace(viewer, known_id(workspace_id, "workspace"), Action.WORK)).id
        async with self._db.transaction() as tx:
            row = await identity.insert_session(
                tx,
                viewer.tenant_id,
                uuid7(self._now()),
                user_id=viewer.user_id,
                agent_name=name,
                workspace_id=place,
                capabilities=offered,
                max_concurrency=most,
            )
            sequence = await events.append(
                tx, viewer.tenant_id, [self._event(EventType.AGENT_SESSION_REGISTERED, row, "agent.session.register")]
            )
        self._remember(viewer.tenant_id, row)
        return row, sequence

    async def end(self, viewer: Viewer, id: str) -> tuple[AgentSessionRow, int | None]:
        """End a session; what it still holds is taken back when its leases end. A second time changes nothing."""
        session = await self._access.agent_session(viewer, known_id(id, "agent session"))
        async with self._db.transaction() as tx:
            row = await identity.end_session(tx, viewer.tenant_id, session.id)
            if row is None:
                return session, None
            sequence = await events.append(
                tx, viewer.tenant_id, [self._event(EventType.AGENT_SESSION_ENDED, row, "agent.session.end")]
            )
        return row, sequence

    async def holder(self, viewer: Viewer, id: str) -> Holder:
        """The viewer's own session, from memory where it is known."""
        session_id = known_id(id, "agent session")
        known = self._holders.get((viewer.tenant_id, session_id))
        if known is None:
            known = self._remember(viewer.tenant_id, await self._access.agent_session(viewer, session_id))
        bound = SessionBound(tenant_id=viewer.tenant_id, user_id=known.user_id)
        require(viewer, Action.WORK, bound, what="agent session", id=id)
        return known

    def _remember(self, tenant_id: UUID, row: AgentSessionRow) -> Holder:
        holder = Holder(
            id=row.id, user_id=row.user_id, workspace_id=row.workspace_id, capabilities=tuple(row.capabilities)
        )
        self._holders[tenant_id, row.id] = holder
        if len(self._holders) > REMEMBERED_MAX:
            self._holders.popitem(last=False)
        return holder

    @staticmethod
    def _event(type: EventType, row: AgentSessionRow, origin_ref: str) -> events.NewEvent:
        return events.NewEvent(
            type=type,
            payload={
                "agent_session_id": str(row.id),
                "agent_name": row.agent_name,
                "capabilities": row.capabilities,
                "max_concurrency": row.max_concurrency,
            },
            actor=agent_actor(row.id),
            origin=Origin(kind=OriginKind.HTTP, ref=origin_ref),
            workspace_id=row.workspace_id,
        )
