"""Tables of the catalogue, artifacts and bindings as they are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from app.domain.access.policy import Object, TenantWide, WorkspaceBound
from app.domain.access.viewer import Viewer
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.table import TableScope, TableSource
from app.storage.relation import Source
from app.storage.rows.base import Row
from app.storage.rows.task import TaskRow
from app.storage.rows.workspace import WorkspaceRow, WorkspaceStatus

SNAPSHOT_SCOPE = "snapshot"


class ArtifactKind(StrEnum):
    """What an artifact is; the value is the name on the wire."""

    TABLE = "table"
    CHART = "chart"
    MARKDOWN = "markdown"
    JSON = "json"
    FILE = "file"


def columns_of_json(stored: Sequence[dict[str, Any]]) -> tuple[Column, ...]:
    """Columns as the catalogue keeps them."""
    return tuple(
        Column(name=one["name"], display_name=one.get("displayName"), data_type=ColumnType(one["dataType"]))
        for one in stored
    )


def columns_to_json(columns: Sequence[Column]) -> list[dict[str, object]]:
    """Columns for the catalogue and for an artifact's content."""
    return [{"name": one.name, "displayName": one.display_name, "dataType": one.data_type.value} for one in columns]


def _scope(stored: str) -> TableScope | None:
    return None if stored == SNAPSHOT_SCOPE else TableScope(stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow(Row):
    """An entry of the catalogue; no scope means the copy of a snapshot workspace.

    `workspace_id` is the workspace whose readers see the table: its owner's, or its task's; null for everybody's.
    `workspace_owner_id` is null where that workspace is gone.
    """

    CONVERT: ClassVar = {
        "scope": _scope,
        "source_type": TableSource,
        "column_list": columns_of_json,
        "primary_key": tuple,
        "workspace_status": WorkspaceStatus,
    }

    tenant_id: UUID
    id: UUID
    name: str
    logical_name: str
    scope: TableScope | None
    owner_task_id: str | None
    owner_workspace_id: UUID | None
    source_type: TableSource
    column_list: tuple[Column, ...]
    primary_key: tuple[str, ...]
    row_count: int
    created_by: UUID | None
    created_at: datetime
    last_write_at: datetime | None
    workspace_id: UUID | None
    workspace_owner_id: UUID | None
    workspace_status: WorkspaceStatus | None

    @property
    def source(self) -> Source:
        """Where the rows are."""
        return Source(self.tenant_id, self.id, self.column_list, self.primary_key)

    def bound(self, viewer: Viewer) -> Object:
        """What the policy needs to know; for a table that the viewer was found to see."""
        if self.workspace_id is None:
            tenants_own = self.scope is TableScope.TENANT
            return TenantWide(tenant_id=self.tenant_id, creator_id=self.created_by, creator_writes_only=tenants_own)
        owner = self.workspace_owner_id or UUID(int=0)
        return WorkspaceBound(tenant_id=self.tenant_id, owner_id=owner, recipient=owner != viewer.user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRow(Row):
    """An immutable result; `workspace_id` is null for one that all of the tenant may see."""

    CONVERT: ClassVar = {"kind": ArtifactKind}

    id: UUID
    name: str
    kind: ArtifactKind
    workspace_id: UUID | None
    run_id: UUID | None
    created_by: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactVersionRow(Row):
    """One version of an artifact, without its content."""

    id: UUID
    artifact_id: UUID
    version: int
    metadata: dict[str, Any]
    row_count: int | None
    created_by: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRow:
    """A task that works on a workspace."""

    id: UUID
    workspace_id: UUID
    mutates_workspace: bool
    created_at: datetime
    task: TaskRow


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceBindingRow:
    """A workspace that a task works on."""

    id: UUID
    mutates_workspace: bool
    created_at: datetime
    workspace: WorkspaceRow
