"""From rows to what the workspaces API sends of them."""

from app.domain.access.viewer import Viewer
from app.domain.charts.shape import ChartData
from app.domain.grid.row_identity import RowIdWarning
from app.domain.tasks.binding import bound_name, lifecycle
from app.loaders.rows import RowsPage
from app.services.shares import Shared
from app.storage.rows.activity import ActivityRow
from app.storage.rows.editing import live_read_only
from app.storage.rows.grid import BindingRow, TableRow
from app.storage.rows.identity import UserRow
from app.storage.rows.share import TagRow
from app.storage.rows.task import TaskRow
from app.storage.rows.workspace import ChartRow, WorkspaceMode, WorkspaceRow
from app.web.rest.workspaces import chart_shapes, shapes


def person(row: UserRow) -> shapes.Person:
    """A user; nobody has a picture here."""
    return shapes.Person(
        id=str(row.id),
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        profile_picture_url=None,
    )


def slug_of(task: TaskRow | None) -> str | None:
    """What machines call a task."""
    return None if task is None else bound_name(task.identifier, task.title)


def bound_task(row: BindingRow) -> shapes.BoundTask:
    """A binding and its task."""
    return shapes.BoundTask(
        binding_id=row.id,
        task_id=row.task.id,
        name=bound_name(row.task.identifier, row.task.title),
        display_name=row.task.title,
        description=row.task.description,
        lifecycle=lifecycle(row.task.status),
        mutates_workspace=row.mutates_workspace,
    )


def warning(found: RowIdWarning) -> shapes.Warning:
    """What is not quite as asked."""
    return shapes.Warning(
        code=found.code.value,
        message=found.message,
        requested_row_id_column=found.requested_row_id_column,
        effective_row_id_column=found.effective_row_id_column,
    )


def candidate(row: TableRow, viewer: Viewer, owner: TaskRow | None) -> shapes.TableCandidate:
    """A table as the viewer sees it; the copy of a workspace is none."""
    reason = live_read_only(viewer, row)
    assert row.scope is not None
    return shapes.TableCandidate(
        table_name=row.name,
        logical_table_name=row.logical_name,
        scope=row.scope,
        source_type=row.source_type.value,
        owner_task_slug=slug_of(owner),
        owner_workspace_key=text(row.owner_workspace_id),
        primary_key_columns=row.primary_key,
        row_count=row.row_count,
        last_write_at=row.last_write_at,
        can_open_workspace=bool(row.column_list),
        can_write=reason is None,
        read_only_reason=reason,
    )


def data(place: WorkspaceRow, table: TableRow | None, page: RowsPage, limit: int, offset: int) -> shapes.WorkspaceData:
    """A page of the grid."""
    live = table if place.mode is WorkspaceMode.OPERATIONAL else None
    return shapes.WorkspaceData(
        items=tuple(page.items),
        columns=tuple(
            shapes.Column(name=one.name, display_name=one.display_name, data_type=one.data_type.value)
            for one in page.columns
        ),
        total=page.total,
        limit=limit,
        offset=offset,
        has_next=page.has_next,
        mode=place.mode,
        is_live=place.mode is WorkspaceMode.OPERATIONAL,
        can_edit=page.can_edit,
        read_only_reason=page.read_only_reason,
        row_identity_columns=page.row_identity_columns,
        backing_table_name=live.name if live else None,
        backing_table_scope=live.scope if live else None,
    )


def activity_item(row: ActivityRow) -> shapes.ActivityItem:
    """Something that happened."""
    return shapes.ActivityItem(
        id=row.id,
        kind=row.kind,
        title=row.title,
        status=row.status,
        detail=row.detail,
        created_at=row.created_at,
    )


def chart(row: ChartRow) -> chart_shapes.Chart:
    """A chart."""
    return chart_shapes.Chart(
        id=row.id,
        workspace_id=row.workspace_id,
        artifact_id=row.artifact_id,
        chart_spec_version=row.chart_spec_version,
        spec=row.spec,
        renderer_config=row.renderer_config,
        title=row.title,
        position=row.position,
        collapsed=row.collapsed,
        created_by=row.created_by,
        last_edited_by=row.last_edited_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def chart_data(row: ChartRow, found: ChartData) -> chart_shapes.ChartData:
    """What a chart shows."""
    return chart_shapes.ChartData(
        chart_id=row.id,
        x_column=found.x_column,
        group_column=found.group_column,
        y_label=found.y_label,
        rows=tuple(found.rows),
        truncated=found.truncated,
    )


def share(found: Shared) -> shapes.Share:
    """A share, also where there is no record."""
    row = found.share
    people = tuple(map(person, found.recipients))
    return shapes.Share(
        share_id=text(row.id),
        state=row.state,
        status=row.status,
        recipient_user_ids=tuple(one.id for one in people),
        recipients=people,
        expires_at=row.expires_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def tag(row: TagRow) -> shapes.Tag:
    """A tag."""
    return shapes.Tag(
        id=row.id,
        name=row.name,
        slug=row.slug,
        namespace=row.namespace,
        color=row.color,
        description=row.description,
        attributes=row.attributes,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def text(id: object) -> str | None:
    """An id as text."""
    return None if id is None else str(id)
