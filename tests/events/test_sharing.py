"""What several would compute alike is computed once, and forgotten with the last who holds it."""

import asyncio
import gc

import pytest

from app.events.sharing import Sharing


class Work:
    """Counts how often it was done; goes on when it is let."""

    def __init__(self) -> None:
        self.done = 0
        self.stopped = 0
        self.go_on = asyncio.Event()
        self.fails = False

    async def __call__(self) -> int:
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        self.done += 1
        if self.fails:
            raise ValueError("broken")
        return self.done


async def test_under_one_mark_all_get_one_value() -> None:
    sharing, work = Sharing(), Work()
    held = [sharing.of("k", 1, work) for _ in range(5)]
    waiting = [asyncio.create_task(one.value()) for one in held]
    await asyncio.sleep(0)
    work.go_on.set()
    assert await asyncio.gather(*waiting) == [1] * 5
    assert await sharing.of("k", 1, work).value() == 1
    assert (sharing.begun, work.done) == (1, 1)


async def test_another_mark_and_another_key_are_computed_anew() -> None:
    sharing, work = Sharing(), Work()
    work.go_on.set()
    held = [sharing.of("k", 1, work), sharing.of("k", 2, work), sharing.of("j", 2, work)]
    assert [await one.value() for one in held] == [1, 2, 3]
    assert sharing.of("k", 2, work) is held[1]


async def test_what_nobody_holds_is_forgotten() -> None:
    sharing, work = Sharing(), Work()
    work.go_on.set()
    held = sharing.of("k", 1, work)
    assert (await held.value(), len(sharing)) == (1, 1)
    del held
    gc.collect()
    assert len(sharing) == 0


async def test_a_failure_is_told_to_all_and_kept_from_those_who_come_later() -> None:
    sharing, work = Sharing(), Work()
    work.fails = True
    held = sharing.of("k", 1, work)
    waiting = [asyncio.create_task(held.value()) for _ in range(2)]
    work.go_on.set()
    for one in waiting:
        with pytest.raises(ValueError, match="broken"):
            await one
    work.fails = False
    assert await sharing.of("k", 1, work).value() == 2


async def test_the_last_who_stops_waiting_stops_the_work() -> None:
    sharing, work = Sharing(), Work()
    held = sharing.of("k", 1, work)
    first, second = [asyncio.create_task(held.value()) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    assert held.is_good
    second.cancel()
    await asyncio.wait([second])
    assert not held.is_good
    again = sharing.of("k", 1, work)
    assert again is not held
    work.go_on.set()
    assert (await again.value(), work.stopped) == (1, 1)
