"""Tenants take turns, however many requests one of them has waiting."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from app.services.fair_turns import FairTurns, in_turn

BUSY, QUIET = UUID(int=1), UUID(int=2)


class Work:
    """Requests that end when they are told to, in the order in which they began."""

    def __init__(self, places: int) -> None:
        self.began: list[tuple[UUID, int]] = []
        self._ends: dict[tuple[UUID, int], asyncio.Event] = {}
        self.run = in_turn(FairTurns(places), lambda group: group[0], self._carry_out)
        self.tasks: list[asyncio.Future[Sequence[int]]] = []

    async def _carry_out(self, group: tuple[UUID, int], asked: Sequence[int]) -> Sequence[int]:
        self.began.append(group)
        self._ends[group] = asyncio.Event()
        await self._ends[group].wait()
        return asked

    async def ask(self, tenant_id: UUID, number: int) -> None:
        """One more request; returns when it has got its place or stands in its queue."""
        self.tasks.append(asyncio.ensure_future(self.run((tenant_id, number), [number])))
        await settled()

    async def end_oldest(self) -> None:
        """Let the request end that began first of those that go on."""
        group = next(group for group, ended in self._ends.items() if not ended.is_set())
        self._ends[group].set()
        await settled()


async def settled() -> None:
    """Let every task go on until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_quiet_tenant_waits_for_one_turn_of_a_busy_one() -> None:
    work = Work(places=1)
    for number in range(10):
        await work.ask(BUSY, number)
    await work.ask(QUIET, 0)
    for _ in range(11):
        await work.end_oldest()
    assert work.began.index((QUIET, 0)) <= 2
    assert [number for tenant_id, number in work.began if tenant_id == BUSY] == list(range(10))
    assert [await task for task in work.tasks] == [[n] for n in (*range(10), 0)]


async def test_all_places_are_used_and_no_more() -> None:
    work = Work(places=3)
    for number in range(5):
        await work.ask(BUSY, number)
    assert len(work.began) == 3
    for _ in range(5):
        await work.end_oldest()
    await asyncio.gather(*work.tasks)
    for number in range(5, 8):
        await work.ask(QUIET, number)
    assert len(work.began) == 8
    for _ in range(3):
        await work.end_oldest()
    await asyncio.gather(*work.tasks)


@pytest.mark.parametrize("called", [False, True])
async def test_who_stops_waiting_leaves_its_turn_to_the_next(called: bool) -> None:
    work = Work(places=1)
    for number in range(3):
        await work.ask(BUSY, number)
    if called:
        # It is called in the same moment in which it goes away.
        next(iter(work._ends.values())).set()  # the test's own
        await asyncio.sleep(0)
    work.tasks[1].cancel()
    await settled()
    if not called:
        await work.end_oldest()
    while not all(task.done() for task in work.tasks):
        await work.end_oldest()
    assert (BUSY, 2) in work.began
    assert not work.tasks[2].cancelled()


async def test_a_failure_gives_its_place_back() -> None:
    turns = FairTurns(1)
    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            async with turns.turn(BUSY):
                raise ValueError("x")
