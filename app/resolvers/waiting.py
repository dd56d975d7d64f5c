"""Waiting for work: a claim that found nothing is tried again when the log says that something may match."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from app.domain.tasks.events import EventType
from app.graph.context import Info
from app.services.leases import Claimed
from app.storage.events import Range

WAIT_SECONDS_MAX: Final = 30.0
# What can make a run claimable; a waiter that is woken for nothing only asks once more.
WAKING: Final = (
    EventType.TASK_RUN_ENQUEUED,
    EventType.TASK_RUN_OFFERED,
    EventType.DISPATCH_RESUMED,
    EventType.TASK_RUN_RELEASED,
    EventType.TASK_RUN_LEASE_EXPIRED,
    EventType.TASK_UNBLOCKED,
    EventType.TASK_APPROVED,
    EventType.TASK_UPDATED,
)


async def claim_when_there_is_work(info: Info, claim: Callable[[], Awaitable[Claimed]]) -> Claimed:
    """The first claim that gives something, or an empty one after half a minute; who goes away frees the place."""
    stream = await info.context.streams.open(info.context.viewer, Range(types=WAKING), None)
    batches = stream.batches()
    # Listening already, so whatever is queued from here on wakes us.
    claimed = await claim()
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not claimed.runs:
                await anext(batches)
                claimed = await claim()
    except TimeoutError:
        pass
    finally:
        stream.close()
    return claimed
