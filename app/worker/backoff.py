"""How long to wait before trying again: longer each time, and never in step with others."""

import asyncio
import random
from typing import Final

FIRST_SECONDS: Final = 0.2
MOST_SECONDS: Final = 5.0
DOUBLINGS_MAX: Final = 30  # beyond that the limit holds anyway, and the power would overflow


class Backoff:
    """A growing pause with jitter."""

    def __init__(self, first: float = FIRST_SECONDS, most: float = MOST_SECONDS) -> None:
        self._first = first
        self._most = most
        self._tries = 0

    def next(self) -> float:
        """The next pause in seconds: half to all of the step, so that many clients do not return at once."""
        step = min(self._most, self._first * 2.0 ** min(self._tries, DOUBLINGS_MAX))
        self._tries += 1
        return float(step * random.uniform(0.5, 1))

    def reset(self) -> None:
        """All is well again: begin with the shortest pause."""
        self._tries = 0

    async def pause(self) -> None:
        """Wait for the next pause."""
        await asyncio.sleep(self.next())
