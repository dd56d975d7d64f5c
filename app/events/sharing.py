"""Sharing: what several views would compute alike is computed once, for as long as one of them holds it."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any
from weakref import WeakValueDictionary


class Computation:
    """A value that is being computed, or was, under a mark."""

    __slots__ = ("__weakref__", "_given_up", "_task", "_waiting", "mark")

    def __init__(self, mark: object, work: Coroutine[Any, Any, Any]) -> None:
        self.mark = mark
        self._task = asyncio.create_task(work)
        # Whoever waits is told of a failure; where nobody does any more, nobody misses it.
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._waiting = 0
        self._given_up = False

    @property
    def is_good(self) -> bool:
        """Whether it gave a value or still may."""
        return not self._given_up and (not self._task.done() or self._task.exception() is None)

    async def value(self) -> Any:
        """The value; the last one who stops waiting stops the work."""
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if self._waiting == 0 and not self._task.done():
                self._given_up = True
                self._task.cancel()


class Sharing:
    """The computations that somebody holds, by what they are about."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[Hashable, Computation] = WeakValueDictionary()
        self.begun = 0

    def __len__(self) -> int:
        return len(self._known)

    def of(self, key: Hashable, mark: object, work: Callable[[], Coroutine[Any, Any, Any]]) -> Computation:
        """The computation of a value under this mark: one that is there, or a new one."""
        found = self._known.get(key)
        if found is None or found.mark != mark or not found.is_good:
            found = self._known[key] = Computation(mark, work())
            self.begun += 1
        return found
