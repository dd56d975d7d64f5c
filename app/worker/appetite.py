"""When a worker asks for runs: there may be some, it has room, and it was not told to wait."""

import asyncio
from typing import Final

# Nothing should be missed by the subscription; should it be all the same, it is found this late.
SAFETY_SECONDS: Final = 30.0


class Appetite:
    """Wakes the claim loop."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._maybe = True
        self._not_before = 0.0
        self._changed = asyncio.Event()
        self._stopping = False

    def hint(self) -> None:
        """There may be something to claim."""
        self._maybe = True
        self._changed.set()

    def take(self, count: int) -> None:
        """So many runs were claimed."""
        self._room -= count

    def give_back(self) -> None:
        """A run has ended; there is room for one more."""
        self._room += 1
        self._changed.set()

    def stop(self) -> None:
        """Ask for nothing more."""
        self._stopping = True
        self._changed.set()

    def postpone(self, seconds: float) -> None:
        """Ask again, but not before so long."""
        self._maybe = True
        self._not_before = asyncio.get_running_loop().time() + seconds

    async def next(self) -> int:
        """How many runs to ask for, once there is reason to; 0 means never again."""
        clock = asyncio.get_running_loop()
        while not self._stopping:
            self._changed.clear()
            hungry = self._maybe and self._room > 0
            wait = self._not_before - clock.time() if hungry else SAFETY_SECONDS
            if hungry and wait <= 0:
                self._maybe = False
                return self._room
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                self._maybe = True
        return 0
