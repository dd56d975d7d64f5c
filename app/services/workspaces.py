"""Workspaces: open one on a live table or on a copy, bind tasks to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.clock import Now
from app.db.engine import Database, Lane
from app.db.errors import Duplicate
from app.db.tx import Tx
from app.domain.access.policy import Action, TenantWide, require
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import Conflict, NotFound
from app.domain.grid.column import Column
from app.domain.grid.row_identity import RowIdWarning
from app.domain.grid.table import TableSource
from app.domain.ids import is_task_id, uuid7
from app.domain.invalid import InvalidInput, require_sound
from app.domain.problems import Problem
from app.domain.tasks.events import EventType
from app.domain.text import checked
from app.services.access import Access, known_id
from app.services.presence import active
from app.services.row_ids import live_row_id, snapshot_row_id
from app.services.workspace_draft import BINDINGS_MAX, Binding, WorkspaceDraft, draft_problems
from app.services.workspace_turns import WorkspaceTurns
from app.storage import artifacts, bindings, catalog, copies, events, grid, workspaces
from app.storage.relation import ROW_ID, Source
from app.storage.rows.grid import SNAPSHOT_SCOPE, ArtifactKind, TableRow, columns_of_json
from app.storage.rows.task import TaskRow
from app.storage.rows.workspace import WorkspaceMode, WorkspaceRow

TITLE_LENGTH_MAX: Final = 255
DESCRIPTION_LENGTH_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A version of an artifact whose rows are to be copied."""

    version_id: UUID
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A new workspace, what was not quite as asked, and the sequence of its last event."""

    workspace: WorkspaceRow
    warnings: tuple[RowIdWarning, ...]
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A workspace after a task was bound or unbound, and the sequence of the event; none where nothing changed."""

    workspace: WorkspaceRow
    sequence: int | None


class Workspaces:
    """The use cases of workspaces."""

    def __init__(self, db: Database, access: Access, now: Now, turns: WorkspaceTurns) -> None:
        self._db = db
        self._access = access
        self._now = now
        self._turns = turns

    async def create(self, viewer: Viewer, draft: WorkspaceDraft) -> Opened:
        """A new workspace with its copy and its bound tasks, or nothing at all."""
        whole = TenantWide(tenant_id=viewer.tenant_id)
        require(viewer, Action.WRITE, whole, what="tenant", id=viewer.tenant_id)
        require_sound(draft_problems(draft))
        title = checked(draft.title, "title", longest=TITLE_LENGTH_MAX)
        description = description_text(draft.description)
        table = None if draft.mode is WorkspaceMode.SNAPSHOT else await self._live_table(viewer, draft)
        seed = None if draft.artifact_id is None else await self._seed(viewer, draft.artifact_id, draft.version)
        tasks = await self._tasks(viewer, draft, table)
        new = workspaces.NewWorkspace(
            id=uuid7(self._now()),
            owner_id=viewer.user_id,
            title=title,
            description=description,
            mode=draft.mode.value,
            table_id=table.id if table else uuid7(self._now()) if seed else None,
            seed_artifact_version_id=seed.version_id if seed else None,
            row_id_column=ROW_ID if seed else None,
        )
        async with self._db.transaction(Lane.IMPORTS if seed or draft.row_id_column else Lane.MAIN) as tx:
            row, warnings = await self._open(tx, viewer, draft, new, table, seed)
            keys = await self._attach(tx, viewer, row.id, draft.bindings)
            facts = [workspace_event(EventType.WORKSPACE_CREATED, viewer, row)]
            facts += [_bound(viewer, row, tasks[one.task_id], one, keys) for one in draft.bindings]
            sequence = await events.append(tx, viewer.tenant_id, facts)
        return Opened(workspace=row, warnings=warnings, sequence=sequence)

    async def attach(self, viewer: Viewer, workspace_id: str, binding: Binding) -> Bound:
        """Bind a task; refused if it is bound already."""
        place, task = await self._bindable(viewer, workspace_id, binding)
        try:
            async with self._db.transaction() as tx:
                row = active(await workspaces.touch(tx, viewer.tenant_id, place.id))
                if await bindings.count(tx, viewer.tenant_id, row.id) >= BINDINGS_MAX:
                    raise Conflict(f"{BINDINGS_MAX} tasks are bound already; detach one first.", limit=BINDINGS_MAX)
                keys = await self._attach(tx, viewer, row.id, [binding])
                sequence = await events.append(tx, viewer.tenant_id, [_bound(viewer, row, task, binding, keys)])
        except Duplicate as problem:
            raise Conflict(
                "The task is bound to this workspace already.", field="taskId", reason="task_already_bound"
            ) from problem
        return Bound(workspace=row, sequence=sequence)

    async def rebind(self, viewer: Viewer, workspace_id: str, binding: Binding) -> Bound:
        """Say anew whether the runs of a bound task change the data; the same again changes nothing."""
        owned = await self._writable(viewer, workspace_id)
        if not is_task_id(binding.task_id):
            raise _not_bound()
        if await bindings.mutates(self._db, viewer.tenant_id, owned.id, binding.task_id) is None:
            raise _not_bound()
        place, task = await self._bindable(viewer, workspace_id, binding)
        async with self._db.transaction() as tx:
            row = active(await workspaces.lock(tx, viewer.tenant_id, place.id))
            await self._turns.lock(tx, viewer.tenant_id)
            mutates = await bindings.mutates(tx, viewer.tenant_id, row.id, binding.task_id)
            if mutates is None:
                raise _not_bound()
            if mutates == binding.mutates:
                return Bound(workspace=row, sequence=None)
            row = active(await workspaces.touch(tx, viewer.tenant_id, row.id))
            await bindings.set_mutates(tx, viewer.tenant_id, row.id, task.id, mutates=binding.mutates)
            keys = await self._turns.renew(tx, viewer.tenant_id, row.id, [task.id], joins=binding.mutates)
            fact = _bound(viewer, row, task, binding, keys, EventType.WORKSPACE_TASK_UPDATED)
            sequence = await events.append(tx, viewer.tenant_id, [fact])
        return Bound(workspace=row, sequence=sequence)

    async def detach(self, viewer: Viewer, workspace_id: str, task_id: str) -> Bound:
        """Unbind a task; a run of it that is under way goes on."""
        place = active(await self._writable(viewer, workspace_id))
        async with self._db.transaction() as tx:
            row = active(await workspaces.touch(tx, viewer.tenant_id, place.id))
            await self._turns.lock(tx, viewer.tenant_id)
            if not is_task_id(task_id) or not await bindings.detach(tx, viewer.tenant_id, row.id, task_id):
                raise _not_bound()
            await self._turns.renew(tx, viewer.tenant_id, row.id, [task_id])
            fact = workspace_event(EventType.WORKSPACE_TASK_DETACHED, viewer, row, taskId=task_id)
            sequence = await events.append(tx, viewer.tenant_id, [fact])
        return Bound(workspace=row, sequence=sequence)

    async def _writable(self, viewer: Viewer, workspace_id: str) -> WorkspaceRow:
        return await self._access.workspace(viewer, known_id(workspace_id, "workspace"), Action.WRITE)

    async def _bindable(self, viewer: Viewer, workspace_id: str, binding: Binding) -> tuple[WorkspaceRow, TaskRow]:
        """Workspace and task, if this may be; whoever makes a task change something decides how its runs go."""
        place = active(await self._writable(viewer, workspace_id))
        task = await self._access.task(viewer, binding.task_id, _needed(binding))
        if binding.mutates:
            shown = await catalog.shown_by(self._db, viewer.tenant_id, [place.id])
            _require_changeable(place.mode, shown[0][1] if shown else None, "mutatesWorkspace")
        return place, task

    async def _live_table(self, viewer: Viewer, draft: WorkspaceDraft) -> TableRow:
        name, scope = draft.table_name or "", draft.table_scope
        found = await catalog.visible_by_name(
            self._db, viewer.tenant_id, viewer.user_id, name, scope.value if scope else None
        )
        if not found:
            raise NotFound(f"There is no table {name[:140]!r}.", field="backingTableName", reason="table_not_found")
        if len(found) > 1:
            which = "in this scope; rename one" if scope else "in several scopes; give backingTableScope"
            raise InvalidInput(
                [Problem(("backingTableScope",), "value_error", f"Several tables are named {name!r} {which}.")]
            )
        return found[0]

    async def _seed(self, viewer: Viewer, artifact_id: str, number: int | None) -> Seed:
        id = known_id(artifact_id, "artifact")
        found = await artifacts.visible_by_id(self._db, viewer.tenant_id, viewer.user_id, [id])
        if not found:
            raise NotFound(f"There is no artifact {artifact_id!r}.", field="artifactId", reason="artifact_not_found")
        version = await artifacts.version(self._db, viewer.tenant_id, id, number)
        if version is None:
            problem = Problem(("version",), "value_error", f"The artifact has no version {number}.")
            raise InvalidInput([problem])
        if found[0].kind is not ArtifactKind.TABLE or not version[1]:
            message = f"The artifact is of kind {found[0].kind.value} and has no rows; give one of kind table."
            raise InvalidInput([Problem(("artifactId",), "value_error", message)])
        return Seed(version_id=version[0].id, columns=columns_of_json(version[1]))

    async def _tasks(self, viewer: Viewer, draft: WorkspaceDraft, table: TableRow | None) -> dict[str, TaskRow]:
        known: dict[str, TaskRow] = {}
        for action in (Action.READ, Action.WRITE):
            asked = [one.task_id for one in draft.bindings if _needed(one) is action]
            for id, task in (await self._access.tasks(viewer, asked, action)).items() if asked else ():
                if isinstance(task, NotFound):
                    index = next(at for at, one in enumerate(draft.bindings) if one.task_id == id)
                    raise NotFound(task.message, field=f"taskBindings.{index}.taskId", **task.facts)
                if isinstance(task, Exception):
                    raise task
                known[id] = task
        for index, one in enumerate(draft.bindings):
            if one.mutates:
                _require_changeable(draft.mode, table, f"taskBindings.{index}.mutatesWorkspace")
        return known

    async def _open(
        self,
        tx: Tx,
        viewer: Viewer,
        draft: WorkspaceDraft,
        new: workspaces.NewWorkspace,
        table: TableRow | None,
        seed: Seed | None,
    ) -> tuple[WorkspaceRow, tuple[RowIdWarning, ...]]:
        if table is not None and not await catalog.hold(tx, viewer.tenant_id, table.id):
            raise NotFound("The table was deleted a moment ago.", field="backingTableName")
        row = await workspaces.insert(tx, viewer.tenant_id, new)
        if table is not None:
            chosen = await live_row_id(tx, table, draft.row_id_column)
        else:
            source = await self._copy(tx, viewer, row, seed) if seed else None
            chosen = await snapshot_row_id(tx, source, draft.row_id_column)
        if chosen.column is not None and chosen.column != row.row_id_column:
            row = await workspaces.set_row_id(tx, viewer.tenant_id, row.id, chosen.column)
        return row, chosen.warnings

    async def _copy(self, tx: Tx, viewer: Viewer, row: WorkspaceRow, seed: Seed) -> Source:
        assert row.table_id is not None
        source = Source(viewer.tenant_id, row.table_id, seed.columns, ())
        new = catalog.NewTable(
            source=source,
            name=source.name,
            logical_name=row.title,
            scope=SNAPSHOT_SCOPE,
            owner_task_id=None,
            owner_workspace_id=row.id,
            created_by=viewer.user_id,
        )
        await catalog.insert(tx, new)
        await grid.create(tx, source)
        copied = await copies.fill_from_version(tx, source, seed.version_id)
        await catalog.rows_added(tx, viewer.tenant_id, source.table_id, copied)
        return source

    async def _attach(
        self, tx: Tx, viewer: Viewer, workspace_id: UUID, asked: Sequence[Binding]
    ) -> dict[str, str | None]:
        """The concurrency keys of the tasks that change the workspace from now on."""
        changing = [one.task_id for one in asked if one.mutates]
        if changing:
            await self._turns.lock(tx, viewer.tenant_id)
        rows = [(uuid7(self._now()), one.task_id, one.mutates) for one in asked]
        there = await bindings.attach(tx, viewer.tenant_id, workspace_id, rows) if rows else frozenset()
        gone = [one.task_id for one in asked if one.task_id not in there]
        if gone:
            raise NotFound(f"There is no task {gone[0]!r}.", id=gone[0])
        return await self._turns.renew(tx, viewer.tenant_id, workspace_id, changing, joins=True) if changing else {}


def description_text(given: str | None) -> str | None:
    """A description that may be stored; an empty one is none."""
    if given is None:
        return None
    return checked(given, "description", longest=DESCRIPTION_LENGTH_MAX, blank=True) or None


def _require_changeable(mode: WorkspaceMode, table: TableRow | None, field: str) -> None:
    """Pass if runs could change the data: a snapshot always, a live table only row by row."""
    if mode is WorkspaceMode.SNAPSHOT or table is None:
        return
    if table.source_type is not TableSource.TABLE or not table.primary_key:
        raise Conflict(
            "Nothing can change the data of this workspace: its table has no key, or is no table of ours.",
            field=field,
            reason="workspace_read_only",
        )


def workspace_event(
    type: EventType, viewer: Viewer, row: WorkspaceRow, task: TaskRow | None = None, **details: object
) -> events.NewEvent:
    """A fact about a workspace."""
    return events.NewEvent(
        type=type,
        payload={"workspaceId": str(row.id), "title": row.title, "mode": row.mode.value, **details},
        actor=viewer.actor,
        origin=Origin(kind=OriginKind.HTTP, ref=f"workspaces.{type.value.partition('.')[2]}"),
        task_id=task.id if task else None,
        task_path=task.path if task else None,
        workspace_id=row.id,
    )


def _bound(
    viewer: Viewer,
    row: WorkspaceRow,
    task: TaskRow,
    binding: Binding,
    keys: Mapping[str, str | None],
    type: EventType = EventType.WORKSPACE_TASK_ATTACHED,
) -> events.NewEvent:
    told: dict[str, object] = {"taskId": task.id, "mutatesWorkspace": binding.mutates}
    if task.id in keys:
        told["concurrencyKey"] = keys[task.id]
    return workspace_event(type, viewer, row, task, **told)


def _needed(binding: Binding) -> Action:
    return Action.WRITE if binding.mutates else Action.READ


def _not_bound() -> NotFound:
    return NotFound("No such task is bound to this workspace.", field="taskId", reason="binding_not_found")
