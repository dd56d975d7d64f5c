"""Tables, workspaces and rows for tests, and the proof that a refusal left nothing behind."""

import importlib.util
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.grid.column import Column, ColumnType
from app.domain.grid.page import RowSort, SortDirection, window
from app.domain.tasks.draft import TaskDraft
from app.domain.tasks.status import TaskScope
from app.loaders.reader import Reader
from app.loaders.rows import RowsPage, RowsRequest, table_rows, workspace_rows
from app.services.artifacts import ArtifactDraft
from app.services.registry import Services
from app.services.tables import TableDraft
from app.services.workspace_draft import WorkspaceDraft
from app.storage import catalog
from app.storage.rows.grid import ArtifactKind, TableRow, columns_to_json
from app.storage.rows.workspace import WorkspaceMode, WorkspaceRow
from app.storage.statements import composed
from tests.support.log import counts

# Relations in the schemas of tenants, and what a stray write would move.
TRACES = composed(
    """
    SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname LIKE 'data\\_%' AND c.relkind = 'r') AS relations,
           (SELECT count(*) FROM artifact_versions) AS versions, (SELECT count(*) FROM task_bindings) AS bindings,
           (SELECT count(*) FROM cell_mutations) AS mutations,
           (SELECT coalesce(sum(row_count), 0) FROM tables) AS rows,
           (SELECT max(last_write_at) FROM tables) AS written, (SELECT max(updated_at) FROM workspaces) AS touched,
           (SELECT md5(string_agg(w::text, ',' ORDER BY w.id)) FROM workspaces w) AS faces,
           (SELECT md5(string_agg(s::text, ',' ORDER BY s.workspace_id)) FROM workspace_shares s) AS shares,
           (SELECT md5(string_agg(g::text, ',' ORDER BY g.id)) FROM tags g) AS tags
    """
)
ARCHIVE = composed("UPDATE workspaces SET status = 'archived' WHERE id = :id")
SHARE = composed(
    """
    WITH share AS (
        INSERT INTO workspace_shares (tenant_id, workspace_id, id, status)
        VALUES (:tenant_id, :workspace_id, gen_random_uuid(), 'active')
    )
    SELECT 1
    """
)
RECIPIENT = composed(
    """
    INSERT INTO workspace_recipients (tenant_id, workspace_id, user_id, position)
    VALUES (:tenant_id, :workspace_id, :user_id, 0)
    """
)
UNSHARE = composed("UPDATE workspace_shares SET status = 'revoked' WHERE workspace_id = :workspace_id")
WAITING = composed(
    """
    SELECT EXISTS (SELECT FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock') AS some
    """
)
STRING, INTEGER, NUMBER = ColumnType.STRING, ColumnType.INTEGER, ColumnType.NUMBER
PEOPLE = {"name": STRING, "age": INTEGER, "height": NUMBER}
PEOPLE_ROWS = [["Ada", 36, 1.65], ["Bob", 41, 1.8], ["Cy", None, 1.75], ["Dee", 41, None]]


def columns_of(types: Mapping[str, ColumnType]) -> list[Column]:
    """Columns by name and type."""
    return [Column(name=name, data_type=kind) for name, kind in types.items()]


async def make_table(
    services: Services,
    viewer: Viewer,
    types: Mapping[str, ColumnType] = PEOPLE,
    rows: Sequence[object] = (),
    **more: Any,
) -> TableRow:
    """A live table with rows."""
    draft = TableDraft(name=more.pop("name", "people"), columns=columns_of(types), **more)
    made = await services.tables.create(viewer, draft)
    if not rows:
        return made.table
    return (await services.tables.import_rows(viewer, str(made.table.id), rows)).table


async def make_workspace(services: Services, viewer: Viewer, table: TableRow, **more: Any) -> WorkspaceRow:
    """An operational workspace on a table."""
    draft = WorkspaceDraft(
        title=more.pop("title", "Workspace"), mode=WorkspaceMode.OPERATIONAL, table_name=table.name, **more
    )
    return (await services.workspaces.create(viewer, draft)).workspace


async def make_empty(services: Services, viewer: Viewer, title: str = "Empty") -> WorkspaceRow:
    """An empty snapshot."""
    draft = WorkspaceDraft(title=title, mode=WorkspaceMode.SNAPSHOT)
    return (await services.workspaces.create(viewer, draft)).workspace


async def make_snapshot(
    services: Services,
    viewer: Viewer,
    types: Mapping[str, ColumnType] = PEOPLE,
    rows: Sequence[object] = (),
    **more: Any,
) -> WorkspaceRow:
    """A workspace with a copy of these rows."""
    wire = columns_to_json(columns_of(types))
    content = {"columns": [{"name": one["name"], "dataType": one["dataType"]} for one in wire], "rows": list(rows)}
    made = await services.artifacts.create(viewer, ArtifactDraft(name="rows", kind=ArtifactKind.TABLE, content=content))
    draft = WorkspaceDraft(
        title=more.pop("title", "Copy"), mode=WorkspaceMode.SNAPSHOT, artifact_id=str(made.artifact.id), **more
    )
    return (await services.workspaces.create(viewer, draft)).workspace


async def make_task(services: Services, viewer: Viewer, title: str = "Count", workspace_id: object = None) -> str:
    """A task, global or of a workspace."""
    scope = TaskScope.GLOBAL if workspace_id is None else TaskScope.WORKSPACE
    place = None if workspace_id is None else str(workspace_id)
    return (await services.tasks.create(viewer, TaskDraft(title=title, scope=scope, workspace_id=place))).task.id


def request(
    limit: int = 100, offset: int = 0, sort: str | None = None, descending: bool = False, filters: Sequence[object] = ()
) -> RowsRequest:
    """Which rows are wanted."""
    order = None if sort is None else RowSort(sort, SortDirection.DESC if descending else SortDirection.ASC)
    return RowsRequest(window=window(limit, offset), sort=order, filters=filters)


async def read_table(db: Database, viewer: Viewer, table: TableRow, **wanted: Any) -> RowsPage:
    """A page of a live table."""
    return await table_rows(Reader(db, viewer), table, request(**wanted))


async def read_workspace(db: Database, viewer: Viewer, workspace: WorkspaceRow, **wanted: Any) -> RowsPage:
    """A page of a workspace."""
    shown = await catalog.shown_by(db, viewer.tenant_id, [workspace.id])
    return await workspace_rows(Reader(db, viewer), workspace, shown[0][1] if shown else None, request(**wanted))


@asynccontextmanager
async def unchanged(db: Database) -> AsyncIterator[None]:
    """No row, no relation and no event appears or goes inside the block."""
    before = await counts(db), dict((await db.fetch(TRACES))[0])
    yield
    assert (await counts(db), dict((await db.fetch(TRACES))[0])) == before


def vega_file(name: str) -> Path:
    """A real data file; the test is skipped where the optional package is missing."""
    spec = importlib.util.find_spec("vega_datasets")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the optional package vega-datasets is not installed")
    return Path(spec.submodule_search_locations[0]) / "_data" / name


async def share(db: Database, viewer: Viewer, workspace_id: object, with_whom: Viewer) -> None:
    """A live share, as the sharing operations will make it."""
    await db.fetch(SHARE, tenant_id=viewer.tenant_id, workspace_id=workspace_id)
    await db.fetch(RECIPIENT, tenant_id=viewer.tenant_id, workspace_id=workspace_id, user_id=with_whom.user_id)


async def unshare(db: Database, workspace_id: object) -> None:
    """The share revoked."""
    await db.fetch(UNSHARE, workspace_id=workspace_id)


async def archive(db: Database, workspace_id: object) -> None:
    """The workspace archived, as the operation of a later day will do it."""
    await db.fetch(ARCHIVE, id=workspace_id)


async def somebody_waits(db: Database) -> bool:
    """Whether a statement on this database waits for a lock."""
    return bool((await db.fetch(WAITING))[0]["some"])
