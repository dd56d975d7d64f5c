"""A client of the tasks API that holds every answer against the published shapes."""

from collections.abc import Mapping
from typing import Any

from tests.contract.calling import UNKNOWN, Calling
from tests.contract.published import OPERATIONS, check
from tests.support.listening import Listening

UNKNOWN_RUN = UNKNOWN
# What each operation needs at least as a body.
BODIES: Mapping[str, Any] = {
    "createTask": {"title": "t", "scope": "global"},
    "createChildTask": {"title": "t", "scope": "global"},
    "updateTask": {"title": "new"},
    "addTaskDependency": {"depends_on_task_id": "another"},
    "attachTaskRunSession": {"session_id": UNKNOWN_RUN},
    "failTaskRun": {"error": "no"},
    "failAgentTaskRun": {"error": "no"},
}


class Caller(Calling):
    """Calls operations of the tasks API."""

    def __init__(self, server: Listening) -> None:
        super().__init__(server, OPERATIONS, check)

    async def task(self, **members: Any) -> str:
        """The id of a new task."""
        made = await self.call("createTask", 201, json={"title": "a task", "scope": "global", **members})
        id: str = made["task"]["id"]
        return id

    async def queued(self, **members: Any) -> tuple[str, str]:
        """The ids of a new task and its queued run."""
        task = await self.task(**members)
        return task, (await self.call("enqueueTaskRun", 201, task))["run"]["id"]

    async def running(self) -> tuple[str, str]:
        """The ids of a new task and its running run."""
        task, run = await self.queued()
        await self.call("claimTaskRun", 200, run)
        await self.call("startTaskRun", 200, run)
        return task, run

    async def session(self, name: str = "bot", **members: Any) -> dict[str, str]:
        """The headers of a new agent session."""
        document = (
            "mutation($i: RegisterAgentSessionInput!) { registerAgentSession(input: $i) { agentSession { id } } }"
        )
        made = await self.server.graphql(document, i={"agentName": name, **members})
        id = made["data"]["registerAgentSession"]["agentSession"]["id"]
        return {"X-AGH-Session-ID": id, "X-AGH-Agent": name}

    async def workspace(self, title: str) -> str:
        """The id of a new workspace."""
        document = "mutation($t: String!) { createWorkspace(input: {title: $t}) { workspace { id } } }"
        made = await self.server.graphql(document, t=title)
        id: str = made["data"]["createWorkspace"]["workspace"]["id"]
        return id
