"""Root fields about the life of a workspace."""

from typing import Annotated

import strawberry

from app.graph.context import Info
from app.graph.inputs.workspace_life import (
    ArchiveWorkspaceInput,
    ArchiveWorkspacePayload,
    DeleteWorkspaceInput,
    DeleteWorkspacePayload,
    RestoreWorkspaceInput,
    RestoreWorkspacePayload,
    UpdateWorkspaceInput,
    UpdateWorkspacePayload,
)
from app.graph.scalars import known_sequence
from app.graph.types.workspace import Workspace
from app.resolvers.outcome import shown
from app.resolvers.problems import each_problem


@strawberry.type
class WorkspaceLifeMutations:
    """Writes."""

    @strawberry.mutation(description="Change title, description or configuration of your workspace.")
    async def update_workspace(
        self, info: Info, input: Annotated[UpdateWorkspaceInput, strawberry.argument(description="What changes.")]
    ) -> UpdateWorkspacePayload:
        """What is absent stays."""

        async def work() -> UpdateWorkspacePayload:
            services, viewer = info.context.services, info.context.viewer
            done = await services.workspace_life.update(viewer, input.workspace_id, input.to_patch())
            return UpdateWorkspacePayload(
                workspace=shown(Workspace, done.workspace), sequence=known_sequence(done.sequence)
            )

        return await each_problem(UpdateWorkspacePayload, info, input, work())

    @strawberry.mutation(description="Freeze your workspace: it can be read, restored and deleted, not written to.")
    async def archive_workspace(
        self, info: Info, input: Annotated[ArchiveWorkspaceInput, strawberry.argument(description="Which one.")]
    ) -> ArchiveWorkspacePayload:
        """A second time changes nothing."""

        async def work() -> ArchiveWorkspacePayload:
            done = await info.context.services.workspace_life.archive(info.context.viewer, input.workspace_id)
            return ArchiveWorkspacePayload(
                workspace=shown(Workspace, done.workspace), sequence=known_sequence(done.sequence)
            )

        return await each_problem(ArchiveWorkspacePayload, info, input, work())

    @strawberry.mutation(description="Use your archived workspace again.")
    async def restore_workspace(
        self, info: Info, input: Annotated[RestoreWorkspaceInput, strawberry.argument(description="Which one.")]
    ) -> RestoreWorkspacePayload:
        """A second time changes nothing."""

        async def work() -> RestoreWorkspacePayload:
            done = await info.context.services.workspace_life.restore(info.context.viewer, input.workspace_id)
            return RestoreWorkspacePayload(
                workspace=shown(Workspace, done.workspace), sequence=known_sequence(done.sequence)
            )

        return await each_problem(RestoreWorkspacePayload, info, input, work())

    @strawberry.mutation(
        description="Delete your workspace with its charts, share, copied rows and own tables; runs and events stay."
    )
    async def delete_workspace(
        self, info: Info, input: Annotated[DeleteWorkspaceInput, strawberry.argument(description="Which one.")]
    ) -> DeleteWorkspacePayload:
        """For good; a live table of others is never touched."""

        async def work() -> DeleteWorkspacePayload:
            done = await info.context.services.workspace_life.delete(info.context.viewer, input.workspace_id)
            return DeleteWorkspacePayload(
                workspace_id=strawberry.ID(str(done.workspace.id)), sequence=known_sequence(done.sequence)
            )

        return await each_problem(DeleteWorkspacePayload, info, input, work())
