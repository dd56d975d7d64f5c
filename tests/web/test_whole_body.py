"""Reading a body: as long as it keeps coming, and no longer."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.requests import Request
from starlette.types import Message

from app.web.whole_body import NotWhole, whole_body


def sending(parts: Iterable[bytes], *, last: bool, declared: str | None = None) -> Request:
    """A request whose body comes in these parts; unless they are all, the client then falls silent."""
    waiting: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if last:
        waiting[-1]["more_body"] = False

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    headers = [] if declared is None else [(b"content-length", declared.encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)


@pytest.mark.parametrize("parts", [[b""], [b"abcdef"], [b"ab", b"", b"cd", b"ef"]])
@pytest.mark.parametrize("declared", [None, "6", "none"])
async def test_a_body_comes_whole(parts: list[bytes], declared: str | None) -> None:
    assert await whole_body(sending(parts, last=True, declared=declared), bytes_max=6) == b"".join(parts)


@pytest.mark.parametrize("parts", [[b"abcdefg"], [b"abcd", b"efg"]])
async def test_a_byte_too_many_ends_the_reading(parts: list[bytes]) -> None:
    with pytest.raises(NotWhole, match="larger than 6 bytes") as refused:
        await whole_body(sending(parts, last=False), bytes_max=6)
    assert refused.value.status == 413


async def test_a_size_declared_too_large_is_refused_unread() -> None:
    with pytest.raises(NotWhole) as refused:
        await whole_body(sending([], last=False, declared="7"), bytes_max=6)
    assert refused.value.status == 413


@pytest.mark.parametrize("parts", [[], [b"abc"]])
async def test_a_client_that_falls_silent_is_given_up(parts: list[bytes]) -> None:
    with pytest.raises(NotWhole, match=r"did not come within 0\.05 s") as refused:
        await whole_body(sending(parts, last=False), bytes_max=6, seconds_max=0.05)
    assert refused.value.status == 408
