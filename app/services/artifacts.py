"""Artifacts: results that are made once and never change."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from app.clock import Now
from app.db.engine import Database, Lane
from app.db.errors import Refused as DatabaseRefused
from app.db.tx import Tx
from app.domain.access.policy import Action, TenantWide, require
from app.domain.access.viewer import Viewer
from app.domain.actor import Origin, OriginKind
from app.domain.charts.parse import parse_spec
from app.domain.errors import BadInput, Forbidden, NotFound, TooLarge
from app.domain.grid.column import Column, ColumnType, column_problems
from app.domain.grid.rows import coerce_rows
from app.domain.grid.wire import wire_rows
from app.domain.ids import parse_uuid, uuid7
from app.domain.invalid import accepted, require_sound
from app.domain.problems import Problem
from app.domain.tasks.events import EventType
from app.domain.text import checked, json_text
from app.services.access import Access, known_id
from app.services.presence import active
from app.services.tables import Tables
from app.storage import artifacts, catalog, copies, events, runs, workspaces
from app.storage.rows.grid import ArtifactKind, ArtifactRow, TableRow, columns_to_json
from app.storage.rows.task import RunRow

NAME_LENGTH_MAX: Final = 255
CONTENT_BYTES_MAX: Final = 8 << 20
CONTENT_ROWS_MAX: Final = 10_000
TABLE_ROWS_MAX: Final = 50_000  # of a table that becomes an artifact: the server builds its content in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactDraft:
    """An artifact as its creator describes it: with its content, or with the table to copy."""

    name: str
    kind: ArtifactKind
    workspace_id: str | None = None
    content: object = None
    table_id: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a version holds, as JSON text, and how many rows if it is a table."""

    text: str
    row_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new artifact and the sequence of its event."""

    artifact: ArtifactRow
    sequence: int


class Artifacts:
    """The use cases of artifacts."""

    def __init__(self, db: Database, access: Access, tables: Tables, now: Now) -> None:
        self._db = db
        self._access = access
        self._tables = tables
        self._now = now

    async def create(self, viewer: Viewer, draft: ArtifactDraft) -> Made:
        """A new artifact with its version 1."""
        name = checked(draft.name, "name", longest=NAME_LENGTH_MAX)
        if (draft.content is None) == (draft.table_id is None):
            raise BadInput("Give either content or tableId.", field="content")
        content = None if draft.content is None else _content(draft.kind, draft.content)
        run = None if draft.run_id is None else await self._run(viewer, draft.run_id, draft.workspace_id)
        place = await self._place(viewer, draft, run)
        table = None if draft.table_id is None else await self._table(viewer, draft)
        new = artifacts.NewArtifact(
            id=uuid7(self._now()),
            name=name,
            kind=draft.kind.value,
            workspace_id=place,
            created_by=viewer.user_id,
            run_id=None if run is None else run.id,
        )
        async with self._db.transaction(Lane.MAIN if table is None else Lane.IMPORTS) as tx:
            if place is not None:
                active(await workspaces.hold(tx, viewer.tenant_id, place), "workspaceId")
            row = await artifacts.insert(tx, viewer.tenant_id, new)
            if table is None:
                assert content is not None
                await self._version(tx, viewer, new.id, content)
            else:
                await self._copy(tx, viewer, new.id, table)
            sequence = await events.append(tx, viewer.tenant_id, [_made(viewer, new)])
        return Made(artifact=row, sequence=sequence)

    async def _run(self, viewer: Viewer, run_id: str, workspace_id: str | None) -> RunRow:
        """The run that made it; what a run of a workspace made belongs to that workspace."""
        id = parse_uuid(run_id)
        found = [] if id is None else await runs.by_id(self._db, viewer.tenant_id, [id])
        seen = await self._access.tasks(viewer, [run.task_id for run in found], Action.WRITE)
        refusal = next((one for one in seen.values() if isinstance(one, Exception)), None)
        if isinstance(refusal, Forbidden):
            raise refusal
        if not found or refusal is not None:
            raise NotFound(f"There is no run {run_id[:140]!r}.", field="runId")
        own = found[0].workspace_id
        if workspace_id is not None and str(own) != workspace_id:
            raise BadInput("The run belongs elsewhere; leave workspaceId out, or give the run's.", field="workspaceId")
        return found[0]

    async def _place(self, viewer: Viewer, draft: ArtifactDraft, run: RunRow | None) -> UUID | None:
        if run is not None and run.workspace_id is not None:
            found = await self._access.workspace(viewer, run.workspace_id, Action.WRITE)
            return active(found, "runId").id
        if draft.workspace_id is None:
            whole = TenantWide(tenant_id=viewer.tenant_id)
            require(viewer, Action.WRITE, whole, what="tenant", id=viewer.tenant_id)
            return None
        found = await self._access.workspace(viewer, known_id(draft.workspace_id, "workspace"), Action.WRITE)
        return active(found, "workspaceId").id

    async def _table(self, viewer: Viewer, draft: ArtifactDraft) -> TableRow:
        if draft.kind is not ArtifactKind.TABLE:
            raise BadInput("Only an artifact of kind TABLE is made from tableId.", field="kind")
        table = await self._tables.table(viewer, draft.table_id or "", Action.READ)
        if draft.workspace_id is None and table.workspace_id is not None:
            raise BadInput(
                "Not everybody may see these rows; give the workspaceId whose readers may see the artifact.",
                field="workspaceId",
            )
        if table.row_count > TABLE_ROWS_MAX:
            raise TooLarge(
                f"The table has {table.row_count} rows; an artifact holds at most {TABLE_ROWS_MAX}.",
                field="tableId",
                limit=TABLE_ROWS_MAX,
            )
        return table

    async def _version(self, tx: Tx, viewer: Viewer, artifact_id: UUID, content: Content) -> None:
        version = artifacts.NewVersion(
            id=uuid7(self._now()),
            artifact_id=artifact_id,
            version=1,
            content=content.text,
            metadata="{}",
            row_count=content.row_count,
            created_by=viewer.user_id,
        )
        await artifacts.insert_version(tx, viewer.tenant_id, version)

    async def _copy(self, tx: Tx, viewer: Viewer, artifact_id: UUID, table: TableRow) -> None:
        if not await catalog.hold(tx, viewer.tenant_id, table.id):
            raise NotFound(f"There is no table {str(table.id)!r}.", id=str(table.id))
        try:
            await copies.version_of_table(
                tx,
                table.source,
                uuid7(self._now()),
                artifact_id=artifact_id,
                columns_json=orjson.dumps(columns_to_json(table.column_list)).decode(),
                created_by=viewer.user_id,
            )
        except DatabaseRefused as problem:
            raise TooLarge("The rows of the table are too large for one artifact.", field="tableId") from problem


def _made(viewer: Viewer, new: artifacts.NewArtifact) -> events.NewEvent:
    return events.NewEvent(
        type=EventType.ARTIFACT_CREATED,
        payload={"artifactId": str(new.id), "name": new.name, "kind": new.kind, "version": 1},
        actor=viewer.actor,
        origin=Origin(kind=OriginKind.HTTP, ref="artifacts.create"),
        workspace_id=new.workspace_id,
    )


def _content(kind: ArtifactKind, given: object) -> Content:
    """The content in the form in which its kind is kept, or everything that is wrong with it."""
    if kind is ArtifactKind.TABLE:
        return _table_content(given)
    if kind is ArtifactKind.CHART:
        given = accepted(parse_spec(given, ("content",))).to_wire()
    if kind is ArtifactKind.MARKDOWN and not isinstance(given, str):
        raise BadInput("The content of a MARKDOWN artifact is a string.", field="content")
    return Content(text=json_text(given, "content", bytes_max=CONTENT_BYTES_MAX))


def _table_content(given: object) -> Content:
    if not isinstance(given, dict) or not given.keys() <= {"columns", "rows"}:
        raise BadInput("The content of a TABLE artifact is {columns, rows}.", field="content")
    columns = _columns(given.get("columns"))
    rows = given.get("rows", [])
    if not isinstance(rows, list):
        raise BadInput("rows is a list of objects or arrays.", field="content.rows")
    if len(rows) > CONTENT_ROWS_MAX:
        raise TooLarge(f"{len(rows)} rows; at most {CONTENT_ROWS_MAX} are allowed.", field="content.rows")
    typed = accepted(coerce_rows(rows, columns, ("content", "rows")))
    wired = [list(row.values()) for row in wire_rows(typed, columns)]
    encoded = orjson.dumps({"columns": columns_to_json(columns), "rows": wired})
    if len(encoded) > CONTENT_BYTES_MAX:
        raise TooLarge(f"content takes more than {CONTENT_BYTES_MAX} bytes.", field="content")
    return Content(text=encoded.decode(), row_count=len(typed))


def _columns(given: object) -> list[Column]:
    """The columns of a content, checked like those of a table."""
    if not isinstance(given, list):
        raise BadInput("columns is a list of {name, dataType}.", field="content.columns")
    problems: list[Problem] = []
    columns: list[Column] = []
    for index, one in enumerate(given):
        found = _column(one)
        if found is None:
            message = f"A column is {{name, dataType}} with a type of {', '.join(ColumnType)}."
            problems.append(Problem(("content", "columns", index), "value_error", message))
        else:
            columns.append(found)
    require_sound(problems or column_problems(columns, ("content", "columns")))
    return columns


def _column(given: Any) -> Column | None:
    if not isinstance(given, dict) or not given.keys() <= {"name", "displayName", "dataType"}:
        return None
    name, display, type_name = given.get("name"), given.get("displayName"), given.get("dataType")
    if not isinstance(name, str) or not isinstance(display, str | None) or not isinstance(type_name, str):
        return None
    kind = next((kind for kind in ColumnType if kind.value == type_name.lower()), None)
    return None if kind is None else Column(name=name, display_name=display, data_type=kind)
