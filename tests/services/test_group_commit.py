"""Group commit without a database: who shares a statement with whom, and who is told what when one goes wrong."""

import asyncio
from collections.abc import Sequence

import pytest

from app.domain.errors import BadInput, ServiceUnavailable
from app.services.group_commit import GroupCommit


class Broken(ServiceUnavailable):
    """The connection broke on the way: nobody knows whether it happened."""


class Statements:
    """What a database would be asked: each statement waits until the test lets it go on."""

    def __init__(self, *, held: bool = True) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.may_go_on = asyncio.Semaphore(0 if held else 1_000)
        self.began = asyncio.Condition()

    async def __call__(self, group: str, asked: Sequence[str]) -> Sequence[str | BaseException]:
        """One statement; `poison` breaks it, `busy` and `broken` are nobody's fault, `refused` is an answer."""
        async with self.began:
            self.asked.append((group, list(asked)))
            self.began.notify_all()
        await self.may_go_on.acquire()
        if "poison" in asked:
            raise ValueError("the statement cannot be carried out")
        if "busy" in asked:
            raise ServiceUnavailable("All connections are busy.")
        if "broken" in asked:
            raise Broken("The connection broke.")
        if "short" in asked:
            return []
        return [BadInput("no") if one == "refused" else f"{group}:{one}" for one in asked]

    async def begun(self, count: int) -> None:
        """Wait until so many statements have begun."""
        async with asyncio.timeout(5), self.began:
            await self.began.wait_for(lambda: len(self.asked) >= count)

    def go_on(self, count: int = 1_000) -> None:
        """Let so many statements end."""
        for _ in range(count):
            self.may_go_on.release()

    @property
    def batches(self) -> list[list[str]]:
        """What each statement was asked for."""
        return [asked for _, asked in self.asked]


Commits = GroupCommit[str, str, str]


def commits(statements: Statements, *, batch_max: int = 200) -> Commits:
    """A group commit; requests with the same first letter after a dash stay apart, `x3` weighs three."""
    return GroupCommit(
        statements,
        apart=lambda asked: asked.partition("-")[2] or asked,
        weight=lambda asked: int(asked[1:]) if asked[1:].isdecimal() else 1,
        batch_max=batch_max,
    )


def submitted(group: Commits, *asked: str, to: str = "g") -> list["asyncio.Task[str]"]:
    """Callers that wait for their answers."""
    return [asyncio.create_task(group.submit(to, one), name=one) for one in asked]


async def settle() -> None:
    """Let everything that can go on go on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_lone_request_starts_at_once() -> None:
    statements = Statements()
    waiting = submitted(commits(statements), "a")
    await statements.begun(1)
    assert statements.batches == [["a"]]
    statements.go_on()
    assert await asyncio.gather(*waiting) == ["g:a"]


async def test_what_arrives_during_a_statement_shares_the_next_one() -> None:
    statements = Statements()
    group = commits(statements)
    waiting = submitted(group, "a")
    await statements.begun(1)
    waiting += submitted(group, "b", "c", "d")
    await settle()
    assert statements.batches == [["a"]]
    statements.go_on(1)
    await statements.begun(2)
    waiting += submitted(group, "e")
    statements.go_on()
    assert await asyncio.gather(*waiting) == ["g:a", "g:b", "g:c", "g:d", "g:e"]
    assert statements.batches == [["a"], ["b", "c", "d"], ["e"]]
    assert (group.batches, group.requests) == (3, 5)


async def test_groups_do_not_wait_for_each_other() -> None:
    statements = Statements()
    group = commits(statements)
    waiting = submitted(group, "a", to="one") + submitted(group, "a", to="two")
    await statements.begun(2)
    statements.go_on()
    assert await asyncio.gather(*waiting) == ["one:a", "two:a"]
    assert statements.asked == [("one", ["a"]), ("two", ["a"])]


async def test_requests_that_must_stay_apart_do_and_keep_their_order() -> None:
    statements = Statements()
    group = commits(statements)
    waiting = submitted(group, "first")
    await statements.begun(1)
    waiting += submitted(group, "a-1", "b-1", "c-2", "d-1", "e-2")
    await settle()
    statements.go_on()
    await asyncio.gather(*waiting)
    assert statements.batches == [["first"], ["a-1", "c-2"], ["b-1", "e-2"], ["d-1"]]


async def test_a_batch_is_full_when_its_weight_is() -> None:
    statements = Statements()
    group = commits(statements, batch_max=5)
    waiting = submitted(group, "first")
    await statements.begun(1)
    waiting += submitted(group, "a2", "b3", "c1", "d9", "e4", "f2")
    await settle()
    statements.go_on()
    await asyncio.gather(*waiting)
    # One that weighs more than a batch may still goes alone.
    assert statements.batches == [["first"], ["a2", "b3"], ["c1"], ["d9"], ["e4"], ["f2"]]


async def test_each_caller_gets_its_own_refusal() -> None:
    statements = Statements(held=False)
    group = commits(statements)
    waiting = submitted(group, "first", "a", "refused", "b")
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(one) for one in told] == ["g:first", "g:a", "no", "g:b"]
    assert isinstance(told[2], BadInput)


async def test_a_poisonous_request_hurts_only_itself() -> None:
    statements = Statements()
    group = commits(statements)
    waiting = submitted(group, "first")
    await statements.begun(1)
    waiting += submitted(group, "a", "poison", "b")
    await settle()
    statements.go_on()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(one) for one in told] == ["g:first", "g:a", "the statement cannot be carried out", "g:b"]
    assert statements.batches == [["first"], ["a", "poison", "b"], ["a"], ["poison"], ["b"]]
    assert await group.submit("g", "after") == "g:after"


@pytest.mark.parametrize(("word", "kind"), [("busy", ServiceUnavailable), ("broken", Broken)])
async def test_what_is_nobodys_fault_is_told_to_all_and_not_repeated(word: str, kind: type[ServiceUnavailable]) -> None:
    statements = Statements()
    group = commits(statements)
    waiting = submitted(group, "first")
    await statements.begun(1)
    waiting += submitted(group, "a", word, "b")
    await settle()
    statements.go_on()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert (told[0], {type(one) for one in told[1:]}) == ("g:first", {kind})
    assert statements.batches == [["first"], ["a", word, "b"]]
    assert await group.submit("g", "after") == "g:after"


async def test_a_statement_that_answers_too_little_is_told_to_all_and_not_repeated() -> None:
    statements = Statements(held=False)
    group = commits(statements)
    told = await asyncio.wait_for(asyncio.gather(*submitted(group, "short", "a"), return_exceptions=True), 5)
    assert [str(one) for one in told] == ["2 requests got 0 answers."] * 2
    assert statements.batches == [["short", "a"]]
    assert await group.submit("g", "after") == "g:after"


async def test_a_caller_that_stops_waiting_disturbs_nobody() -> None:
    statements = Statements()
    group = commits(statements)
    first = submitted(group, "first")
    await statements.begun(1)
    waiting = submitted(group, "a", "gone", "b")
    await settle()
    waiting[1].cancel()
    first[0].cancel()
    statements.go_on()
    told = await asyncio.gather(*first, *waiting, return_exceptions=True)
    assert [type(one) for one in told] == [asyncio.CancelledError, str, asyncio.CancelledError, str]
    # What was asked for happens all the same.
    assert statements.batches == [["first"], ["a", "gone", "b"]]


@pytest.mark.parametrize("word", ["refused", "poison", "busy"])
async def test_a_refusal_that_nobody_waits_for_is_no_loose_end(word: str) -> None:
    statements = Statements()
    group = commits(statements)
    waiting = submitted(group, word)
    await statements.begun(1)
    waiting[0].cancel()
    statements.go_on()
    await group.idle()
    assert waiting[0].cancelled()


async def test_idle_returns_when_nothing_is_under_way() -> None:
    statements = Statements()
    group = commits(statements)
    await asyncio.wait_for(group.idle(), 1)
    waiting = submitted(group, "a")
    await statements.begun(1)
    waiting += submitted(group, "b")
    idle = asyncio.create_task(group.idle())
    await settle()
    assert not idle.done()
    statements.go_on()
    await asyncio.wait_for(idle, 5)
    assert all(task.done() for task in waiting)
    assert statements.batches == [["a"], ["b"]]


async def test_many_callers_need_few_statements() -> None:
    statements = Statements(held=False)
    group = commits(statements, batch_max=100)
    answers = await asyncio.gather(*[group.submit("g", f"n-{n}") for n in range(1_000)])
    assert answers == [f"g:n-{n}" for n in range(1_000)]
    assert (group.batches, group.requests) == (10, 1_000)
