"""A process of the demo lives until it is told to stop, or until whoever started it is gone."""

import asyncio
import os
from typing import Final

from app.worker.serve import Stoppable, serve

LOOK_SECONDS: Final = 1.0


async def until_orphaned(parent: int) -> None:
    """Return when the process `parent` is no longer ours; a killed parent says nothing, so it is looked for."""
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing inside this process tells when its parent dies
        await asyncio.sleep(LOOK_SECONDS)


async def live(*workers: Stoppable, parent: int) -> None:
    """Run all until a signal stops them, they end by themselves, or the parent is gone."""
    guard = asyncio.create_task(until_orphaned(parent))
    serving = asyncio.create_task(serve(*workers))
    try:
        await asyncio.wait({guard, serving}, return_when=asyncio.FIRST_COMPLETED)
        for worker in workers if guard.done() else ():
            worker.stop()
        await serving
    finally:
        guard.cancel()
        serving.cancel()
