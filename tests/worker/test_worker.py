"""A worker against a real server: every way a run can end."""

import asyncio
from typing import Any

import pytest

from app.worker import Canceled, Release, RunContext, Unauthorized, Worker
from tests.support.server import ServerProcess
from tests.worker.office import SESSIONS, Office, at_work, worker_of


async def test_a_returned_value_completes_the_run(server: ServerProcess, office: Office) -> None:
    worker = worker_of(server, office)

    @worker.handler
    async def handle(run: RunContext) -> dict[str, Any]:
        return {"title": run.task.title, "told": run.task.metadata, "attempt": run.attempt, "epoch": run.lease_epoch}

    async with at_work(worker):
        run_id = await office.start("Über α", metadata={"n": [1, 2.5, None]})
        await office.event(run_id, "TASK_RUN_COMPLETED")
    run = await office.run(run_id)
    assert (run["status"], run["error"]) == ("COMPLETED", None)
    assert run["result"] == {"title": "Über α", "told": {"n": [1, 2.5, None]}, "attempt": 1, "epoch": 1}
    assert run["agentSession"]["state"] == "ENDED"


async def test_work_that_waits_when_the_worker_starts_is_claimed(server: ServerProcess, office: Office) -> None:
    runs = [await office.start(f"early {n}") for n in range(5)]

    async def handle(run: RunContext) -> str:
        return run.task.title

    async with at_work(worker_of(server, office, handler=handle, concurrency=2)):
        for run_id in runs:
            await office.event(run_id, "TASK_RUN_COMPLETED")
    assert [(await office.run(run_id))["result"] for run_id in runs] == [f"early {n}" for n in range(5)]


async def test_an_error_fails_the_run_without_a_traceback(server: ServerProcess, office: Office) -> None:
    async def handle(run: RunContext) -> None:
        raise LookupError("no\x00 rows \ud800 for July")

    async with at_work(worker_of(server, office, handler=handle)):
        run_id = await office.start()
        facts = await office.event(run_id, "TASK_RUN_FAILED")
    assert (await office.run(run_id))["error"] == "LookupError: no rows ? for July"
    assert "metadata" not in facts


async def test_a_debugging_worker_sends_the_traceback(server: ServerProcess, office: Office) -> None:
    async def handle(run: RunContext) -> None:
        raise LookupError("no rows")

    async with at_work(worker_of(server, office, handler=handle, debug=True)):
        run_id = await office.start()
        facts = await office.event(run_id, "TASK_RUN_FAILED")
    assert "test_worker.py" in facts["metadata"]["traceback"]


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ({1, 2}, "TypeError: the result is no JSON: Type is not JSON serializable: set"),
        ("x" * 70_000, "ValueError: the result was refused: "),
        ({"deep": [{"Claim_Token": 1}]}, "ValueError: the result was refused: "),
        ("nul \x00", "ValueError: the result was refused: "),
        ("y" * 2_000_000, "ValueError: the result was refused: "),
    ],
    ids=["no-json", "too-large", "forbidden-key", "nul", "larger-than-a-request"],
)
async def test_a_result_that_cannot_be_stored_fails_the_run(
    server: ServerProcess, office: Office, result: object, error: str
) -> None:
    async def handle(run: RunContext) -> object:
        return result

    async with at_work(worker_of(server, office, handler=handle)):
        run_id = await office.start()
        await office.event(run_id, "TASK_RUN_FAILED")
    assert (await office.run(run_id))["error"].startswith(error)


async def test_release_gives_the_run_back_and_it_is_claimed_again_later(server: ServerProcess, office: Office) -> None:
    epochs: list[int] = []

    async def handle(run: RunContext) -> str:
        epochs.append(run.lease_epoch)
        if len(epochs) == 1:
            raise Release("the file is not there yet")
        return "done"

    async with at_work(worker_of(server, office, handler=handle)):
        run_id = await office.start()
        facts = await office.event(run_id, "TASK_RUN_RELEASED")
        await office.event(run_id, "TASK_RUN_COMPLETED")
    run = await office.run(run_id)
    assert (facts["reason"], run["attempt"], run["result"], epochs) == ("the file is not there yet", 1, "done", [1, 2])


async def test_progress_is_shown_while_the_run_is_held(server: ServerProcess, office: Office) -> None:
    seen = asyncio.Event()

    async def handle(run: RunContext) -> None:
        for part in range(500):
            await run.progress(part / 1_000, f"part {part}")
        await run.progress(0.5, "halfway")
        await seen.wait()

    async with at_work(worker_of(server, office, handler=handle)):
        run_id = await office.start()
        first = await office.event(run_id, "TASK_RUN_REPORTED")
        second = await office.event(run_id, "TASK_RUN_REPORTED", nth=2)
        seen.set()
        await office.event(run_id, "TASK_RUN_COMPLETED")
    # The first report goes out at once, the next is the latest by then: what came between is never sent.
    said = [(facts["progress"]["fraction"], facts["progress"]["message"]) for facts in (first, second)]
    assert said == [(0, "part 0"), (0.5, "halfway")]


async def test_a_cancel_stops_the_handler(server: ServerProcess, office: Office) -> None:
    started, stopped = asyncio.Event(), asyncio.Event()
    met: list[object] = []

    async def handle(run: RunContext) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            met.extend([run.cancelled, type(run.stopped)])
            try:
                await run.progress(0.5)
            except Canceled:
                met.append("raised")
            raise
        finally:
            stopped.set()

    async with at_work(worker_of(server, office, handler=handle, lease_seconds=1)):
        run_id = await office.start()
        await started.wait()
        await office.cancel(run_id)
        await stopped.wait()
    assert met == [True, Canceled, "raised"]
    assert (await office.run(run_id))["status"] == "CANCELED"


async def test_a_handler_that_swallows_the_cancel_completes_nothing(server: ServerProcess, office: Office) -> None:
    started = asyncio.Event()

    async def handle(run: RunContext) -> str:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "too late"
        return "never"

    async with at_work(worker_of(server, office, handler=handle, lease_seconds=1)):
        run_id = await office.start()
        await started.wait()
        await office.cancel(run_id)
    run = await office.run(run_id)
    assert (run["status"], run["result"]) == ("CANCELED", None)


async def test_heartbeats_keep_a_run_longer_than_its_lease(server: ServerProcess, office: Office) -> None:
    enough = asyncio.Event()

    async def handle(run: RunContext) -> int:
        await enough.wait()
        return run.attempt

    async with at_work(worker_of(server, office, handler=handle, lease_seconds=1)):
        run_id = await office.start()
        # A third of a second each: with the sixth the first lease is over for long.
        await office.event(run_id, "TASK_RUN_LEASE_EXTENDED", nth=6)
        enough.set()
        await office.event(run_id, "TASK_RUN_COMPLETED")
    run = await office.run(run_id)
    assert (run["status"], run["result"]) == ("COMPLETED", 1)


async def test_no_more_runs_are_held_than_the_worker_may(server: ServerProcess, office: Office) -> None:
    active, most = 0, 0
    full = asyncio.Event()

    async def handle(run: RunContext) -> None:
        nonlocal active, most
        active += 1
        most = max(most, active)
        if active == 3:
            full.set()
        await full.wait()
        active -= 1

    runs = [await office.start(f"n {n}") for n in range(9)]
    async with at_work(worker_of(server, office, handler=handle, concurrency=3)):
        for run_id in runs:
            await office.event(run_id, "TASK_RUN_COMPLETED")
    assert most == 3


async def test_a_stopped_worker_lets_runs_end_and_claims_no_more(server: ServerProcess, office: Office) -> None:
    started, go = asyncio.Event(), asyncio.Event()

    async def handle(run: RunContext) -> str:
        started.set()
        await go.wait()
        return "ended"

    worker = worker_of(server, office, handler=handle)
    running = asyncio.create_task(worker.run())
    first = await office.start("first")
    await started.wait()
    second = await office.start("second")
    worker.stop()
    go.set()
    async with asyncio.timeout(10):
        await running
    one, two = await office.run(first), await office.run(second)
    assert (one["status"], one["result"], two["status"]) == ("COMPLETED", "ended", "QUEUED")
    session = (await office.client.send(SESSIONS, {"id": one["agentSession"]["id"]}))["agentSession"]
    assert session == {"state": "ENDED", "activeRuns": 0}


async def test_what_does_not_end_in_time_is_given_back(server: ServerProcess, office: Office) -> None:
    started = asyncio.Event()

    async def handle(run: RunContext) -> None:
        started.set()
        await asyncio.Event().wait()

    worker = worker_of(server, office, handler=handle, drain_seconds=0)
    async with at_work(worker):
        run_id = await office.start()
        await started.wait()
    run = await office.run(run_id)
    assert (run["status"], run["attempt"]) == ("QUEUED", 1)
    assert (await office.event(run_id, "TASK_RUN_RELEASED"))["reason"] == "the worker is being stopped"


async def test_a_refused_key_ends_the_worker_with_a_clear_message(server: ServerProcess) -> None:
    async def handle(run: RunContext) -> None: ...

    with pytest.raises(Unauthorized, match="does not accept this key"):
        await Worker(server.url, "tlk_wrong", agent_name="test", handler=handle).run()


async def test_a_worker_without_a_handler_does_not_start(server: ServerProcess) -> None:
    with pytest.raises(ValueError, match="no handler"):
        await Worker(server.url, server.key, agent_name="test").run()
