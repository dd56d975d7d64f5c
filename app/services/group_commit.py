"""Group commit: calls of many callers that arrive at the same moment are carried out by one statement."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Final, Generic, TypeVar

from app.domain.errors import ServiceUnavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Group = TypeVar("Group", bound=Hashable)

BATCH_MAX: Final = 200
CarryOut = Callable[[Group, Sequence[Asked]], Awaitable[Sequence[Answer | BaseException]]]


class GroupCommit(Generic[Group, Asked, Answer]):
    """Collects requests of a group while its statement is under way; the next one takes them all.

    A lone caller waits for nobody: its statement starts at once. Each caller gets its own answer or its own
    refusal; a request that breaks a whole statement is found by carrying the batch out one by one.
    """

    def __init__(
        self,
        carry_out: CarryOut[Group, Asked, Answer],
        *,
        apart: Callable[[Asked], Hashable],
        weight: Callable[[Asked], int] = lambda _: 1,
        batch_max: int = BATCH_MAX,
    ) -> None:
        """`apart`: requests with the same value never share a statement; `weight` counts towards `batch_max`."""
        self._carry_out = carry_out
        self._apart = apart
        self._weight = weight
        self._batch_max = batch_max
        self._waiting: dict[Group, deque[tuple[Asked, asyncio.Future[Answer]]]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self.batches = 0
        self.requests = 0

    async def submit(self, group: Group, asked: Asked) -> Answer:
        """The answer to one request; what the caller asked for happens even if the caller stops waiting."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        queue = self._waiting.get(group)
        if queue is None:
            self._waiting[group] = deque([(asked, answer)])
            worker = asyncio.create_task(self._drain(group))
            self._running.add(worker)
            worker.add_done_callback(self._running.discard)
        else:
            queue.append((asked, answer))
        return await answer

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def _drain(self, group: Group) -> None:
        queue = self._waiting[group]
        try:
            while queue:
                await self._flush(group, self._next_batch(queue))
        finally:
            del self._waiting[group]

    def _next_batch(
        self, queue: deque[tuple[Asked, asyncio.Future[Answer]]]
    ) -> list[tuple[Asked, asyncio.Future[Answer]]]:
        batch: list[tuple[Asked, asyncio.Future[Answer]]] = []
        later: list[tuple[Asked, asyncio.Future[Answer]]] = []
        seen: set[Hashable] = set()
        weight = 0
        while queue:
            asked, answer = queue.popleft()
            if batch and weight + self._weight(asked) > self._batch_max:
                later.append((asked, answer))
                break
            mark = self._apart(asked)
            if mark in seen:
                later.append((asked, answer))
                continue
            seen.add(mark)
            weight += self._weight(asked)
            batch.append((asked, answer))
        queue.extendleft(reversed(later))
        return batch

    async def _flush(self, group: Group, batch: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        self.batches += 1
        self.requests += len(batch)
        try:
            answers = await self._carry_out(group, [asked for asked, _ in batch])
        except Exception as problem:
            # A database that is away or busy is nobody's fault: asking it once for each would only take longer, and
            # what may have happened must not be asked for again.
            if len(batch) == 1 or isinstance(problem, ServiceUnavailable):
                _refuse_all(batch, problem)
                return
            for one in batch:
                await self._flush(group, [one])
            return
        if len(answers) != len(batch):
            _refuse_all(batch, RuntimeError(f"{len(batch)} requests got {len(answers)} answers."))
            return
        for (_, waiting), given in zip(batch, answers, strict=True):
            if isinstance(given, BaseException):
                _refuse(waiting, given)
            elif not waiting.done():
                waiting.set_result(given)


def _refuse_all(batch: Iterable[tuple[object, "asyncio.Future[Answer]"]], problem: BaseException) -> None:
    for _, answer in batch:
        _refuse(answer, problem)


def _refuse(answer: "asyncio.Future[Answer]", problem: BaseException) -> None:
    if not answer.done():
        answer.set_exception(problem)
