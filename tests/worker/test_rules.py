"""Rules of the kit that need no server."""

import asyncio
from typing import Any

import click
import pytest

from app.cli.worker import load
from app.worker import Canceled, LeaseLost, Worker
from app.worker.appetite import Appetite
from app.worker.backoff import Backoff
from app.worker.finish import clean
from app.worker.hold import Claim, Hold, Task
from app.worker.tables import BYTES_PER_CALL_MAX, ROWS_PER_CALL_MAX, batches
from tests.worker import handlers

CLAIM = Claim(
    run_id="run",
    session_id="session",
    lease_epoch="1",
    attempt=1,
    metadata=None,
    task=Task(
        id="task", identifier=None, title="t", description=None, metadata=None, max_attempts=3, workspace_id=None
    ),
)


def test_pauses_grow_to_their_limit_and_begin_anew() -> None:
    backoff = Backoff(first=1, most=4)
    pauses = [backoff.next() for _ in range(2_000)]
    assert 0.5 <= pauses[0] <= 1 <= 1.0 <= pauses[1] <= 2 <= pauses[2] <= 4
    assert all(2 <= pause <= 4 for pause in pauses[2:])
    backoff.reset()
    assert 0.5 <= backoff.next() <= 1


async def test_a_lease_is_counted_from_when_the_call_was_sent() -> None:
    now = asyncio.get_running_loop().time()
    hold = Hold(CLAIM, sent_at=now - 9, lease_seconds=10)
    assert (hold.valid, hold.remaining <= 1) == (True, True)
    hold.extend(now - 20)  # a late answer to an early heartbeat takes nothing away
    assert 0 < hold.remaining <= 1
    hold.extend(now)
    assert 9 < hold.remaining <= 10
    hold.close()


async def test_a_run_stops_once_for_its_first_reason() -> None:
    hold = Hold(CLAIM, sent_at=asyncio.get_running_loop().time(), lease_seconds=10)
    handler: asyncio.Task[Any] = asyncio.create_task(asyncio.Event().wait())
    hold.stop(Canceled("first"))
    hold.stop(LeaseLost("second"))
    hold.carried_out_by(handler)
    with pytest.raises(asyncio.CancelledError, match="first"):
        await handler
    with pytest.raises(Canceled, match="first"):
        hold.require()
    hold.close()


async def test_a_run_whose_handler_has_ended_is_not_stopped() -> None:
    hold = Hold(CLAIM, sent_at=asyncio.get_running_loop().time(), lease_seconds=10)
    ended = asyncio.Event()
    ended.set()
    handler: asyncio.Task[Any] = asyncio.create_task(ended.wait())
    hold.carried_out_by(handler)
    await handler
    hold.stop(LeaseLost("too late"))
    assert (hold.stopped, hold.valid) == (None, True)
    hold.close()


async def test_a_worker_asks_only_when_it_has_room_and_reason() -> None:
    appetite = Appetite(2)
    assert await appetite.next() == 2
    appetite.take(2)
    appetite.hint()
    asking = asyncio.create_task(appetite.next())
    assert await asyncio.wait({asking}, timeout=0) == (set(), {asking})
    appetite.give_back()
    assert await asking == 1
    appetite.take(1)
    appetite.give_back()
    asking = asyncio.create_task(appetite.next())
    assert await asyncio.wait({asking}, timeout=0) == (set(), {asking})  # room, but no reason
    appetite.stop()
    assert await asking == 0


async def test_a_worker_told_to_wait_waits() -> None:
    clock = asyncio.get_running_loop()
    appetite = Appetite(1)
    before = clock.time()
    appetite.postpone(0.05)
    assert await appetite.next() == 1
    assert clock.time() - before >= 0.05


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\x00b", "ab"),
        ("\ud800", "?"),
        ("  \x00 ", "no reason given"),
        ("x" * 30, "x" * 19 + "…"),
    ],
)
def test_text_is_made_fit_to_be_stored(text: str, expected: str) -> None:
    assert clean(text, 20) == expected


def test_rows_travel_in_pieces_that_a_request_can_carry() -> None:
    many = [{"n": n} for n in range(ROWS_PER_CALL_MAX * 2 + 1)]
    assert [len(batch) for batch in batches(many)] == [ROWS_PER_CALL_MAX, ROWS_PER_CALL_MAX, 1]
    wide = [{"text": "x" * (BYTES_PER_CALL_MAX // 2)} for _ in range(3)]
    assert [len(batch) for batch in batches(wide)] == [1, 1, 1]
    assert list(batches([])) == []


@pytest.mark.parametrize(
    "options",
    [
        {"concurrency": 0},
        {"concurrency": 1_001},
        {"lease_seconds": 0},
        {"lease_seconds": 86_401},
        {"drain_seconds": -1},
        {"agent_name": " "},
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        Worker("http://localhost", "tlk_x", **{"agent_name": "test", **options})


def test_a_handler_is_found_by_its_name() -> None:
    assert load("tests.worker.handlers:at_once") is handlers.at_once


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("tests.worker.handlers", "is not MODULE:FUNCTION"),
        (":at_once", "is not MODULE:FUNCTION"),
        ("tests.worker.missing:at_once", "cannot be imported"),
        ("tests.worker.handlers:missing", "has no 'missing'"),
        ("tests.worker.handlers:not_asynchronous", "is no asynchronous function"),
    ],
)
def test_what_is_no_handler_is_refused(target: str, message: str) -> None:
    with pytest.raises(click.BadParameter, match=message):
        load(target)
