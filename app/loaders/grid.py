"""Batched reads of tables and artifacts, and the page of tables."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.paging import Page, decode_cursor, encode_cursor
from app.loaders.pages import Count
from app.loaders.reader import Reader, grouped, in_key_order
from app.storage import artifacts, catalog
from app.storage.rows.grid import ArtifactRow, ArtifactVersionRow, TableRow

TABLES = "tables"


async def table_by_id(reader: Reader, ids: Sequence[UUID]) -> list[TableRow | None]:
    """Live tables the viewer may see."""
    viewer = reader.viewer
    rows = await catalog.visible_by_id(reader.db, viewer.tenant_id, viewer.user_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def shown_by_workspace(reader: Reader, workspace_ids: Sequence[UUID]) -> list[TableRow | None]:
    """What workspaces that were seen already show: a copy of their own or a live table."""
    found = await catalog.shown_by(reader.db, reader.viewer.tenant_id, workspace_ids)
    return in_key_order(workspace_ids, found)


async def artifact_by_id(reader: Reader, ids: Sequence[UUID]) -> list[ArtifactRow | None]:
    """Artifacts the viewer may see."""
    viewer = reader.viewer
    rows = await artifacts.visible_by_id(reader.db, viewer.tenant_id, viewer.user_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def versions_by_artifact(reader: Reader, artifact_ids: Sequence[UUID]) -> list[list[ArtifactVersionRow]]:
    """The versions of artifacts that were seen already, newest first."""
    rows = await artifacts.versions(reader.db, reader.viewer.tenant_id, artifact_ids)
    return grouped(artifact_ids, ((row.artifact_id, row) for row in rows))


async def content_by_version(reader: Reader, ids: Sequence[UUID]) -> list[object]:
    """The contents of versions that were seen already."""
    found: list[object] = in_key_order(ids, await artifacts.contents(reader.db, reader.viewer.tenant_id, ids))
    return found


async def table_page(
    reader: Reader, wanted: catalog.Filter, *, after: str | None, first: int
) -> tuple[Page[TableRow], Count]:
    """Live tables the viewer may see, newest first."""
    place = decode_cursor(TABLES, after, 2)
    viewer = reader.viewer
    rows = await catalog.page(reader.db, viewer.tenant_id, viewer.user_id, wanted, after=place, most=first + 1)
    items = tuple(rows[:first])
    page = Page(
        items=items,
        cursors=tuple(encode_cursor(TABLES, (row.created_at.isoformat(), str(row.id))) for row in items),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, lambda: catalog.count(reader.db, viewer.tenant_id, viewer.user_id, wanted)


async def candidates(reader: Reader) -> list[TableRow]:
    """Live tables the viewer could open a workspace on, last written first."""
    return await catalog.candidates(reader.db, reader.viewer.tenant_id, reader.viewer.user_id)
