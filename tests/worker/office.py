"""The other side of a worker: somebody who makes tasks, starts them and watches how their runs end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.worker import GraphQLClient, Worker
from app.worker.client import payload
from tests.support.server import ServerProcess

CREATE = """mutation Create($input: CreateTaskInput!) {
  createTask(input: $input) { task { id } userErrors { code message field } }
}"""
START = """mutation Start($input: StartTaskInput!) {
  startTask(input: $input) { run { id } userErrors { code message field } }
}"""
CANCEL = """mutation Cancel($input: CancelRunInput!) {
  cancelRun(input: $input) { run { id } userErrors { code message field } }
}"""
RUN = "query Run($id: ID!) { run(id: $id) { status attempt error result agentSession { id state } } }"
WATCH = """subscription Watch($runId: ID!) {
  runEvents(runId: $runId, after: 0) { type payload run { status } }
}"""
SESSIONS = "query Session($id: ID!) { agentSession(id: $id) { state activeRuns } }"


class Office:
    """Works on one server; its tasks require the capability `skill`: only workers of the same test take them."""

    def __init__(self, client: GraphQLClient, skill: str) -> None:
        self.client = client
        self.skill = skill

    async def start(self, title: str = "count", **more: Any) -> str:
        """Make a task and start it; returns the run's id."""
        asked = {"title": title, "scope": "GLOBAL", "requiredCapabilities": [self.skill], **more}
        task = payload(await self.client.send(CREATE, {"input": asked}))["task"]
        return await self.again(task["id"])

    async def again(self, task_id: str) -> str:
        """Start a task once more."""
        run_id: str = payload(await self.client.send(START, {"input": {"taskId": task_id}}))["run"]["id"]
        return run_id

    async def cancel(self, run_id: str) -> None:
        """Cancel a run."""
        payload(await self.client.send(CANCEL, {"input": {"runId": run_id, "reason": "not needed"}}))

    async def run(self, run_id: str) -> dict[str, Any]:
        """The run as it is now."""
        found: dict[str, Any] = (await self.client.send(RUN, {"id": run_id}))["run"]
        return found

    async def event(self, run_id: str, kind: str, *, nth: int = 1) -> dict[str, Any]:
        """The nth event of that type in the life of a run, past or still to come: its payload."""
        async with asyncio.timeout(15), self.client.subscribe(WATCH, {"runId": run_id}) as events:
            async for found in events:
                if found["runEvents"]["type"] == kind:
                    nth -= 1
                    if nth == 0:
                        facts: dict[str, Any] = found["runEvents"]["payload"]
                        return facts
        raise AssertionError(f"the stream ended without {kind}")


@asynccontextmanager
async def at_work(*workers: Worker) -> AsyncIterator[None]:
    """Workers that run for the length of a block and must then stop well."""
    running = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
        async with asyncio.timeout(10):
            await asyncio.gather(*running)


def worker_of(server: ServerProcess, office: Office, *, url: str | None = None, **options: Any) -> Worker:
    """A worker that takes the tasks of the office."""
    return Worker(url or server.url, server.key, agent_name="test", capabilities=[office.skill], **options)
