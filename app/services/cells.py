"""Cells: one or many edits of a workspace's rows, each recorded, and taken back by whoever made it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import orjson

from app.clock import Now
from app.db.engine import Database
from app.db.tx import Tx
from app.domain.access.credentials import Scope
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.errors import BadInput, Conflict, Forbidden, NotFound, WorkspaceArchived
from app.domain.grid.cell_edit import (
    EDITS_MAX,
    Address,
    BoundEdit,
    CellConflict,
    CellEdit,
    Grid,
    Sent,
    bind_edit,
    same_cell,
)
from app.domain.grid.coerce import Cell
from app.domain.grid.page import ReadOnlyReason
from app.domain.grid.wire import to_wire, wire_rows
from app.domain.ids import uuid7
from app.domain.invalid import field_of, require_sound
from app.domain.problems import PROBLEMS_MAX, Loc, Problem, Refused
from app.domain.tasks.events import EventType
from app.services.access import Access, known_id
from app.services.presence import active
from app.storage import catalog, cells, events, grid, workspaces
from app.storage.relation import ROW_ID
from app.storage.rows.cells import EditorType, MutationRow
from app.storage.rows.editing import row_identity, shown_read_only
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import WorkspaceMode, WorkspaceRow

# What an event carries of a cell; a grid that finds less asks for the row.
EVENT_VALUE_BYTES_MAX: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A workspace, the table it shows, and how edits of it are checked."""

    workspace: WorkspaceRow
    table: TableRow
    grid: Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A recorded edit, the whole row as it is now, and the sequence of the event."""

    mutation: MutationRow
    row: Mapping[str, object]
    sequence: int


@dataclass(slots=True)
class Held:
    """A locked row as it stands after the edits so far."""

    cells: list[Cell]
    number: int


class Cells:
    """The use cases of cells."""

    def __init__(self, db: Database, access: Access, now: Now) -> None:
        self._db = db
        self._access = access
        self._now = now

    async def update(self, viewer: Viewer, workspace_id: str, edit: CellEdit) -> Edited:
        """Write one cell; CellConflict where it does not hold what was expected."""
        place = await self._surface(viewer, workspace_id)
        return (await self._edit(viewer, place, _bound(place, [edit], [()]), [()]))[0]

    async def update_many(self, viewer: Viewer, workspace_id: str, edits: Sequence[CellEdit]) -> list[Edited]:
        """Write cells in order, all or none; every problem is told by its edit."""
        if not 1 <= len(edits) <= EDITS_MAX:
            message = f"edits holds {len(edits)}; give 1 to {EDITS_MAX}."
            raise BadInput(message, field="edits", limit=EDITS_MAX)
        place = await self._surface(viewer, workspace_id)
        locs: list[Loc] = [("edits", at) for at in range(len(edits))]
        return await self._edit(viewer, place, _bound(place, edits, locs), locs)

    async def undo(self, viewer: Viewer, mutation_id: str) -> Edited:
        """Take back one's own edit, once, while the cell still holds what it wrote; that is an edit itself."""
        id = known_id(mutation_id, "edit")
        found = await cells.visible_by_id(self._db, viewer.tenant_id, viewer.user_id, [id])
        if not found:
            raise NotFound(f"There is no edit {mutation_id!r}.", id=mutation_id, reason="mutation_not_found")
        done = found[0]
        place = await self._surface(viewer, str(done.workspace_id))
        if (done.actor_type, done.actor_id) != (EditorType.USER, str(viewer.user_id)):
            raise Forbidden("Somebody else made this edit; you can take back your own.", reason="not_your_edit")
        if done.undone_by is not None:
            raise _undone(done)
        if done.table_id != place.table.id:
            raise _no_row(())
        numbered = done.ws_row_id is not None
        back = CellEdit(
            column=done.column_name,
            new=Sent(done.old_value),
            expected=Sent(done.new_value),
            row_identity=None if numbered else done.row_identity,
            ws_row_id=str(done.ws_row_id) if numbered else None,
        )
        return (await self._edit(viewer, place, _bound(place, [back], [()]), [()], undone=done))[0]

    async def _surface(self, viewer: Viewer, workspace_id: str) -> Surface:
        """What the viewer may edit now, or the first reason why not."""
        workspace = await self._access.workspace(viewer, known_id(workspace_id, "workspace"), Action.READ)
        shown = await catalog.shown_by(self._db, viewer.tenant_id, [workspace.id])
        table = shown[0][1] if shown else None
        reason = shown_read_only(viewer, workspace, table)
        if reason is not None or table is None:
            _refuse(viewer, workspace, reason)
        checked = Grid(
            columns=table.column_list,
            identity=row_identity(workspace, table),
            numbered=workspace.mode is WorkspaceMode.SNAPSHOT,
        )
        return Surface(workspace=workspace, table=table, grid=checked)

    async def _edit(
        self,
        viewer: Viewer,
        place: Surface,
        edits: Sequence[BoundEdit],
        locs: Sequence[Loc],
        *,
        undone: MutationRow | None = None,
    ) -> list[Edited]:
        workspace, table = place.workspace, place.table
        async with self._db.transaction() as tx:
            await _keep_active(tx, viewer, place)
            if not await catalog.hold(tx, viewer.tenant_id, table.id):
                raise NotFound("The table was deleted a moment ago.", reason="row_not_found")
            held = await _lock(tx, place, edits, locs)
            new = [
                await self._write(tx, place, edit, held[edit.address], loc)
                for edit, loc in zip(edits, locs, strict=True)
            ]
            made = await cells.record(
                tx,
                viewer.tenant_id,
                workspace.id,
                table.id,
                new,
                actor_type=EditorType.USER,
                actor_id=str(viewer.user_id),
                undo_of=undone.id if undone else None,
            )
            if undone is not None and not await cells.mark_undone(tx, viewer.tenant_id, undone.id, made[0].id):
                raise _undone(undone)
            await catalog.rows_added(tx, viewer.tenant_id, table.id, 0)
            last = await events.append(tx, viewer.tenant_id, [_edited(viewer, one) for one in made])
        rows = [_wire_row(place, held[edit.address]) for edit in edits]
        first = last - len(made) + 1
        return [
            Edited(mutation=one, row=row, sequence=first + at)
            for at, (one, row) in enumerate(zip(made, rows, strict=True))
        ]

    async def _write(self, tx: Tx, place: Surface, edit: BoundEdit, held: Held, loc: Loc) -> cells.NewMutation:
        column = edit.column
        at = place.grid.columns.index(column)
        old = held.cells[at]
        if edit.expected is not None and not same_cell(old, edit.expected.value, column.data_type):
            raise CellConflict(
                "The cell has another value by now; look at it and decide again.",
                field=field_of((*loc, "expectedOldValue")),
                reason="cell_conflict",
                currentValue=to_wire(old, column.data_type),
                row=_wire_row(place, held),
            )
        new = await cells.write(tx, place.table.source, edit.address, column.name, edit.new)
        held.cells[at] = new
        return cells.NewMutation(
            id=uuid7(self._now()),
            column_name=column.name,
            row_identity=_identity(place, held),
            ws_row_id=held.number if place.grid.numbered else None,
            old_value=to_wire(old, column.data_type),
            new_value=to_wire(new, column.data_type),
        )


def _refuse(viewer: Viewer, workspace: WorkspaceRow, reason: ReadOnlyReason | None) -> NoReturn:
    if reason is ReadOnlyReason.VIEWER_ACCESS:
        if Scope.WRITE not in viewer.scopes:
            message = "This key lacks the scope 'write'; use a key that has it."
            raise Forbidden(message, scope=Scope.WRITE.value, reason=reason.value)
        raise Forbidden("You may read this workspace but not change its data; ask its owner.", reason=reason.value)
    if reason is ReadOnlyReason.WORKSPACE_ARCHIVED:
        active(workspace)
        raise WorkspaceArchived("The workspace of the table is archived; restore it first.", reason=reason.value)
    raise Conflict(
        "The data of this workspace cannot be changed: there is none, or its table is no table of ours or has no key.",
        reason="workspace_read_only",
        readOnlyReason=None if reason is None else reason.value,
    )


def _bound(place: Surface, edits: Sequence[CellEdit], locs: Sequence[Loc]) -> list[BoundEdit]:
    """The edits in the types of the grid, or everything that is wrong with them."""
    found = [bind_edit(edit, place.grid, loc) for edit, loc in zip(edits, locs, strict=True)]
    problems: list[Problem] = [p for one in found if isinstance(one, Refused) for p in one.problems]
    require_sound(problems[:PROBLEMS_MAX])
    return [one for one in found if not isinstance(one, Refused)]


async def _keep_active(tx: Tx, viewer: Viewer, place: Surface) -> None:
    """Neither the workspace nor the one whose readers see its table is archived before the transaction ends."""
    active(await workspaces.touch(tx, viewer.tenant_id, place.workspace.id))
    if place.table.workspace_id not in (None, place.workspace.id):
        active(await workspaces.hold(tx, viewer.tenant_id, place.table.workspace_id))


async def _lock(tx: Tx, place: Surface, edits: Sequence[BoundEdit], locs: Sequence[Loc]) -> dict[Address, Held]:
    """Every row that is edited, locked in one order, so that two such calls cannot wait for each other."""
    first: dict[Address, Loc] = {}
    for edit, loc in zip(edits, locs, strict=True):
        first.setdefault(edit.address, loc)
    rows: dict[Address, cells.StoredRow] = {}
    for address in sorted(first, key=lambda one: (one.names, tuple(map(repr, one.values)))):
        row = await cells.lock_row(tx, place.table.source, address)
        if row is None:
            raise _no_row(first[address])
        rows[address] = row
    by_number = {row.number: Held(list(row.cells), row.number) for row in rows.values()}
    return {address: by_number[row.number] for address, row in rows.items()}


def _no_row(loc: Loc) -> NotFound:
    return NotFound("There is no such row.", field=field_of(loc), reason="row_not_found")


def _undone(done: MutationRow) -> Conflict:
    return Conflict("This edit was taken back already.", id=str(done.id), reason="already_undone")


def _wire_row(place: Surface, held: Held) -> Mapping[str, object]:
    columns = [*place.grid.columns, grid.ROW_ID_COLUMN] if place.grid.numbered else place.grid.columns
    return wire_rows([[*held.cells, held.number] if place.grid.numbered else held.cells], columns)[0]


def _identity(place: Surface, held: Held) -> dict[str, object]:
    if not place.grid.identity:
        return {ROW_ID: held.number}
    row = _wire_row(place, held)
    return {name: row[name] for name in place.grid.identity}


def _edited(viewer: Viewer, made: MutationRow) -> events.NewEvent:
    """What an open grid needs to follow; very long values are left out, and it is told so."""
    values: dict[str, object] = {"oldValue": made.old_value, "newValue": made.new_value}
    if len(orjson.dumps(values)) > EVENT_VALUE_BYTES_MAX:
        values = {}
    return events.NewEvent(
        type=EventType.WORKSPACE_CELL_UPDATED,
        payload={
            "mutationId": str(made.id),
            "tableId": str(made.table_id),
            "column": made.column_name,
            "rowIdentity": made.row_identity,
            "wsRowId": made.ws_row_id,
            **values,
            "valuesOmitted": not values,
            "undoOf": None if made.undo_of is None else str(made.undo_of),
        },
        actor=viewer.actor,
        origin=Origin(kind=OriginKind.HTTP, ref="cells.update" if made.undo_of is None else "cells.undo"),
        workspace_id=made.workspace_id,
    )
