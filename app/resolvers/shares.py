"""Root fields about shares, and the people to share with."""

from collections.abc import Awaitable
from typing import Annotated, TypeVar

import strawberry

from app.domain.paging import page_size
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.inputs.search import After, First, search_text
from app.graph.inputs.workspace_life import (
    ClearWorkspaceShareInput,
    ClearWorkspaceSharePayload,
    RevokeWorkspaceShareInput,
    RevokeWorkspaceSharePayload,
    SharePayload,
    ShareWorkspaceInput,
    ShareWorkspacePayload,
)
from app.graph.scalars import known_sequence
from app.graph.types.share import WorkspaceShare
from app.graph.types.user import User
from app.graph.types.workspace import Workspace
from app.loaders.sharing import user_page
from app.loaders.workspace_list import shared_page
from app.resolvers.outcome import shown
from app.resolvers.problems import each_problem
from app.services.shares import ShareChanged

Payload = TypeVar("Payload", bound=SharePayload)


@strawberry.type
class ShareQueries:
    """Reads."""

    @strawberry.field(
        description="Active workspaces that others share with you now, the newest change of a share first."
    )
    async def shared_workspaces(self, info: Info, first: First = None, after: After = None) -> Connection[Workspace]:
        """A page."""
        page, count = await shared_page(info.context.loaders.reader, after=after, first=page_size(first))
        return Connection.of(page, count)

    @strawberry.field(description="The people of your tenant by address.")
    async def users(
        self,
        info: Info,
        query: Annotated[
            str | None, strawberry.argument(description="Only those whose address or name holds this text.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[User]:
        """A page."""
        reader = info.context.loaders.reader
        page, count = await user_page(reader, search_text(query), after=after, first=page_size(first))
        return Connection.of(page, count)


@strawberry.type
class ShareMutations:
    """Writes."""

    @strawberry.mutation(description="Share your workspace with these people, and nobody else.")
    async def share_workspace(
        self, info: Info, input: Annotated[ShareWorkspaceInput, strawberry.argument(description="The whole share.")]
    ) -> ShareWorkspacePayload:
        """A share that is there is replaced and keeps its id."""
        shares = info.context.services.shares
        work = shares.put(info.context.viewer, input.workspace_id, input.to_draft())
        return await each_problem(ShareWorkspacePayload, info, input, _told(ShareWorkspacePayload, info, work))

    @strawberry.mutation(description="End the share of your workspace: nobody else reads it any more.")
    async def revoke_workspace_share(
        self, info: Info, input: Annotated[RevokeWorkspaceShareInput, strawberry.argument(description="Of which one.")]
    ) -> RevokeWorkspaceSharePayload:
        """Its recipients are kept for the next time."""
        work = info.context.services.shares.revoke(info.context.viewer, input.workspace_id)
        told = _told(RevokeWorkspaceSharePayload, info, work)
        return await each_problem(RevokeWorkspaceSharePayload, info, input, told)

    @strawberry.mutation(description="Remove the share of your workspace, or leave one that is shared with you.")
    async def clear_workspace_share(
        self, info: Info, input: Annotated[ClearWorkspaceShareInput, strawberry.argument(description="Of which one.")]
    ) -> ClearWorkspaceSharePayload:
        """Nothing to clear changes nothing."""
        work = info.context.services.shares.clear(info.context.viewer, input.workspace_id)
        told = _told(ClearWorkspaceSharePayload, info, work)
        return await each_problem(ClearWorkspaceSharePayload, info, input, told)


async def _told(kind: type[Payload], info: Info, work: Awaitable[ShareChanged]) -> Payload:
    done = await work
    if done.workspace is None:
        return kind(sequence=known_sequence(done.sequence))
    info.context.fresh_loaders()
    share = await info.context.loaders.share_by_workspace.load(done.workspace.id)
    return kind(
        workspace=shown(Workspace, done.workspace),
        share=shown(WorkspaceShare, share),
        sequence=known_sequence(done.sequence),
    )
