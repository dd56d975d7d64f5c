"""Users, API keys and agent sessions as they are stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from app.domain.access.viewer import UserRole
from app.storage.rows.base import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow(Row):
    """A person of a tenant."""

    CONVERT: ClassVar = {"role": UserRole}

    id: UUID
    email: str
    first_name: str | None
    last_name: str | None
    role: UserRole
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRow(Row):
    """An API key without its secret."""

    id: UUID
    user_id: UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSessionRow(Row):
    """A worker's identity; `active_runs` is how many runs it holds."""

    id: UUID
    user_id: UUID
    agent_name: str
    workspace_id: UUID | None
    capabilities: list[str]
    max_concurrency: int
    active_runs: int
    state: str
    created_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
