"""Handlers for workers in processes of their own."""

import asyncio

from app.worker import RunContext


async def at_once(run: RunContext) -> str:
    """Returns who did it in which attempt."""
    return f"attempt {run.attempt}"


async def for_ever(run: RunContext) -> None:
    """Says that it began, and never ends by itself."""
    await run.progress(0.1, "began")
    await asyncio.Event().wait()


not_asynchronous = str
