"""What the workspaces API takes as bodies; unknown members are ignored, null is only taken where it says so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from app.domain.grid.table import TableScope
from app.storage.rows.workspace import WorkspaceMode
from app.web.rest.shape import Between, Json, JsonObject, Length, Like
from app.web.rest.workspaces.chart_shapes import ChartFilter, RawSpec

Name = Annotated[str, Length(1, 255)]
TagName = Annotated[str, Length(1, 64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachTaskRequest:
    """A task to bind, and whether its runs may change the data."""

    task_id: UUID
    mutates_workspace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWorkspaceRequest:
    """A new workspace; where its rows come from depends on the mode."""

    title: Name
    description: str | None = None
    mode: WorkspaceMode = WorkspaceMode.SNAPSHOT
    backing_table_name: Name | None = None
    backing_table_scope: TableScope | None = None
    artifact_id: UUID | None = None
    version: Annotated[int, Between(1)] | None = None
    row_id_column: Name | None = None
    task_bindings: tuple[AttachTaskRequest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWorkspaceRequest:
    """What is to change; what is absent stays."""

    title: Name | None = None
    description: str | None = None
    renderer_config: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCellRequest:
    """A cell and its new value; `expectedOldValue` that is absent means no check."""

    column: Name
    new_value: Json | None
    expected_old_value: Json | None = None
    row_identity: JsonObject | None = None
    ws_row_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateChartRequest:
    """A new chart."""

    spec: RawSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateChartRequest:
    """A new spec, or a JSON merge patch of it; not both."""

    spec: RawSpec | None = None
    spec_patch: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveChartRequest:
    """Where a chart is to stand, from 0."""

    position: Annotated[int, Between(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartDataRequest:
    """More conditions, beside those of the spec."""

    filters: Annotated[Json, Like(tuple[ChartFilter, ...])] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRequest:
    """The whole share: whom, and until when."""

    recipient_user_ids: tuple[str, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTagsRequest:
    """All tags of a workspace."""

    tag_ids: tuple[UUID, ...] = ()
    tag_names: tuple[TagName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateBindingRequest:
    """Whether runs of a bound task may change the data."""

    mutates_workspace: bool
