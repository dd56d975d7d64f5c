"""Batched reads of cell edits, and the page of a workspace's."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.paging import Page, decode_cursor, encode_cursor
from app.loaders.pages import Count
from app.loaders.reader import Reader, in_key_order
from app.storage import cells
from app.storage.rows.cells import MutationRow

MUTATIONS = "mutations"


async def mutation_by_id(reader: Reader, ids: Sequence[UUID]) -> list[MutationRow | None]:
    """Edits in workspaces the viewer may read."""
    viewer = reader.viewer
    rows = await cells.visible_by_id(reader.db, viewer.tenant_id, viewer.user_id, ids)
    return in_key_order(ids, ((row.id, row) for row in rows))


async def mutation_page(
    reader: Reader, workspace_id: UUID, *, after: str | None, first: int
) -> tuple[Page[MutationRow], Count]:
    """The edits of a workspace that was seen already, newest first."""
    place = decode_cursor(MUTATIONS, after, 2)
    tenant_id = reader.viewer.tenant_id
    rows = await cells.page(reader.db, tenant_id, workspace_id, after=place, most=first + 1)
    items = tuple(rows[:first])
    page = Page(
        items=items,
        cursors=tuple(encode_cursor(MUTATIONS, (row.created_at.isoformat(), str(row.id))) for row in items),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, lambda: cells.count(reader.db, tenant_id, workspace_id)
