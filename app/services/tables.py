"""Live tables: make them, put rows into them, delete them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final
from uuid import UUID

from app.clock import Now
from app.db.engine import Database, Lane
from app.db.errors import Duplicate
from app.db.tx import Tx
from app.domain.access.policy import Action, TenantWide, require
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import BadInput, Conflict, NotFound, WorkspaceArchived
from app.domain.grid.column import Column
from app.domain.grid.rows import coerce_rows
from app.domain.grid.table import (
    IMPORT_ROWS_MAX,
    TableScope,
    TableSource,
    null_key_problems,
    table_name,
    table_problems,
)
from app.domain.ids import uuid7
from app.domain.invalid import accepted, require_sound
from app.domain.problems import PROBLEMS_MAX
from app.domain.tasks.events import EventType
from app.services.access import Access, known_id
from app.services.presence import active
from app.storage import catalog, events, grid, workspaces
from app.storage.relation import Source
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import WorkspaceStatus

DUPLICATE_ROW: Final = "repeats the key of a row that is in the table or stands before it; nothing was imported."
TOO_LARGE_ROW: Final = "is larger than the database can hold or index; shorten its values. Nothing was imported."


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDraft:
    """A table as its creator describes it."""

    name: str
    columns: Sequence[Column]
    logical_name: str | None = None
    key: Sequence[str] = ()
    scope: TableScope | None = None
    workspace_id: str | None = None
    task_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whom a table belongs to, and where its events are seen."""

    scope: TableScope
    task_id: str | None = None
    task_path: tuple[str, ...] = ()
    owner_workspace_id: UUID | None = None
    workspace_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A table after a change, the sequence of its event, and how many rows the call imported."""

    table: TableRow
    sequence: int | None
    imported: int = 0


class Tables:
    """The use cases of live tables."""

    def __init__(self, db: Database, access: Access, now: Now) -> None:
        self._db = db
        self._access = access
        self._now = now

    async def create(self, viewer: Viewer, draft: TableDraft) -> Changed:
        """A new, empty table."""
        new, place = await self.prepare(viewer, draft)
        try:
            async with self._db.transaction() as tx:
                await still_active(tx, viewer, place)
                await catalog.insert(tx, new)
                await grid.create(tx, new.source)
                sequence = await events.append(
                    tx, viewer.tenant_id, [table_event(EventType.TABLE_CREATED, viewer, new, place, OriginKind.HTTP)]
                )
        except Duplicate as problem:
            raise name_taken(new) from problem
        return Changed(table=await self.table(viewer, str(new.source.table_id), Action.READ), sequence=sequence)

    async def prepare(self, viewer: Viewer, draft: TableDraft) -> tuple[catalog.NewTable, Place]:
        """The table as the catalogue will hold it, once every rule is kept and its place may be written to."""
        name = table_name(draft.name, "name")
        logical = name if draft.logical_name is None else table_name(draft.logical_name, "logicalName")
        require_sound(table_problems(draft.columns, draft.key))
        place = await self._place(viewer, draft)
        source = Source(viewer.tenant_id, uuid7(self._now()), tuple(draft.columns), tuple(draft.key))
        new = catalog.NewTable(
            source=source,
            name=name,
            logical_name=logical,
            scope=place.scope.value,
            owner_task_id=place.task_id,
            owner_workspace_id=place.owner_workspace_id,
            created_by=viewer.user_id,
        )
        return new, place

    async def table(self, viewer: Viewer, id: str, action: Action) -> TableRow:
        """The live table, if the viewer may do this to it."""
        found = await catalog.visible_by_id(self._db, viewer.tenant_id, viewer.user_id, [known_id(id, "table")])
        bound = found[0].bound(viewer) if found else None
        require(viewer, action, bound, what="table", id=id)
        if action is not Action.READ and found[0].workspace_status is WorkspaceStatus.ARCHIVED:
            raise WorkspaceArchived(
                "The workspace of the table is archived; restore it first.", reason="workspace_archived"
            )
        return found[0]

    async def import_rows(self, viewer: Viewer, id: str, rows: Sequence[object]) -> Changed:
        """Add rows, all or none; no rows change nothing."""
        if len(rows) > IMPORT_ROWS_MAX:
            raise BadInput(
                f"rows holds {len(rows)} rows; at most {IMPORT_ROWS_MAX} are allowed in one call.",
                field="rows",
                limit=IMPORT_ROWS_MAX,
            )
        table = await self.table(viewer, id, Action.WRITE)
        if table.source_type is not TableSource.TABLE:
            raise Conflict("The table shows another source and cannot be written to.", reason="source_read_only")
        typed = accepted(coerce_rows(rows, table.column_list, ("rows",)))
        missing = null_key_problems(typed, table.column_list, table.primary_key, ("rows",))
        require_sound(list(islice(missing, PROBLEMS_MAX)))
        if not typed:
            return Changed(table=table, sequence=None)
        sequence = await self._copy(viewer, table, typed)
        return Changed(table=await self.table(viewer, id, Action.READ), sequence=sequence, imported=len(typed))

    async def delete(self, viewer: Viewer, id: str) -> Changed:
        """Delete a table with its rows; refused while a workspace shows it."""
        table = await self.table(viewer, id, Action.WRITE)
        place = await self.place_of(viewer, table)
        async with self._db.transaction() as tx:
            await still_active(tx, viewer, place)
            if not await catalog.lock(tx, viewer.tenant_id, table.id):
                raise NotFound(f"There is no table {id!r}.", id=id)
            if await catalog.shown(tx, viewer.tenant_id, table.id):
                raise Conflict("A workspace shows the table; delete that workspace first.", reason="table_in_use")
            await catalog.delete(tx, viewer.tenant_id, table.id)
            await grid.drop(tx, table.source)
            gone = table_event(EventType.TABLE_DELETED, viewer, table, place, OriginKind.HTTP)
            sequence = await events.append(tx, viewer.tenant_id, [gone])
        return Changed(table=table, sequence=sequence)

    async def _copy(self, viewer: Viewer, table: TableRow, rows: Sequence[Sequence[object]]) -> int:
        place = await self.place_of(viewer, table)
        added = table_event(EventType.TABLE_ROWS_IMPORTED, viewer, table, place, OriginKind.HTTP, rowCount=len(rows))
        try:
            async with self._db.transaction(Lane.IMPORTS) as tx:
                await still_active(tx, viewer, place)
                if not await catalog.hold(tx, viewer.tenant_id, table.id):
                    raise NotFound("The table was deleted a moment ago.", id=str(table.id))
                await grid.copy_rows(tx, table.source, rows)
                await catalog.rows_added(tx, viewer.tenant_id, table.id, len(rows))
                return await events.append(tx, viewer.tenant_id, [added])
        except grid.RowRefused as problem:
            raise _refused_row(problem) from problem

    async def _place(self, viewer: Viewer, draft: TableDraft) -> Place:
        """Whom the table is to belong to; the owner must be the viewer's to write to."""
        scope = draft.scope or TableScope.TENANT
        if (scope is TableScope.WORKSPACE) != (draft.workspace_id is not None):
            raise BadInput("A table of scope WORKSPACE needs workspaceId; others have none.", field="workspaceId")
        if (scope is TableScope.TASK) != (draft.task_id is not None):
            raise BadInput("A table of scope TASK needs taskId; others have none.", field="taskId")
        if draft.task_id is not None:
            task = await self._access.task(viewer, draft.task_id, Action.WRITE)
            if task.workspace_id is not None:
                await self._active_workspace(viewer, task.workspace_id, "taskId")
            return Place(scope=scope, task_id=task.id, task_path=tuple(task.path), workspace_id=task.workspace_id)
        if draft.workspace_id is None:
            whole = TenantWide(tenant_id=viewer.tenant_id)
            require(viewer, Action.WRITE, whole, what="tenant", id=viewer.tenant_id)
            return Place(scope=scope)
        id = known_id(draft.workspace_id, "workspace")
        await self._active_workspace(viewer, id, "workspaceId")
        return Place(scope=scope, owner_workspace_id=id, workspace_id=id)

    async def _active_workspace(self, viewer: Viewer, id: UUID, field: str) -> None:
        """Pass if the viewer may write to the workspace and it is in use."""
        active(await self._access.workspace(viewer, id, Action.WRITE), field)

    async def place_of(self, viewer: Viewer, table: TableRow) -> Place:
        """Where a table's events are seen: by whoever sees the table."""
        path: tuple[str, ...] = ()
        if table.owner_task_id is not None:
            path = tuple((await self._access.task(viewer, table.owner_task_id, Action.READ)).path)
        return Place(
            scope=table.scope or TableScope.WORKSPACE,
            task_id=table.owner_task_id,
            task_path=path,
            owner_workspace_id=table.owner_workspace_id,
            workspace_id=table.workspace_id,
        )


async def still_active(tx: Tx, viewer: Viewer, place: Place) -> None:
    """Pass if the workspace whose readers see the table is in use, and keep it so until the transaction ends."""
    if place.workspace_id is not None:
        active(await workspaces.hold(tx, viewer.tenant_id, place.workspace_id))


def table_event(
    type: EventType,
    viewer: Viewer,
    table: TableRow | catalog.NewTable,
    place: Place,
    door: OriginKind,
    **details: object,
) -> events.NewEvent:
    """A fact about a table."""
    id = table.id if isinstance(table, TableRow) else table.source.table_id
    return events.NewEvent(
        type=type,
        payload={"tableId": str(id), "name": table.name, "scope": place.scope.value, **details},
        actor=viewer.actor,
        origin=Origin(kind=door, ref=f"tables.{type.value.partition('.')[2]}"),
        task_id=place.task_id,
        task_path=place.task_path,
        workspace_id=place.workspace_id,
    )


def name_taken(new: catalog.NewTable) -> Conflict:
    """The refusal of a second table of one name in one place."""
    return Conflict(
        f"There is a table named {new.name!r} in this scope already; choose another name.",
        field="name",
        reason="name_taken",
    )


def _refused_row(problem: grid.RowRefused) -> BadInput | Conflict:
    where = "One of the rows" if problem.index is None else f"Row {problem.index}"
    field = "rows" if problem.index is None else f"rows.{problem.index}"
    if problem.duplicate:
        return Conflict(f"{where} {DUPLICATE_ROW}", field=field, reason="duplicate_key")
    return BadInput(f"{where} {TOO_LARGE_ROW}", field=field)
