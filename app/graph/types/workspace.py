"""Workspaces and the tasks bound to them."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from app.domain.grid.table import TableScope, TableSource
from app.domain.ids import parse_uuid
from app.domain.paging import page_size
from app.domain.sharing.activity import FIRST_DEFAULT as ACTIVITY_DEFAULT
from app.domain.sharing.activity import FIRST_MAX as ACTIVITY_MAX
from app.domain.tasks.binding import BoundTaskLifecycle, bound_name, lifecycle
from app.graph.connection import Connection
from app.graph.context import Info
from app.graph.enums import described
from app.graph.inputs.rows import Limit, Offset, RowFilters, Sort, rows_request
from app.graph.inputs.search import After, First
from app.graph.relation import related, value
from app.graph.scalars import JSON, BigInt, position
from app.graph.types.activity import ActivityItem
from app.graph.types.cells import CellMutation
from app.graph.types.chart import Chart
from app.graph.types.node import Node
from app.graph.types.share import WorkspaceShare
from app.graph.types.table import RowsPage, Table, TableColumn
from app.graph.types.tag import Tag
from app.graph.types.thread import Thread
from app.graph.types.user import User
from app.loaders.cells import mutation_page
from app.loaders.pages import event_page
from app.loaders.rows import workspace_rows
from app.loaders.sharing import run_page
from app.loaders.task_list import task_count, task_page
from app.loaders.threads import thread_count, thread_place
from app.storage.events import Range
from app.storage.rows.grid import BindingRow, TableRow
from app.storage.rows.share import ShareRow
from app.storage.rows.workspace import WorkspaceMode, WorkspaceRow, WorkspaceStatus
from app.storage.task_filter import Filter

if TYPE_CHECKING:
    from app.graph.types.event import Event
    from app.graph.types.run import Run
    from app.graph.types.task import Task


class ViewerAccess(StrEnum):
    """What the caller is to a workspace."""

    OWNER = "owner"
    RECIPIENT = "recipient"


described(
    ViewerAccess,
    "What you are to a workspace.",
    {"owner": "It is yours.", "recipient": "It is shared with you; you may read it."},
)
described(
    BoundTaskLifecycle,
    "The state of a bound task.",
    {"draft": "Not published yet.", "active": "May run.", "archived": "Canceled; it does not run any more."},
)


@strawberry.type(description="A task that works on a workspace.")
class BoundTask:
    """A binding and its task."""

    mutates_workspace: bool = value("Whether its runs may change the data.")
    created_at: datetime = value("When it was bound.")
    task: Annotated["Task", strawberry.lazy("app.graph.types.task")] = value("The task.")

    @strawberry.field(description="The id of the binding.")
    def binding_id(root: strawberry.Parent[BindingRow]) -> strawberry.ID:
        """As text."""
        return strawberry.ID(str(root.id))

    @strawberry.field(description="The id of the task.")
    def task_id(root: strawberry.Parent[BindingRow]) -> strawberry.ID:
        """The same as of the task."""
        return strawberry.ID(root.task.id)

    @strawberry.field(description="The task's identifier, else the slug of its title.")
    def name(root: strawberry.Parent[BindingRow]) -> str:
        """For machines."""
        return bound_name(root.task.identifier, root.task.title)

    @strawberry.field(description="The task's title.")
    def display_name(root: strawberry.Parent[BindingRow]) -> str:
        """For people."""
        return root.task.title

    @strawberry.field(description="The state of the task.")
    def lifecycle(root: strawberry.Parent[BindingRow]) -> BoundTaskLifecycle:
        """Derived from its status."""
        return lifecycle(root.task.status)


async def _shown(root: WorkspaceRow, info: Info) -> TableRow | None:
    return await info.context.loaders.shown_by_workspace.load(root.id)


async def _live(root: WorkspaceRow, info: Info) -> TableRow | None:
    return await _shown(root, info) if root.mode is WorkspaceMode.OPERATIONAL else None


def _is_owner(root: WorkspaceRow, info: Info) -> bool:
    return root.owner_id == info.context.viewer.user_id


async def _share(root: WorkspaceRow, info: Info) -> ShareRow:
    found = await info.context.loaders.share_by_workspace.load(root.id)
    assert found is not None
    return found


@strawberry.type(description="One person's working surface on one table: a grid, charts, and the tasks that feed it.")
class Workspace(Node):
    """A workspace."""

    title: str = value("What people call it.")
    description: str | None = value("What it is for.")
    mode: WorkspaceMode = value("Whose rows it shows; it never changes.")
    status: WorkspaceStatus = value("Whether it is in use.")
    created_at: datetime = value("When it was made.")
    updated_at: datetime = value("When it changed last.")
    archived_at: datetime | None = value("When it was archived.")
    renderer_config: JSON = value("Whatever the client keeps about the look of the grid.")
    row_id_column: str | None = value("The column that identifies a row; null if several do, or none.")
    owner: User | None = related(lambda x: x.user_by_id, lambda row: row.owner_id, "Whose it is.")
    charts: list[Chart] = related(lambda x: x.charts_by_workspace, lambda row: row.id, "Its charts, in their order.")
    tags: list[Tag] = related(
        lambda x: x.tags_by_workspace, lambda row: row.id, "Its tags: those without a namespace first, then by name."
    )
    bound_tasks: list[BoundTask] = related(
        lambda x: x.bindings_by_workspace, lambda row: row.id, "The tasks that work on it, as far as you see them."
    )

    @strawberry.field(description="The id of its owner.")
    def owner_user_id(root: strawberry.Parent[WorkspaceRow]) -> strawberry.ID:
        """The same as of owner."""
        return strawberry.ID(str(root.owner_id))

    @strawberry.field(description="What you are to it.")
    def viewer_access(root: strawberry.Parent[WorkspaceRow], info: Info) -> ViewerAccess:
        """Whoever neither owns it nor received it does not see it."""
        return ViewerAccess.OWNER if _is_owner(root, info) else ViewerAccess.RECIPIENT

    @strawberry.field(description="With whom it is shared, and until when; null for everybody but its owner.")
    async def share(root: strawberry.Parent[WorkspaceRow], info: Info) -> WorkspaceShare | None:
        """Also where it never was shared."""
        return cast("WorkspaceShare", await _share(root, info)) if _is_owner(root, info) else None

    @strawberry.field(description="Whether somebody else may read it now; true for whoever it is shared with.")
    async def is_shared(root: strawberry.Parent[WorkspaceRow], info: Info) -> bool:
        """A share with nobody is none."""
        return not _is_owner(root, info) or (await _share(root, info)).is_live

    @strawberry.field(description="Who may read it now, for its owner; recipients need not know each other.")
    async def share_recipients(root: strawberry.Parent[WorkspaceRow], info: Info) -> list[User]:
        """Empty where the share has ended."""
        if not _is_owner(root, info) or not (await _share(root, info)).is_live:
            return []
        return cast("list[User]", await info.context.loaders.recipients_by_workspace.load(root.id))

    @strawberry.field(description="Its owner, where it is shared with you; null for its owner.")
    async def shared_by(root: strawberry.Parent[WorkspaceRow], info: Info) -> User | None:
        """Who to thank."""
        if _is_owner(root, info):
            return None
        return cast("User | None", await info.context.loaders.user_by_id.load(root.owner_id))

    @strawberry.field(description="The artifact version its rows were copied from; null unless it is such a copy.")
    def seed_artifact_version_id(root: strawberry.Parent[WorkspaceRow]) -> strawberry.ID | None:
        """Kept for the record."""
        found = root.seed_artifact_version_id
        return None if found is None else strawberry.ID(str(found))

    @strawberry.field(description="The live table it shows; null for a snapshot.")
    async def table(root: strawberry.Parent[WorkspaceRow], info: Info) -> Table | None:
        """Null also where its owner may not read the table any more."""
        return cast("Table | None", await _live(root, info))

    @strawberry.field(description="The name of the live table; null for a snapshot.")
    async def backing_table_name(root: strawberry.Parent[WorkspaceRow], info: Info) -> str | None:
        """As createWorkspace takes it."""
        table = await _live(root, info)
        return None if table is None else table.name

    @strawberry.field(description="Whom the live table belongs to; null for a snapshot.")
    async def backing_table_scope(root: strawberry.Parent[WorkspaceRow], info: Info) -> TableScope | None:
        """As createWorkspace takes it."""
        table = await _live(root, info)
        return None if table is None else table.scope

    @strawberry.field(description="What the live table is made of; null for a snapshot.")
    async def backing_source_type(root: strawberry.Parent[WorkspaceRow], info: Info) -> TableSource | None:
        """As the table says."""
        table = await _live(root, info)
        return None if table is None else table.source_type

    @strawberry.field(description="The key of its own copy of rows; null where there is none.")
    def storage_key(root: strawberry.Parent[WorkspaceRow]) -> str | None:
        """Opaque; an operational workspace has no copy."""
        kept = root.table_id if root.mode is WorkspaceMode.SNAPSHOT else None
        return None if kept is None else str(kept)

    @strawberry.field(description="The name of the task that the live table belongs to; null if it belongs to none.")
    async def backing_owner_task_slug(root: strawberry.Parent[WorkspaceRow], info: Info) -> str | None:
        """As boundTasks would name it; null also where you do not see that task."""
        table = await _live(root, info)
        if table is None or table.owner_task_id is None:
            return None
        task = await info.context.loaders.task_by_id.load(table.owner_task_id)
        return None if task is None else bound_name(task.identifier, task.title)

    @strawberry.field(
        description="The key of the workspace that the live table belongs to; null if it belongs to none."
    )
    async def backing_workspace_key(root: strawberry.Parent[WorkspaceRow], info: Info) -> str | None:
        """Its id."""
        table = await _live(root, info)
        owner = None if table is None else table.owner_workspace_id
        return None if owner is None else str(owner)

    @strawberry.field(description="The key of the live table; empty for a snapshot and for a table without key.")
    async def backing_row_identity_columns(root: strawberry.Parent[WorkspaceRow], info: Info) -> list[str]:
        """In key order."""
        table = await _live(root, info)
        return [] if table is None else list(table.primary_key)

    @strawberry.field(description="The columns it shows, in order; empty for an empty snapshot.")
    async def columns(root: strawberry.Parent[WorkspaceRow], info: Info) -> list[TableColumn]:
        """Without the synthetic _ws_row_id."""
        table = await _shown(root, info)
        return cast("list[TableColumn]", () if table is None else table.column_list)

    @strawberry.field(description="A page of its rows.")
    async def rows(
        root: strawberry.Parent[WorkspaceRow],
        info: Info,
        limit: Limit = None,
        offset: Offset = None,
        sort: Sort = None,
        filter: RowFilters = None,
    ) -> RowsPage:
        """One statement."""
        wanted = rows_request(limit, offset, sort, filter)
        found = await workspace_rows(info.context.loaders.reader, root, await _shown(root, info), wanted)
        return cast(RowsPage, found)

    @strawberry.field(description="One of its charts; null if it has none with this id.")
    async def chart(
        root: strawberry.Parent[WorkspaceRow],
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The chart.")],
    ) -> Chart | None:
        """A chart of another workspace is not found here."""
        chart_id = parse_uuid(id)
        found = None if chart_id is None else await info.context.loaders.chart_by_id.load(chart_id)
        mine = found is not None and found.workspace_id == root.id
        return cast("Chart | None", found if mine else None)

    @strawberry.field(description="The tasks that belong to it, newest first.")
    async def tasks(
        root: strawberry.Parent[WorkspaceRow],
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 25, at most 100.")] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
    ) -> Connection[Annotated["Task", strawberry.lazy("app.graph.types.task")]]:
        """Those of its scope; see boundTasks for those that work on it. First pages are one statement for a list."""
        loaders, wanted = info.context.loaders, Filter(workspace_id=root.id)
        if after is None:
            page = await loaders.tasks_by_workspace.load((root.id, page_size(first)))
            return Connection.of(page, task_count(loaders.reader, wanted))
        page, count = await task_page(loaders.reader, wanted, after=after, first=page_size(first))
        return Connection.of(page, count)

    @strawberry.field(description="What happened on it, newest first.")
    async def activity(
        root: strawberry.Parent[WorkspaceRow],
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 50, at most 200.")] = None,
    ) -> list[ActivityItem]:
        """One statement for a whole list of workspaces."""
        most = page_size(first, most=ACTIVITY_MAX, default=ACTIVITY_DEFAULT)
        return cast("list[ActivityItem]", await info.context.loaders.activity_by_workspace.load((root.id, most)))

    @strawberry.field(description="Your own conversations about it, last changed first; nobody sees those of others.")
    async def threads(
        root: strawberry.Parent[WorkspaceRow], info: Info, first: First = None, after: After = None
    ) -> Connection[Thread]:
        """One statement for a whole list of workspaces."""
        loaders = info.context.loaders
        page = await loaders.threads_by_workspace.load((root.id, thread_place(after), page_size(first)))
        return Connection.of(page, thread_count(loaders.reader, root.id))

    @strawberry.field(description="The runs of its tasks, newest first.")
    async def runs(
        root: strawberry.Parent[WorkspaceRow], info: Info, first: First = None, after: After = None
    ) -> Connection[Annotated["Run", strawberry.lazy("app.graph.types.run")]]:
        """A page."""
        page, count = await run_page(info.context.loaders.reader, root.id, after=after, first=page_size(first))
        return Connection.of(page, count)

    @strawberry.field(description="One of the runs of its tasks; null if it has none with this id.")
    async def run(
        root: strawberry.Parent[WorkspaceRow],
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The run.")],
    ) -> Annotated["Run", strawberry.lazy("app.graph.types.run")] | None:
        """A run of another workspace is not found here."""
        run_id = parse_uuid(id)
        found = None if run_id is None else await info.context.loaders.run_by_id.load(run_id)
        return cast("Run | None", found if found is not None and found.workspace_id == root.id else None)

    @strawberry.field(description="Its events, those of its tasks and runs included, oldest first.")
    async def events(
        root: strawberry.Parent[WorkspaceRow],
        info: Info,
        after: Annotated[BigInt | None, strawberry.argument(description="Only what follows this cursor.")] = None,
        first: First = None,
    ) -> Connection[Annotated["Event", strawberry.lazy("app.graph.types.event")]]:
        """A page of the log."""
        wanted, start = Range(workspace_id=root.id), position(after) or 0
        page, count = await event_page(info.context.loaders.reader, wanted, after=start, first=page_size(first))
        return Connection.of(page, count)

    @strawberry.field(description="The edits of its cells, newest first.")
    async def mutations(
        root: strawberry.Parent[WorkspaceRow],
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="At most so many; 25, at most 100.")] = None,
        after: Annotated[str | None, strawberry.argument(description="What follows this cursor.")] = None,
    ) -> Connection[CellMutation]:
        """Also those of a live table, as far as they were made here."""
        page, count = await mutation_page(info.context.loaders.reader, root.id, after=after, first=page_size(first))
        return Connection.of(page, count)

    @classmethod
    def is_type_of(cls, row: object, _info: object) -> bool:
        """Rows stand for types."""
        return isinstance(row, WorkspaceRow)
