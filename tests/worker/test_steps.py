"""Steps that a handler tells: how each ends, and that telling them never stops the work."""

import asyncio
from typing import Any

import pytest

from app.worker import RunContext
from tests.support.server import ServerProcess
from tests.worker.office import Office, at_work, worker_of

STEPS = """query Steps($id: ID!) {
  run(id: $id) { steps { stepKey sequence sourceType status toolName toolCallId input output error durationMs } }
}"""

WATCH = """subscription Watch($runId: ID!) {
  runEvents(runId: $runId) { type payload run { steps { stepKey status } } }
}"""


async def steps_of(office: Office, run_id: str) -> list[dict[str, Any]]:
    """The steps of a run."""
    found: list[dict[str, Any]] = (await office.client.send(STEPS, {"id": run_id}))["run"]["steps"]
    return found


async def test_a_step_ends_as_its_block_does(server: ServerProcess, office: Office) -> None:
    async def handle(run: RunContext) -> None:
        async with run.step("read", tool="csv", call_id="c1", input={"path": "a.csv"}) as step:
            step.output = {"rows": 3}
        async with run.step("think", source="agent"):
            pass
        async with run.step("write") as step:
            step.output = "half"
            raise LookupError("no\x00 disk")

    async with at_work(worker_of(server, office, handler=handle)):
        run_id = await office.start()
        await office.event(run_id, "TASK_RUN_FAILED")
    found = await steps_of(office, run_id)
    assert all(int(step.pop("durationMs")) < 60_000 for step in found)
    plain = {"toolName": None, "toolCallId": None, "input": None, "output": None, "error": None}
    assert found == [
        {
            **plain,
            "stepKey": "read",
            "sequence": 1,
            "sourceType": "TOOL",
            "status": "COMPLETED",
            "toolName": "csv",
            "toolCallId": "c1",
            "input": {"path": "a.csv"},
            "output": {"rows": 3},
        },
        {**plain, "stepKey": "think", "sequence": 2, "sourceType": "AGENT", "status": "COMPLETED"},
        {
            **plain,
            "stepKey": "write",
            "sequence": 3,
            "sourceType": "SYSTEM",
            "status": "FAILED",
            "output": "half",
            "error": "LookupError: no disk",
        },
    ]


async def test_what_cannot_be_told_does_not_stop_the_work(server: ServerProcess, office: Office) -> None:
    async def handle(run: RunContext) -> str:
        async with run.step("no json", input=object()) as step:
            step.output = "\x00"
        async with run.step("x" * 1_000):
            pass
        async with run.step("fine"):
            pass
        with pytest.raises(ValueError, match="source is 'magic'"):
            async with run.step("odd", source="magic"):
                pass
        return "done"

    async with at_work(worker_of(server, office, handler=handle)):
        run_id = await office.start()
        await office.event(run_id, "TASK_RUN_COMPLETED")
    assert [(step["stepKey"], step["status"]) for step in await steps_of(office, run_id)] == [("fine", "COMPLETED")]


async def test_of_a_canceled_run_nothing_more_is_said(server: ServerProcess, office: Office) -> None:
    ended = asyncio.Event()

    async def handle(run: RunContext) -> None:
        try:
            async with run.step("wait"):
                await asyncio.Event().wait()
        finally:
            ended.set()

    async with at_work(worker_of(server, office, handler=handle, lease_seconds=1)):
        run_id = await office.start()
        await office.event(run_id, "TASK_RUN_REPORTED")
        await office.cancel(run_id)
        async with asyncio.timeout(10):
            await ended.wait()
    assert [(step["stepKey"], step["status"]) for step in await steps_of(office, run_id)] == [("wait", "RUNNING")]


async def test_steps_are_seen_while_they_happen(server: ServerProcess, office: Office) -> None:
    seen = asyncio.Event()

    async def handle(run: RunContext) -> None:
        async with run.step("first"):
            await seen.wait()

    told = []
    run_id = await office.start()
    watched = office.client.subscribe(WATCH, {"runId": run_id})
    async with asyncio.timeout(20), watched as events, at_work(worker_of(server, office, handler=handle)):
        async for found in events:
            event = found["runEvents"]
            if event["type"] == "TASK_RUN_REPORTED":
                told.append((event["payload"]["steps"], event["run"]["steps"]))
                seen.set()
            if event["type"] == "TASK_RUN_COMPLETED":
                break
    running = ([{"step_key": "first", "status": "running"}], [{"stepKey": "first", "status": "RUNNING"}])
    done = ([{"step_key": "first", "status": "completed"}], [{"stepKey": "first", "status": "COMPLETED"}])
    assert told == [running, done]
