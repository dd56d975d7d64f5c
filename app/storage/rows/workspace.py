"""A workspace and its charts as they are stored."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from app.storage.rows.base import Row


class WorkspaceMode(StrEnum):
    """Whose rows a workspace shows: its own copy, or a live table."""

    SNAPSHOT = "snapshot"
    OPERATIONAL = "operational"


class WorkspaceStatus(StrEnum):
    """Whether a workspace is in use or frozen."""

    ACTIVE = "active"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceRow(Row):
    """One person's working surface; `table_id` is null for an empty snapshot."""

    CONVERT: ClassVar = {"mode": WorkspaceMode, "status": WorkspaceStatus}

    id: UUID
    owner_id: UUID
    title: str
    description: str | None
    mode: WorkspaceMode
    status: WorkspaceStatus
    table_id: UUID | None
    seed_artifact_version_id: UUID | None
    row_id_column: str | None
    renderer_config: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRow(Row):
    """A chart of a workspace; `renderer_config` is the compiled option without data."""

    id: UUID
    workspace_id: UUID
    artifact_id: UUID
    chart_spec_version: int
    spec: dict[str, Any]
    renderer_config: dict[str, Any]
    title: str | None
    position: int
    collapsed: bool
    created_by: UUID | None
    last_edited_by: UUID | None
    created_at: datetime
    updated_at: datetime

    @property
    def option(self) -> dict[str, Any]:
        """The compiled option under the name of the graph."""
        return self.renderer_config
