"""A loader reads the keys of one turn together, each once, and tells everybody who waits when that fails."""

import asyncio

import pytest

from app.loaders.batch import BatchLoader
from tests.support.eventually import eventually


class Books:
    """What was read, in batches; a key is its own value, `bad` breaks."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate: asyncio.Event | None = None

    async def reached(self, count: int) -> None:
        """Wait until so many batches were begun."""

        async def begun() -> bool:
            return len(self.batches) >= count

        await eventually(begun)

    async def __call__(self, keys: list[str]) -> list[str]:
        """Answers in the order of the keys."""
        self.batches.append(list(keys))
        if self.gate is not None:
            await self.gate.wait()
        if "bad" in keys:
            raise ValueError("bad")
        return [key.upper() for key in keys if key != "lost"]


async def test_keys_that_are_asked_for_together_are_read_together_and_once() -> None:
    books = Books()
    loader = BatchLoader(books)
    one, two, three, none = await asyncio.gather(
        loader.load("a"), loader.load_many(["b", "a"]), loader.load("c"), loader.load_many([])
    )
    assert (one, two, three, none) == ("A", ["B", "A"], "C", [])
    assert books.batches == [["a", "b", "c"]]
    assert await loader.load_many(["c", "d", "a"]) == ["C", "D", "A"]
    assert books.batches[1:] == [["d"]]


async def test_a_key_that_is_being_read_is_waited_for() -> None:
    books = Books()
    books.gate = asyncio.Event()
    loader = BatchLoader(books)
    first = asyncio.ensure_future(loader.load("a"))
    await books.reached(1)
    second = asyncio.ensure_future(loader.load_many(["a", "b"]))
    await books.reached(2)
    books.gate.set()
    assert (await first, await second) == ("A", ["A", "B"])
    assert books.batches == [["a"], ["b"]]


@pytest.mark.parametrize(("key", "problem"), [("bad", ValueError), ("lost", RuntimeError)])
async def test_a_batch_that_fails_fails_for_all_and_is_not_remembered(key: str, problem: type[Exception]) -> None:
    books = Books()
    loader = BatchLoader(books)
    told = await asyncio.gather(loader.load(key), loader.load("a"), return_exceptions=True)
    assert [type(one) for one in told] == [problem, problem]
    assert await loader.load("a") == "A"


async def test_who_stops_waiting_leaves_the_batch_to_the_others() -> None:
    books = Books()
    books.gate = asyncio.Event()
    loader = BatchLoader(books)
    leaving, staying = [asyncio.ensure_future(loader.load(key)) for key in "ab"]
    await books.reached(1)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    books.gate.set()
    assert await staying == "B"
    assert await loader.load("a") == "A"
    assert books.batches == [["a", "b"]]
