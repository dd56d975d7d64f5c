"""Shares: who else may read a workspace."""

from datetime import datetime

import strawberry

from app.domain.sharing.share import ShareState, ShareStatus
from app.graph.context import Info
from app.graph.enums import described
from app.graph.relation import related, value
from app.graph.types.user import User
from app.storage.rows.share import ShareRow

described(
    ShareState,
    "What a share means now.",
    {
        "not_shared": "There is no record: it never was shared, or its record was removed.",
        "shared": "Its recipients may read the workspace.",
        "expired": "Its time is over.",
        "revoked": "Its owner ended it.",
    },
)
described(
    ShareStatus,
    "The record of a share.",
    {"active": "It stands.", "expired": "Its time is over.", "revoked": "Its owner ended it."},
)


@strawberry.type(description="With whom a workspace is shared, and until when; only its owner sees this.")
class WorkspaceShare:
    """The one share of a workspace."""

    state: ShareState = value("What it means now.")
    status: ShareStatus | None = value("Its record; null without one.")
    expires_at: datetime | None = value("When it ends by itself; null for never.")
    created_at: datetime | None = value("When it was made; null without a record.")
    updated_at: datetime | None = value("When it changed last; null without a record.")
    recipients: list[User] = related(
        lambda x: x.recipients_by_workspace,
        lambda row: row.workspace_id,
        "Whom it names, in the order in which they were given; kept when it ends.",
    )

    @strawberry.field(description="The id of its record, the same for as long as there is one; null without one.")
    def share_id(root: strawberry.Parent[ShareRow]) -> strawberry.ID | None:
        """As text."""
        return None if root.id is None else strawberry.ID(str(root.id))

    @strawberry.field(description="The ids of its recipients, in the same order.")
    async def recipient_user_ids(root: strawberry.Parent[ShareRow], info: Info) -> list[strawberry.ID]:
        """For a form."""
        found = await info.context.loaders.recipients_by_workspace.load(root.workspace_id)
        return [strawberry.ID(str(user.id)) for user in found]
