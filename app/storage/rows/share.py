"""Shares and tags as they are stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from app.domain.sharing.share import STATES, ShareState, ShareStatus
from app.storage.rows.base import Row
from app.storage.rows.identity import UserRow
from app.storage.rows.workspace import WorkspaceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRow(Row):
    """The share of a workspace; without a record, `id`, `status` and the times are null."""

    CONVERT: ClassVar = {"status": ShareStatus}

    workspace_id: UUID
    id: UUID | None
    status: ShareStatus | None
    expires_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None
    recipient_count: int

    @property
    def state(self) -> ShareState:
        """What the record means now."""
        return STATES[self.status]

    @property
    def is_live(self) -> bool:
        """Whether anybody but the owner may read the workspace."""
        return self.status is ShareStatus.ACTIVE and self.recipient_count > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientRow:
    """Somebody a workspace is shared with, or was."""

    workspace_id: UUID
    user: UserRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedWorkspaceRow:
    """A workspace somebody else shares with the viewer, and when that share changed last."""

    workspace: WorkspaceRow
    shared_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRow(Row):
    """A tag of the tenant; a null namespace counts as one."""

    id: UUID
    name: str
    slug: str
    namespace: str | None
    color: str | None
    description: str | None
    attributes: dict[str, Any]
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
