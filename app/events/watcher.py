"""One who watches a view: gets the value, and the newest one whenever it is another, however slowly it reads."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, Self, TypeVar

from app.clock import monotonic

# Nobody is sent values faster than this.
INTERVAL_SECONDS: Final = 0.5

Value = TypeVar("Value")


class Watcher(Generic[Value]):
    """An asynchronous iterator that holds one value at most: what was not read in time is replaced."""

    def __init__(self, leave: "Callable[[Watcher[Value]], Awaitable[None]]") -> None:
        self._leave = leave
        self._offered = asyncio.Event()
        self._next: tuple[Value, object] | None = None
        self._given: tuple[object, float] | None = None
        self._failure: Exception | None = None
        self._closed = False

    def offer(self, value: Value, facts: object) -> None:
        """Take a value and what makes it differ from others."""
        self._next = (value, facts)
        self._offered.set()

    def fail(self, problem: Exception) -> None:
        """No more values will come."""
        self._failure = problem
        self._offered.set()

    def __aiter__(self) -> Self:
        """Itself."""
        return self

    async def __anext__(self) -> Value:
        """The next value whose facts differ from those of the one before."""
        while not self._closed:
            await self._offered.wait()
            if self._given is not None:
                await asyncio.sleep(self._given[1] + INTERVAL_SECONDS - monotonic())
            self._offered.clear()
            if self._failure is not None:
                raise self._failure
            if self._next is not None and (self._given is None or self._next[1] != self._given[0]):
                value, facts = self._next
                self._given = (facts, monotonic())
                return value
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Stop watching; may be called twice."""
        if not self._closed:
            self._closed = True
            self._offered.set()
            await self._leave(self)
