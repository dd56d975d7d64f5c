"""Root fields about artifacts."""

from typing import Annotated

import strawberry

from app.domain.ids import parse_uuid
from app.graph.context import Info
from app.graph.inputs.tables import CreateArtifactInput, CreateArtifactPayload
from app.graph.scalars import BigInt
from app.graph.types.artifact import Artifact
from app.resolvers.outcome import shown
from app.resolvers.problems import each_problem


@strawberry.type
class ArtifactQueries:
    """Reads."""

    @strawberry.field(description="An artifact; null if there is none that you may see.")
    async def artifact(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The artifact.")]
    ) -> Artifact | None:
        """By id."""
        artifact_id = parse_uuid(id)
        found = None if artifact_id is None else await info.context.loaders.artifact_by_id.load(artifact_id)
        return shown(Artifact, found)


@strawberry.type
class ArtifactMutations:
    """Writes."""

    @strawberry.mutation(description="Make an artifact; it never changes.")
    async def create_artifact(
        self, info: Info, input: Annotated[CreateArtifactInput, strawberry.argument(description="The artifact.")]
    ) -> CreateArtifactPayload:
        """With its version 1."""

        async def work() -> CreateArtifactPayload:
            made = await info.context.services.artifacts.create(info.context.viewer, input.to_draft())
            return CreateArtifactPayload(artifact=shown(Artifact, made.artifact), sequence=BigInt(made.sequence))

        return await each_problem(CreateArtifactPayload, info, input, work())
