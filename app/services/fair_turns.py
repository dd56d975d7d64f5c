"""Fair turns: tenants take turns at the connections for leases, however many requests one of them has waiting."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar
from uuid import UUID

Group = TypeVar("Group", bound=Hashable)
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class FairTurns:
    """So many places; when all are taken, the next goes to the tenant whose last turn is longest ago."""

    def __init__(self, places: int) -> None:
        self._free = places
        # Tenants in the order in which they get the next places; each with its own queue, first come, first served.
        self._waiting: OrderedDict[UUID, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, tenant_id: UUID) -> AsyncIterator[None]:
        """Hold a place; waits for one if all are taken."""
        if self._free and not self._waiting:
            self._free -= 1
        else:
            await self._wait(tenant_id)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, tenant_id: UUID) -> None:
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant_id, deque()).append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            tenant_id, queue = self._waiting.popitem(last=False)
            called = queue.popleft()
            if queue:
                self._waiting[tenant_id] = queue
            if not called.done():
                called.set_result(None)
                return
        self._free += 1


def in_turn(
    turns: FairTurns,
    tenant_of: Callable[[Group], UUID],
    carry_out: Callable[[Group, Sequence[Asked]], Awaitable[Sequence[Answer]]],
) -> Callable[[Group, Sequence[Asked]], Awaitable[Sequence[Answer]]]:
    """The same work, done while holding a place."""

    async def work(group: Group, asked: Sequence[Asked]) -> Sequence[Answer]:
        async with turns.turn(tenant_of(group)):
            return await carry_out(group, asked)

    return work
