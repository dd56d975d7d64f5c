"""The body of a request as a whole: of a bounded size, within a bounded time."""

import asyncio
from typing import Final

from starlette.requests import Request

BODY_SECONDS_MAX: Final = 30


class NotWhole(Exception):
    """The body is too large, or does not come."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def whole_body(request: Request, *, bytes_max: int, seconds_max: float | None = BODY_SECONDS_MAX) -> bytes:
    """All of it; NotWhole with its status otherwise, for a declared size before anything is read."""
    too_large = NotWhole(413, f"The body is larger than {bytes_max} bytes; send less at once.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > bytes_max:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds_max):
            async for chunk in request.stream():
                size += len(chunk)
                if size > bytes_max:
                    raise too_large
                chunks.append(chunk)
    except TimeoutError:
        # Whoever sends a byte a minute would hold a connection, and what has come so far, for as long as it likes.
        raise NotWhole(408, f"The body did not come within {seconds_max} s; send it again.") from None
    return b"".join(chunks)
