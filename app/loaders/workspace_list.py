"""Lists of workspaces: keyset pages for the graph, offset pages for REST."""

from dataclasses import dataclass
from typing import Final

from app.domain.paging import Cursors, Page, decode_cursor, encode_cursor
from app.loaders.pages import Count
from app.loaders.places import instant_of, uuid_of
from app.loaders.reader import Reader
from app.storage import workspace_list
from app.storage.rows.workspace import WorkspaceRow
from app.storage.workspace_list import OwnFilter, Place

WORKSPACES: Final = "workspaces"
SHARED: Final = "shared workspaces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """A page by number of items to skip, and how many items the whole list has."""

    items: tuple[WorkspaceRow, ...]
    total: int
    limit: int
    offset: int

    @property
    def has_next(self) -> bool:
        """Whether more items follow."""
        return self.offset + len(self.items) < self.total


async def own_page(
    reader: Reader, wanted: OwnFilter, *, after: str | None, first: int
) -> tuple[Page[WorkspaceRow], Count]:
    """The viewer's own workspaces, last changed first."""
    place = _place(WORKSPACES, after)
    db, viewer = reader.db, reader.viewer
    rows = await workspace_list.own(db, viewer.tenant_id, viewer.user_id, wanted, after=place, most=first + 1)
    items = tuple(rows[:first])
    page = Page(
        items=items,
        cursors=Cursors(items, lambda row: encode_cursor(WORKSPACES, (row.updated_at.isoformat(), str(row.id)))),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, lambda: workspace_list.count_own(db, viewer.tenant_id, viewer.user_id, wanted)


async def own_all(reader: Reader, wanted: OwnFilter) -> tuple[WorkspaceRow, ...]:
    """All of them: the workspaces API has no pages of these."""
    viewer = reader.viewer
    return tuple(await workspace_list.own(reader.db, viewer.tenant_id, viewer.user_id, wanted))


async def shared_page(reader: Reader, *, after: str | None, first: int) -> tuple[Page[WorkspaceRow], Count]:
    """Active workspaces that others share with the viewer now, the newest change of a share first."""
    place = _place(SHARED, after)
    db, viewer = reader.db, reader.viewer
    rows = await workspace_list.shared(db, viewer.tenant_id, viewer.user_id, after=place, most=first + 1)
    items = rows[:first]
    page = Page(
        items=tuple(row.workspace for row in items),
        cursors=tuple(encode_cursor(SHARED, (row.shared_at.isoformat(), str(row.workspace.id))) for row in items),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, lambda: workspace_list.count_shared(db, viewer.tenant_id, viewer.user_id)


async def shared_numbered(reader: Reader, *, limit: int, offset: int) -> Numbered:
    """The same by number, with the total."""
    db, viewer = reader.db, reader.viewer
    rows = await workspace_list.shared(db, viewer.tenant_id, viewer.user_id, most=limit, skipped=offset)
    total = await workspace_list.count_shared(db, viewer.tenant_id, viewer.user_id)
    return Numbered(items=tuple(row.workspace for row in rows), total=total, limit=limit, offset=offset)


def _place(name: str, after: str | None) -> Place | None:
    found = decode_cursor(name, after, 2)
    return None if found is None else (instant_of(found[0]), uuid_of(found[1]))
