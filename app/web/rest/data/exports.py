"""GET .../data.csv: a grid or a chart as a file, streamed as it is read."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.clock import monotonic
from app.domain.grid.page import RowSort, SortDirection
from app.domain.slug import slug
from app.loaders import exports
from app.web.rest.call import Call
from app.web.rest.data.shapes import ExportQuery

CSV: Final = "text/csv; charset=utf-8; header=present"
SECONDS_MAX: Final = 600.0


class FileResponse(StreamingResponse):
    """Closes what it reads from, also where the client goes away: a connection is held for it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        async with aclosing(self.body_iterator):  # type: ignore[type-var]  # made of a generator below
            await super().__call__(scope, receive, send)


async def grid_file(call: Call) -> FileResponse:
    """The whole grid, in one moment's state."""
    asked = call.asked(ExportQuery)
    place = await exports.workspace(call.reader, call.path["workspace_id"])
    direction = asked.sort_direction or SortDirection.ASC
    sort = None if asked.sort_column is None else RowSort(asked.sort_column, direction)
    lines = exports.grid_csv(call.reader, place, sort, escape_formulas=bool(asked.escape_formulas))
    return await _file(place.title, lines)


async def chart_file(call: Call) -> FileResponse:
    """The points of a chart."""
    asked = call.asked(ExportQuery)
    place = await exports.workspace(call.reader, call.path["workspace_id"])
    found = await exports.chart(call.reader, place, call.path["chart_id"])
    lines = exports.chart_csv(call.reader, found, escape_formulas=bool(asked.escape_formulas))
    return await _file(found.title or place.title, lines)


async def _file(title: str, lines: AsyncIterator[bytes]) -> FileResponse:
    """What can be refused is refused before the first byte is sent."""
    first = await anext(lines, b"")
    headers = {
        "Content-Disposition": f'attachment; filename="{slug(title) or "data"}.csv"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return FileResponse(_paced(first, lines), media_type=CSV, headers=headers)


async def _paced(first: bytes, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Whoever reads too slowly is cut off, so that nobody keeps an old snapshot alive."""
    until = monotonic() + SECONDS_MAX
    async with aclosing(lines):  # type: ignore[type-var]  # a generator
        yield first
        async for chunk in lines:
            if monotonic() > until:
                raise TimeoutError(f"The file was not read within {SECONDS_MAX:.0f} s.")
            yield chunk
