"""Pages of lists: keyset, one statement a page, the total only when it is asked for."""

from collections.abc import Awaitable, Callable

from app.domain.paging import Page, decode_cursor, encode_cursor
from app.loaders.reader import Reader
from app.storage import events, tasks
from app.storage.events import Range
from app.storage.rows.event import EventRow
from app.storage.rows.task import TaskRow

Count = Callable[[], Awaitable[int]]
TASKS = "tasks"


async def task_page(
    reader: Reader, wanted: tasks.Filter, *, after: str | None, first: int
) -> tuple[Page[TaskRow], Count]:
    """Tasks the viewer may see, newest first."""
    place = decode_cursor(TASKS, after, 2)
    viewer = reader.viewer
    rows = await tasks.page(reader.db, viewer.tenant_id, viewer.user_id, wanted, after=place, most=first + 1)
    items = tuple(rows[:first])
    page = Page(
        items=items,
        cursors=tuple(encode_cursor(TASKS, (row.created_at.isoformat(), row.id)) for row in items),
        has_next=len(rows) > first,
        has_previous=place is not None,
    )
    return page, lambda: tasks.count(reader.db, viewer.tenant_id, viewer.user_id, wanted)


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
