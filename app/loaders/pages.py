"""Pages of lists: keyset, one statement a page, the total only when it is asked for."""

from collections.abc import Awaitable, Callable

from app.domain.paging import Page
from app.loaders.reader import Reader
from app.storage import events
from app.storage.events import Range
from app.storage.rows.event import EventRow

Count = Callable[[], Awaitable[int]]


async def event_page(reader: Reader, wanted: Range, *, after: int, first: int) -> tuple[Page[EventRow], Count]:
    """Events the viewer may see after a position, oldest first."""
    viewer = reader.viewer
    rows, _ = await events.read_after(reader.db, viewer.tenant_id, viewer.user_id, after, wanted, most=first + 1)
    items = tuple(rows[:first])
    page = Page(
        items=items,
        cursors=tuple(row.cursor for row in items),
        has_next=len(rows) > first,
        has_previous=after > 0,
    )
    return page, lambda: events.count(reader.db, viewer.tenant_id, viewer.user_id, wanted)
