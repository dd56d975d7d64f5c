"""Waiting for a fact instead of for time."""

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(fact: Callable[[], Awaitable[bool]], *, seconds: float = 10.0) -> None:
    """Return when the fact holds; AssertionError when it does not in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await fact():
        assert asyncio.get_running_loop().time() < deadline, f"not true within {seconds} s: {fact}"
        await asyncio.sleep(0.01)
