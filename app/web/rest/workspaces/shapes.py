"""What the workspaces API sends of workspaces, tables, shares, tags and activity; every member is always there."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from app.domain.grid.table import TableScope
from app.domain.sharing.activity import ActivityKind
from app.domain.sharing.share import ShareState, ShareStatus
from app.domain.tasks.binding import BoundTaskLifecycle
from app.storage.rows.workspace import WorkspaceMode, WorkspaceStatus
from app.web.rest.shape import JsonObject, Like, TextOrInteger

# A task's id may be chosen by its creator; the server makes UUIDs.
TaskId = Annotated[str, "uuid"]


class ViewerAccess(StrEnum):
    """What the caller is to something."""

    OWNER = "owner"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationError:
    """One broken rule."""

    loc: tuple[Annotated[Any, Like(TextOrInteger)], ...]
    msg: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPValidationError:
    """Everything that is wrong with a request."""

    detail: tuple[ValidationError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorResponse:
    """Why a request was refused; `code` is stable."""

    detail: str
    code: str
    context: JsonObject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user."""

    id: str
    email: str | None
    first_name: str | None
    last_name: str | None
    profile_picture_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One person's working surface on one table."""

    id: UUID
    title: str
    description: str | None
    mode: WorkspaceMode
    status: WorkspaceStatus
    owner_user_id: UUID
    viewer_access: ViewerAccess
    is_shared: bool
    shared_by: Person | None
    share_recipients: tuple[Person, ...]
    storage_key: str | None
    row_id_column: str | None
    seed_artifact_version_id: UUID | None
    backing_table_name: str | None
    backing_table_scope: TableScope | None
    backing_source_type: str | None
    backing_owner_task_slug: str | None
    backing_workspace_key: str | None
    backing_row_identity_columns: tuple[str, ...]
    renderer_config: JsonObject
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceList:
    """Workspaces of the caller."""

    items: tuple[Workspace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspacePage:
    """A page of workspaces that others share with the caller."""

    items: tuple[Workspace, ...]
    total: int
    limit: int
    offset: int
    has_next: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundTask:
    """A task that works on a workspace."""

    binding_id: UUID
    task_id: TaskId
    name: str
    display_name: str | None
    description: str | None
    lifecycle: BoundTaskLifecycle
    mutates_workspace: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceDetail:
    """A workspace and the tasks that work on it."""

    workspace: Workspace
    bound_tasks: tuple[BoundTask, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warning:
    """Something about a new workspace that is not quite as asked."""

    code: str
    message: str
    requested_row_id_column: str | None
    effective_row_id_column: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceCreated:
    """A new workspace."""

    workspace: Workspace
    bound_tasks: tuple[BoundTask, ...]
    warnings: tuple[Warning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCandidate:
    """A live table that the caller could open a workspace on."""

    table_name: str
    logical_table_name: str
    scope: TableScope
    source_type: str
    owner_task_slug: str | None
    owner_workspace_key: str | None
    primary_key_columns: tuple[str, ...]
    row_count: int | None
    last_write_at: datetime | None
    can_open_workspace: bool
    can_write: bool
    read_only_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCandidateList:
    """Tables, last written first."""

    items: tuple[TableCandidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the grid."""

    name: str
    display_name: str | None
    data_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceData:
    """A page of rows, and what the caller may do with them."""

    items: tuple[JsonObject, ...]
    columns: tuple[Column, ...]
    total: int
    limit: int
    offset: int
    has_next: bool
    mode: WorkspaceMode
    is_live: bool
    can_edit: bool
    read_only_reason: str | None
    row_identity_columns: tuple[str, ...]
    backing_table_name: str | None
    backing_table_scope: TableScope | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellUpdateResult:
    """The recorded edit and the whole row after it."""

    mutation_id: UUID
    row: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityItem:
    """Something that happened on a workspace."""

    id: str
    kind: ActivityKind
    title: str
    status: str | None
    detail: JsonObject | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityItemList:
    """What happened, newest first."""

    items: tuple[ActivityItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """With whom a workspace is shared, and until when."""

    share_id: str | None
    state: ShareState
    status: ShareStatus | None
    recipient_user_ids: tuple[str, ...]
    recipients: tuple[Person, ...]
    expires_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A word of the tenant that stands on workspaces."""

    id: UUID
    name: str
    slug: str
    namespace: str | None
    color: str | None
    description: str | None
    attributes: JsonObject
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TagList:
    """The tags of a workspace, in order."""

    items: tuple[Tag, ...]
