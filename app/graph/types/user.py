"""Users, their keys, and the viewer."""

from datetime import datetime

import strawberry

from app.domain.access.credentials import Scope
from app.domain.access.viewer import UserRole
from app.graph.relation import related, value
from app.graph.types.node import Node
from app.storage.rows.identity import ApiKeyRow, UserRow


@strawberry.type(description="A person of the tenant.")
class User(Node):
    """A user."""

    email: str = value("The address that names the user.")
    first_name: str | None = value("Given name.")
    last_name: str | None = value("Family name.")
    role: UserRole = value("What the user may administer.")
    created_at: datetime = value("When the user was made.")

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, UserRow)


@strawberry.type(description="An API key, without its secret.")
class ApiKey(Node):
    """A key."""

    name: str = value("What people call it.")
    prefix: str = value("The first characters of the key, to recognise it.")
    scopes: list[Scope] = value("What it may be used for.")
    created_at: datetime = value("When it was made.")
    expires_at: datetime | None = value("When it ends; null for never.")
    revoked_at: datetime | None = value("When it was revoked.")
    last_used_at: datetime | None = value("When it was used last, to about a minute.")
    user: User | None = related(lambda x: x.user_by_id, lambda row: row.user_id, "The user it acts as.")

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, ApiKeyRow)


@strawberry.type(description="The caller.")
class Viewer:
    """Who the credential says you are."""

    tenant_id: strawberry.ID = value("The tenant everything you see belongs to.")
    scopes: list[Scope] = value("What your credential may be used for.")
    user: User | None = related(lambda x: x.user_by_id, lambda viewer: viewer.user_id, "The user you act as.")
