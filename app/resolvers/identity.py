"""Root fields of administration, and who you are."""

from typing import Annotated

import strawberry

from app.graph.context import Info
from app.graph.inputs.identity import (
    CreateApiKeyInput,
    CreateApiKeyPayload,
    CreateUserInput,
    CreateUserPayload,
    RevokeApiKeyInput,
    RevokeApiKeyPayload,
)
from app.graph.types.user import ApiKey, User, Viewer
from app.resolvers.outcome import outcome, shown


@strawberry.type
class IdentityQueries:
    """Reads."""

    @strawberry.field(description="Who your credential says you are.")
    async def viewer(self, info: Info) -> Viewer:
        """The caller."""
        return shown(Viewer, info.context.viewer)


@strawberry.type
class IdentityMutations:
    """Writes."""

    @strawberry.mutation(description="Make a user of your tenant; administrators only.")
    async def create_user(
        self, info: Info, input: Annotated[CreateUserInput, strawberry.argument(description="The user.")]
    ) -> CreateUserPayload:
        """Without a key: make one with createApiKey."""

        async def work() -> CreateUserPayload:
            row = await info.context.services.identity.create_user(
                info.context.viewer,
                email=input.email,
                first_name=input.first_name,
                last_name=input.last_name,
                role=input.role,
            )
            return CreateUserPayload(user=shown(User, row))

        return await outcome(CreateUserPayload, input, work())

    @strawberry.mutation(description="Make an API key; its secret is shown this once.")
    async def create_api_key(
        self, info: Info, input: Annotated[CreateApiKeyInput, strawberry.argument(description="The key.")]
    ) -> CreateApiKeyPayload:
        """For another user only by an administrator."""

        async def work() -> CreateApiKeyPayload:
            made = await info.context.services.identity.create_key(
                info.context.viewer,
                name=input.name,
                user_id=input.user_id,
                scopes=input.scopes,
                expires_at=input.expires_at,
            )
            return CreateApiKeyPayload(api_key=shown(ApiKey, made.row), secret=str(made.secret))

        return await outcome(CreateApiKeyPayload, input, work())

    @strawberry.mutation(description="Revoke an API key: it opens nothing any more.")
    async def revoke_api_key(
        self, info: Info, input: Annotated[RevokeApiKeyInput, strawberry.argument(description="Which key.")]
    ) -> RevokeApiKeyPayload:
        """A second time changes nothing."""

        async def work() -> RevokeApiKeyPayload:
            row = await info.context.services.identity.revoke_key(info.context.viewer, input.api_key_id)
            return RevokeApiKeyPayload(api_key=shown(ApiKey, row))

        return await outcome(RevokeApiKeyPayload, input, work())
