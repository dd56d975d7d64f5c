"""Root fields about tags."""

from typing import Annotated, cast

import strawberry

from app.domain.paging import page_size
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.inputs.search import After, First, search_text
from app.graph.inputs.tags import (
    CreateTagInput,
    CreateTagPayload,
    DeleteTagInput,
    DeleteTagPayload,
    UpdateTagInput,
    UpdateTagPayload,
)
from app.graph.inputs.workspace_life import SetWorkspaceTagsInput, SetWorkspaceTagsPayload
from app.graph.scalars import known_sequence
from app.graph.types.tag import Tag
from app.graph.types.workspace import Workspace
from app.loaders.sharing import tag_page
from app.resolvers.outcome import shown
from app.resolvers.problems import each_problem


@strawberry.type
class TagQueries:
    """Reads."""

    @strawberry.field(description="The tags of your tenant: those without a namespace first, then by name.")
    async def tags(
        self,
        info: Info,
        query: Annotated[
            str | None, strawberry.argument(description="Only those whose name or slug holds this text.")
        ] = None,
        namespace: Annotated[str | None, strawberry.argument(description="Only those of this namespace.")] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Tag]:
        """A page."""
        reader = info.context.loaders.reader
        wanted = (search_text(query), search_text(namespace, "namespace"))
        page, count = await tag_page(reader, *wanted, after=after, first=page_size(first))
        return Connection.of(page, count)


@strawberry.type
class TagMutations:
    """Writes."""

    @strawberry.mutation(description="Make a tag.")
    async def create_tag(
        self, info: Info, input: Annotated[CreateTagInput, strawberry.argument(description="The tag.")]
    ) -> CreateTagPayload:
        """Refused where its namespace has one of that slug."""

        async def work() -> CreateTagPayload:
            done = await info.context.services.tags.create(info.context.viewer, input.to_draft())
            return CreateTagPayload(tag=shown(Tag, done.tag), sequence=known_sequence(done.sequence))

        return await each_problem(CreateTagPayload, info, input, work())

    @strawberry.mutation(description="Change a tag; its creator and administrators may.")
    async def update_tag(
        self, info: Info, input: Annotated[UpdateTagInput, strawberry.argument(description="What changes.")]
    ) -> UpdateTagPayload:
        """What is absent stays."""

        async def work() -> UpdateTagPayload:
            done = await info.context.services.tags.update(info.context.viewer, input.tag_id, input.to_draft())
            return UpdateTagPayload(tag=shown(Tag, done.tag), sequence=known_sequence(done.sequence))

        return await each_problem(UpdateTagPayload, info, input, work())

    @strawberry.mutation(description="Delete a tag, also from the workspaces it stands on.")
    async def delete_tag(
        self, info: Info, input: Annotated[DeleteTagInput, strawberry.argument(description="Which tag.")]
    ) -> DeleteTagPayload:
        """For good."""

        async def work() -> DeleteTagPayload:
            done = await info.context.services.tags.delete(info.context.viewer, input.tag_id)
            return DeleteTagPayload(tag_id=strawberry.ID(str(done.tag.id)), sequence=known_sequence(done.sequence))

        return await each_problem(DeleteTagPayload, info, input, work())

    @strawberry.mutation(description="Let exactly these tags stand on your workspace; unknown names become tags.")
    async def set_workspace_tags(
        self, info: Info, input: Annotated[SetWorkspaceTagsInput, strawberry.argument(description="All its tags.")]
    ) -> SetWorkspaceTagsPayload:
        """None at all clears them."""

        async def work() -> SetWorkspaceTagsPayload:
            context = info.context
            done = await context.services.tags.set_on_workspace(
                context.viewer, input.workspace_id, input.tag_ids, input.tag_names
            )
            context.fresh_loaders()
            return SetWorkspaceTagsPayload(
                workspace=shown(Workspace, done.workspace),
                tags=cast("list[Tag]", await context.loaders.tags_by_workspace.load(done.workspace.id)),
                sequence=known_sequence(done.sequence),
            )

        return await each_problem(SetWorkspaceTagsPayload, info, input, work())
