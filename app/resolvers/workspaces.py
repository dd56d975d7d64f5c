"""Root fields about workspaces and their bound tasks."""

from typing import Annotated

import strawberry

from app.domain.ids import parse_uuid
from app.domain.paging import page_size
from app.domain.sharing.tag import TagMatch, tag_filter
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.inputs.search import After, First
from app.graph.inputs.workspaces import (
    AttachTaskInput,
    AttachTaskPayload,
    CreateWorkspaceInput,
    CreateWorkspacePayload,
    DetachTaskInput,
    DetachTaskPayload,
    UpdateTaskBindingInput,
    UpdateTaskBindingPayload,
    WorkspaceWarning,
)
from app.graph.scalars import BigInt, known_sequence
from app.graph.types.workspace import Workspace
from app.loaders.workspace_list import own_page
from app.resolvers.outcome import shown
from app.resolvers.problems import each_problem
from app.services.workspace_draft import Binding
from app.storage.rows.workspace import WorkspaceStatus
from app.storage.workspace_list import OwnFilter


@strawberry.type
class WorkspaceQueries:
    """Reads."""

    @strawberry.field(description="A workspace; null if there is none that you may see.")
    async def workspace(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The workspace.")]
    ) -> Workspace | None:
        """By id."""
        workspace_id = parse_uuid(id)
        found = None if workspace_id is None else await info.context.loaders.workspace_by_id.load(workspace_id)
        return shown(Workspace, found)

    @strawberry.field(description="Your own workspaces, last changed first.")
    async def workspaces(
        self,
        info: Info,
        status: Annotated[WorkspaceStatus, strawberry.argument(description="In use, or archived.")] = (
            WorkspaceStatus.ACTIVE
        ),
        tags: Annotated[
            list[str] | None,
            strawberry.argument(description="Tags by name; compared by slug, so that case is all one."),
        ] = None,
        tag_ids: Annotated[
            list[strawberry.ID] | None, strawberry.argument(description="Tags by id; one set with those by name.")
        ] = None,
        tag_match: Annotated[
            TagMatch,
            strawberry.argument(description="How many of these tags it must bear; unknown ones match nothing."),
        ] = TagMatch.ANY,
        first: First = None,
        after: After = None,
    ) -> Connection[Workspace]:
        """A page."""
        wanted = OwnFilter(status=status, tags=tag_filter(tags, tag_ids, tag_match))
        page, count = await own_page(info.context.loaders.reader, wanted, after=after, first=page_size(first))
        return Connection.of(page, count)


@strawberry.type
class WorkspaceMutations:
    """Writes."""

    @strawberry.mutation(description="Make a workspace: a copy of an artifact's rows, or a view of a live table.")
    async def create_workspace(
        self, info: Info, input: Annotated[CreateWorkspaceInput, strawberry.argument(description="The workspace.")]
    ) -> CreateWorkspacePayload:
        """All at once or not at all."""

        async def work() -> CreateWorkspacePayload:
            made = await info.context.services.workspaces.create(info.context.viewer, input.to_draft())
            return CreateWorkspacePayload(
                workspace=shown(Workspace, made.workspace),
                warnings=[WorkspaceWarning.of(warning) for warning in made.warnings],
                sequence=BigInt(made.sequence),
            )

        return await each_problem(CreateWorkspacePayload, info, input, work())

    @strawberry.mutation(description="Bind a task to a workspace.")
    async def attach_task(
        self, info: Info, input: Annotated[AttachTaskInput, strawberry.argument(description="Workspace and task.")]
    ) -> AttachTaskPayload:
        """Refused if it is bound already."""

        async def work() -> AttachTaskPayload:
            binding = Binding(task_id=input.task_id, mutates=input.mutates_workspace)
            done = await info.context.services.workspaces.attach(info.context.viewer, input.workspace_id, binding)
            return AttachTaskPayload(workspace=shown(Workspace, done.workspace), sequence=known_sequence(done.sequence))

        return await each_problem(AttachTaskPayload, info, input, work())

    @strawberry.mutation(description="Say anew whether the runs of a bound task may change the data of a workspace.")
    async def update_task_binding(
        self,
        info: Info,
        input: Annotated[UpdateTaskBindingInput, strawberry.argument(description="Which binding, and what it is.")],
    ) -> UpdateTaskBindingPayload:
        """The same again changes nothing."""

        async def work() -> UpdateTaskBindingPayload:
            binding = Binding(task_id=input.task_id, mutates=input.mutates_workspace)
            done = await info.context.services.workspaces.rebind(info.context.viewer, input.workspace_id, binding)
            return UpdateTaskBindingPayload(
                workspace=shown(Workspace, done.workspace), sequence=known_sequence(done.sequence)
            )

        return await each_problem(UpdateTaskBindingPayload, info, input, work())

    @strawberry.mutation(description="Unbind a task from a workspace.")
    async def detach_task(
        self, info: Info, input: Annotated[DetachTaskInput, strawberry.argument(description="Workspace and task.")]
    ) -> DetachTaskPayload:
        """A run under way goes on."""

        async def work() -> DetachTaskPayload:
            done = await info.context.services.workspaces.detach(info.context.viewer, input.workspace_id, input.task_id)
            return DetachTaskPayload(workspace=shown(Workspace, done.workspace), sequence=known_sequence(done.sequence))

        return await each_problem(DetachTaskPayload, info, input, work())
