"""Shares: who else may read a workspace, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.clock import Now
from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Forbidden, NotFound
from app.domain.ids import parse_uuid, uuid7
from app.domain.invalid import InvalidInput, require_sound
from app.domain.problems import Problem, shown
from app.domain.sharing.share import RECIPIENTS_MAX
from app.domain.tasks.events import EventType
from app.services.access import Access, known_id
from app.services.presence import active, present
from app.services.workspaces import workspace_event
from app.storage import events, identity, shares, workspaces
from app.storage.rows.identity import UserRow
from app.storage.rows.share import ShareRow
from app.storage.rows.workspace import WorkspaceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareDraft:
    """Whom a workspace is to be shared with; no expiry is for good."""

    recipient_user_ids: Sequence[str] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A share with its recipients, in the order in which they were given."""

    share: ShareRow
    recipients: tuple[UserRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareChanged:
    """A workspace after its share changed, None for one who left it; no sequence where nothing changed."""

    workspace: WorkspaceRow | None
    sequence: int | None


class Shares:
    """The use cases of shares; all but leaving are the owner's."""

    def __init__(self, db: Database, access: Access, now: Now) -> None:
        self._db = db
        self._access = access
        self._now = now

    async def get(self, viewer: Viewer, workspace_id: str) -> Shared:
        """The share of a workspace, also where there never was one; to see it is no change."""
        place = await self._access.workspace(viewer, known_id(workspace_id, "workspace"), Action.READ)
        if place.owner_id != viewer.user_id:
            raise Forbidden("Only its owner sees with whom a workspace is shared.")
        [share] = await shares.by_workspace(self._db, viewer.tenant_id, [place.id])
        named = await shares.recipients(self._db, viewer.tenant_id, [place.id])
        return Shared(share=share, recipients=tuple(one.user for one in named))

    async def put(self, viewer: Viewer, workspace_id: str, draft: ShareDraft) -> ShareChanged:
        """Replace the whole share; a record that is there keeps its id and becomes live again."""
        place = active(await self._mine(viewer, workspace_id))
        if draft.expires_at is not None and draft.expires_at <= self._now():
            raise InvalidInput([Problem(("expiresAt",), "value_error", "expiresAt must lie in the future.")])
        user_ids = await self._recipients(viewer, draft.recipient_user_ids)
        async with self._db.transaction() as tx:
            row = active(await workspaces.lock(tx, viewer.tenant_id, place.id))
            await shares.put(
                tx,
                viewer.tenant_id,
                row.id,
                id=uuid7(self._now()),
                expires_at=draft.expires_at,
                user_ids=user_ids,
            )
            sequence = await self._told(tx, viewer, row, EventType.WORKSPACE_SHARED)
        return ShareChanged(workspace=row, sequence=sequence)

    async def revoke(self, viewer: Viewer, workspace_id: str) -> ShareChanged:
        """End a share at once; its recipients are kept for the next time. A second time changes nothing."""
        place = await self._mine(viewer, workspace_id)
        async with self._db.transaction() as tx:
            row = present(await workspaces.lock(tx, viewer.tenant_id, place.id))
            if not await shares.revoke(tx, viewer.tenant_id, row.id):
                if (await shares.of_workspace(tx, viewer.tenant_id, row.id)).id is None:
                    raise NotFound("The workspace is not shared.", reason="share_not_found")
                return ShareChanged(workspace=row, sequence=None)
            sequence = await self._told(tx, viewer, row, EventType.WORKSPACE_SHARE_REVOKED)
        return ShareChanged(workspace=row, sequence=sequence)

    async def clear(self, viewer: Viewer, workspace_id: str) -> ShareChanged:
        """The owner removes the record, a recipient leaves; nothing to clear changes nothing."""
        id = known_id(workspace_id, "workspace")
        place = await self._access.workspace(viewer, id, Action.LEAVE)
        mine = place.owner_id == viewer.user_id
        async with self._db.transaction() as tx:
            row = present(await workspaces.lock(tx, viewer.tenant_id, place.id))
            if mine:
                done = await shares.clear(tx, viewer.tenant_id, row.id)
            else:
                done = await shares.leave(tx, viewer.tenant_id, row.id, viewer.user_id)
            left: dict[str, object] = {} if mine else {"leftUserId": str(viewer.user_id)}
            sequence = await self._told(tx, viewer, row, EventType.WORKSPACE_SHARE_CLEARED, **left) if done else None
        return ShareChanged(workspace=row if mine else None, sequence=sequence)

    async def _mine(self, viewer: Viewer, workspace_id: str) -> WorkspaceRow:
        return await self._access.workspace(viewer, known_id(workspace_id, "workspace"), Action.SHARE)

    async def _recipients(self, viewer: Viewer, given: Sequence[str]) -> list[UUID]:
        """The recipients once each, without the owner; InvalidInput names everyone who is no user of the tenant."""
        if len(given) > RECIPIENTS_MAX:
            raise BadInput(
                f"{len(given)} recipients; at most {RECIPIENTS_MAX} are allowed.",
                field="recipientUserIds",
                limit=RECIPIENTS_MAX,
            )
        ids = [parse_uuid(text) for text in given]
        wanted = [id for id in ids if id is not None]
        known = {row.id for row in await identity.users_by_id(self._db, viewer.tenant_id, wanted)} if wanted else set()
        require_sound(
            [
                Problem(("recipientUserIds", at), "value_error", f"There is no user {shown(given[at])}.")
                for at, id in enumerate(ids)
                if id not in known
            ]
        )
        return [id for id in dict.fromkeys(wanted) if id != viewer.user_id]

    async def _told(self, tx: Tx, viewer: Viewer, row: WorkspaceRow, type: EventType, **details: object) -> int:
        share = await shares.of_workspace(tx, viewer.tenant_id, row.id)
        facts = {
            "shareId": None if share.id is None else str(share.id),
            "state": share.state.value,
            "recipientCount": share.recipient_count,
            **details,
        }
        return await events.append(tx, viewer.tenant_id, [workspace_event(type, viewer, row, None, **facts)])
