"""Workspaces with what stands beside them, read in batches: a list costs as many statements as one workspace."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from app.domain.access.policy import Action
from app.domain.ids import UserId
from app.loaders.grid import shown_by_workspace
from app.loaders.reader import Reader
from app.loaders.sharing import recipients_by_workspace, share_by_workspace
from app.loaders.tasks import task_by_id
from app.loaders.users import user_by_id
from app.loaders.workspaces import bindings_by_workspace
from app.services.access import known_id
from app.storage.rows.grid import TableRow
from app.storage.rows.identity import UserRow
from app.storage.rows.share import ShareRow
from app.storage.rows.task import TaskRow
from app.storage.rows.workspace import WorkspaceMode, WorkspaceRow
from app.web.rest.call import Call
from app.web.rest.workspaces import dto, shapes

Value = TypeVar("Value")
Key = TypeVar("Key")


async def place_of(call: Call, action: Action = Action.READ) -> WorkspaceRow:
    """The workspace that the path names, if the caller may do this to it."""
    id = known_id(call.path["workspace_id"], "workspace")
    return await call.services.access.workspace(call.viewer, id, action)


async def detail(call: Call, place: WorkspaceRow) -> shapes.WorkspaceDetail:
    """A workspace and the tasks that work on it."""
    (shown,) = await workspaces(call.reader, [place])
    return shapes.WorkspaceDetail(workspace=shown, bound_tasks=await bound_tasks(call, place.id))


async def bound_tasks(call: Call, workspace_id: UUID) -> tuple[shapes.BoundTask, ...]:
    """The tasks that work on a workspace, as far as the caller sees them."""
    (found,) = await bindings_by_workspace(call.reader, [workspace_id])
    return tuple(map(dto.bound_task, found))


async def workspaces(reader: Reader, rows: Sequence[WorkspaceRow]) -> tuple[shapes.Workspace, ...]:
    """Workspaces that were seen already, in their order."""
    beside = await _beside(reader, rows)
    return tuple(_workspace(row, beside, reader.viewer.user_id) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What stands beside some workspaces: the share of each, and the rest where there is any."""

    tables: Mapping[UUID, TableRow]
    shares: Mapping[UUID, ShareRow]
    recipients: Mapping[UUID, list[UserRow]]
    owners: Mapping[UUID, UserRow]
    tasks: Mapping[str, TaskRow]


async def _beside(reader: Reader, rows: Sequence[WorkspaceRow]) -> Beside:
    user_id = reader.viewer.user_id
    with_table = [row.id for row in rows if row.table_id is not None]
    mine = [row.id for row in rows if row.owner_id == user_id]
    others = list({row.owner_id for row in rows if row.owner_id != user_id})
    tables = _known(with_table, await shown_by_workspace(reader, with_table) if with_table else [])
    tasks = await owner_tasks(reader, tables.values())
    return Beside(
        tables=tables,
        shares=_known(mine, await share_by_workspace(reader, mine) if mine else []),
        recipients=_known(mine, await recipients_by_workspace(reader, mine) if mine else []),
        owners=_known(others, await user_by_id(reader, others) if others else []),
        tasks=tasks,
    )


async def owner_tasks(reader: Reader, tables: Iterable[TableRow]) -> Mapping[str, TaskRow]:
    """The tasks that tables belong to, by id, as far as the viewer sees them."""
    ids = list({table.owner_task_id for table in tables if table.owner_task_id is not None})
    return _known(ids, await task_by_id(reader, ids) if ids else [])


def _known(keys: Sequence[Key], values: Sequence[Value | None]) -> Mapping[Key, Value]:
    return {key: value for key, value in zip(keys, values, strict=True) if value is not None}


def _workspace(row: WorkspaceRow, beside: Beside, user_id: UserId) -> shapes.Workspace:
    table, share = beside.tables.get(row.id), beside.shares.get(row.id)
    live = table if row.mode is WorkspaceMode.OPERATIONAL else None
    mine = row.owner_id == user_id
    shared = share is not None and share.is_live
    owner = None if mine else beside.owners.get(row.owner_id)
    return shapes.Workspace(
        id=row.id,
        title=row.title,
        description=row.description,
        mode=row.mode,
        status=row.status,
        owner_user_id=row.owner_id,
        viewer_access=shapes.ViewerAccess.OWNER if mine else shapes.ViewerAccess.RECIPIENT,
        is_shared=shared if mine else True,
        shared_by=None if owner is None else dto.person(owner),
        share_recipients=tuple(map(dto.person, beside.recipients[row.id])) if shared else (),
        storage_key=None if row.mode is WorkspaceMode.OPERATIONAL else dto.text(row.table_id),
        row_id_column=row.row_id_column,
        seed_artifact_version_id=row.seed_artifact_version_id,
        backing_table_name=live.name if live else None,
        backing_table_scope=live.scope if live else None,
        backing_source_type=live.source_type.value if live else None,
        backing_owner_task_slug=dto.slug_of(beside.tasks.get(live.owner_task_id or "")) if live else None,
        backing_workspace_key=dto.text(live.owner_workspace_id) if live else None,
        backing_row_identity_columns=live.primary_key if live else (),
        renderer_config=row.renderer_config,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
