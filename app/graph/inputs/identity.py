"""Inputs and payloads of administration."""

from datetime import datetime

import strawberry

from app.domain.access.credentials import Scope
from app.domain.access.viewer import UserRole
from app.graph.inputs.base import MutationInput, MutationPayload
from app.graph.types.user import ApiKey, User


@strawberry.input(description="A user to make.")
class CreateUserInput(MutationInput):
    """Who it is."""

    email: str = strawberry.field(description="The address that names the user.")
    first_name: str | None = strawberry.field(default=None, description="Given name.")
    last_name: str | None = strawberry.field(default=None, description="Family name.")
    role: UserRole = strawberry.field(default=UserRole.MEMBER, description="What the user may administer.")


@strawberry.type(description="The answer to createUser.")
class CreateUserPayload(MutationPayload):
    """The new user."""

    user: User | None = strawberry.field(default=None, description="The new user.")


@strawberry.input(description="An API key to make.")
class CreateApiKeyInput(MutationInput):
    """For whom, and for what."""

    name: str = strawberry.field(description="What people call it.")
    user_id: strawberry.ID | None = strawberry.field(default=None, description="You, if absent.")
    scopes: list[Scope] | None = strawberry.field(default=None, description="All that you have, if absent.")
    expires_at: datetime | None = strawberry.field(default=None, description="Never, if absent.")


@strawberry.type(description="The answer to createApiKey.")
class CreateApiKeyPayload(MutationPayload):
    """The new key."""

    api_key: ApiKey | None = strawberry.field(default=None, description="The new key.")
    secret: str | None = strawberry.field(default=None, description="The key itself; shown this once only.")


@strawberry.input(description="An API key to revoke.")
class RevokeApiKeyInput(MutationInput):
    """Which key."""

    api_key_id: strawberry.ID = strawberry.field(description="The key.")


@strawberry.type(description="The answer to revokeApiKey.")
class RevokeApiKeyPayload(MutationPayload):
    """The revoked key."""

    api_key: ApiKey | None = strawberry.field(default=None, description="The key, revoked.")
