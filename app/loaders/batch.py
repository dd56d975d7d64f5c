"""A loader: collects the keys that are asked for in one turn of the event loop and reads them by one batch."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class BatchLoader(Generic[Key, Value]):
    """Remembers what it read, each key once; whole lists of keys cost one future, not one a key."""

    __slots__ = ("_expected", "_known", "_load", "_next")

    def __init__(self, load: Callable[[list[Key]], Awaitable[Sequence[Value]]]) -> None:
        """`load` answers in the order of its keys."""
        self._load = load
        self._known: dict[Key, Value] = {}
        # Which batch will bring a key, and the one that still takes more.
        self._expected: dict[Key, _Batch[Key]] = {}
        self._next: _Batch[Key] | None = None

    async def load(self, key: Key) -> Value:
        """The value of one key."""
        if key not in self._known:
            await self._read((key,))
        return self._known[key]

    async def load_many(self, keys: Sequence[Key]) -> list[Value]:
        """The values of keys, in their order."""
        known = self._known
        missing = [key for key in keys if key not in known]
        if missing:
            await self._read(missing)
        return [known[key] for key in keys]

    async def _read(self, missing: Iterable[Key]) -> None:
        expected = self._expected
        batches: dict[_Batch[Key], None] = {}
        for key in missing:
            batch = expected.get(key)
            if batch is None:
                batch = expected[key] = self._collecting()
                batch.keys.append(key)
            batches[batch] = None
        for batch in batches:
            # Whoever stops waiting leaves the batch to the others.
            await asyncio.shield(batch.done)

    def _collecting(self) -> "_Batch[Key]":
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = _Batch(loop.create_future())
            loop.call_soon(self._dispatch, self._next)
        return self._next

    def _dispatch(self, batch: "_Batch[Key]") -> None:
        batch.task = asyncio.create_task(self._carry_out(batch))

    async def _carry_out(self, batch: "_Batch[Key]") -> None:
        # Whoever was woken together with the first, and had one thing more to wait for, has joined by now.
        self._next = None
        try:
            values = await self._load(batch.keys)
            if len(values) != len(batch.keys):
                raise RuntimeError(f"{len(batch.keys)} keys got {len(values)} values.")
        except BaseException as problem:
            self._forget(batch)
            if batch.done.done():
                raise
            batch.done.set_exception(problem)
            # Whether anybody waits still or not, it was told.
            batch.done.exception()
            if not isinstance(problem, Exception):
                raise
            return
        self._known.update(zip(batch.keys, values, strict=True))
        self._forget(batch)
        if not batch.done.done():
            batch.done.set_result(None)

    def _forget(self, batch: "_Batch[Key]") -> None:
        for key in batch.keys:
            self._expected.pop(key, None)


class _Batch(Generic[Key]):
    """Keys that are read together."""

    __slots__ = ("done", "keys", "task")

    def __init__(self, done: "asyncio.Future[None]") -> None:
        self.keys: list[Key] = []
        self.done = done
        # Held, so that it is not collected while it works.
        self.task: asyncio.Task[None] | None = None
