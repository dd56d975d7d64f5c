"""A claim that waits: tried again when the log says that something may match, until the caller goes away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from app.resolvers.waiting import WAKING
from app.services.leases import Claimed
from app.storage.events import Range
from app.web.rest.call import Call

# Some runs become claimable by time alone, without an event.
LOOK_AGAIN_SECONDS: Final = 15.0


async def claim_when_there_is_work(call: Call, claim: Callable[[], Awaitable[Claimed]]) -> tuple[Claimed, bool]:
    """The first claim that gives something, or an empty one once the server stops; and whether the caller is gone.

    A claim under way is never given up: whoever calls gives back what nobody is left to work on.
    """
    stream = await call.streams.open(call.viewer, Range(types=WAKING), None)
    batches = stream.batches()
    left = asyncio.ensure_future(_left(call))
    stop = asyncio.ensure_future(call.stopping.wait())
    woken = asyncio.ensure_future(anext(batches))
    try:
        # Listening already, so whatever is queued from here on wakes us.
        claimed = await claim()
        while not claimed.runs:
            await asyncio.wait({woken, left, stop}, timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if left.done() or stop.done():
                break
            if woken.done():
                woken.result()
                woken = asyncio.ensure_future(anext(batches))
            claimed = await claim()
    finally:
        stream.close()
        for one in (left, stop, woken):
            one.cancel()
        await asyncio.gather(left, stop, woken, return_exceptions=True)
    return claimed, left.done() and not left.cancelled()


async def _left(call: Call) -> None:
    while (await call.request.receive())["type"] != "http.disconnect":
        pass
