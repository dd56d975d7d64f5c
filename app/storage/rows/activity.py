"""An item of the activity of a workspace, as one statement puts it together."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.sharing.activity import ActivityKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRow:
    """What happened; `id` names it within the workspace, null details mean that there is nothing more to say."""

    workspace_id: UUID
    id: str
    kind: ActivityKind
    title: str
    status: str | None
    detail: dict[str, Any] | None
    created_at: datetime
