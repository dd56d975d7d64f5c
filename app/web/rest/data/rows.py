"""POST /api/v1/tables/{table_id}/rows: a CSV, JSON lines or Parquet file becomes rows of a table."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final

from starlette.requests import ClientDisconnect, Request

from app.domain.errors import TooLarge
from app.domain.grid.files import FileFormat
from app.web.rest.answering import Unreadable
from app.web.rest.call import Call
from app.web.rest.data.shapes import RowsAdded

CHUNK_SECONDS_MAX: Final = 30.0
FORMATS: Final[Mapping[str, FileFormat]] = {
    "text/csv": FileFormat.CSV,
    "text/tab-separated-values": FileFormat.TSV,
    "application/x-ndjson": FileFormat.JSON_LINES,
    "application/jsonl": FileFormat.JSON_LINES,
    "application/vnd.apache.parquet": FileFormat.PARQUET,
}


async def may_add(call: Call) -> None:
    """Whoever may not add rows is told before the file is read."""
    await call.services.row_files.table(call.viewer, call.path["table_id"])


async def add_rows(call: Call) -> RowsAdded:
    """All rows or none."""
    files = call.services.row_files
    file_format = _format(call.request)
    declared = call.request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > files.bytes_max:
        raise TooLarge(f"The file is larger than {files.bytes_max} bytes; send it in parts.", limit=files.bytes_max)
    done = await files.add(call.viewer, call.path["table_id"], _chunks(call.request), file_format)
    return RowsAdded(
        tableId=str(done.table.id),
        rowCount=done.imported,
        totalRows=done.table.row_count,
        sequence=None if done.sequence is None else str(done.sequence),
    )


def _format(request: Request) -> FileFormat:
    kind, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    charset = next((text.partition("=")[2].strip('" ') for text in parameters if text.startswith("charset")), "utf-8")
    if kind not in FORMATS or charset not in ("utf-8", "utf8", "us-ascii"):
        raise Unreadable(415, f"Send one of {', '.join(FORMATS)} as Content-Type, in UTF-8.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Unreadable(415, "Send the file as it is, without Content-Encoding.")
    return FORMATS[kind]


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body, as long as it keeps coming."""
    body = request.stream()
    while True:
        try:
            chunk = await asyncio.wait_for(anext(body), CHUNK_SECONDS_MAX)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Unreadable(408, f"Nothing came for {CHUNK_SECONDS_MAX:.0f} s; send the file again.") from None
        except ClientDisconnect:
            raise Unreadable(400, "The file did not come whole; nothing was imported.") from None
        yield chunk
