"""Run workers until a signal says stop."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, Protocol


class Stoppable(Protocol):
    """What can run until it is told to stop."""

    def run(self) -> Coroutine[Any, Any, None]:
        """Returns once it has stopped."""

    def stop(self) -> None:
        """Stop soon."""


async def serve(*workers: Stoppable) -> None:
    """All of them, until SIGTERM or SIGINT; a second signal cancels what still drains."""
    loop = asyncio.get_running_loop()
    running = asyncio.gather(*(worker.run() for worker in workers))
    asked = False

    def stop() -> None:
        nonlocal asked
        if asked:
            running.cancel()
        asked = True
        for worker in workers:
            worker.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await running
    except asyncio.CancelledError:
        if not asked:
            raise
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
