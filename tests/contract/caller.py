"""A client of the tasks API that holds every answer against the published shapes and remembers what it has seen."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from tests.contract.published import OPERATIONS, check
from tests.support.listening import Listening

UNKNOWN_RUN = "0197f3a0-0000-7000-8000-000000000000"
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


class Caller:
    """Calls operations by id."""

    def __init__(self, server: Listening) -> None:
        self.server = server
        self.seen: set[tuple[str, int]] = set()
        self.key: str | None = server.key
        self.http = httpx.AsyncClient(timeout=15)

    async def call(
        self,
        id: str,
        expected: int,
        *path: str,
        json: Any = None,
        content: bytes | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The body of the expected answer."""
        operation = OPERATIONS[id]
        response = await self.http.request(
            operation["method"],
            self.server.http + self.path(id, *path),
            json=json,
            content=content,
            params=query,
            headers={**({"x-api-key": self.key} if self.key else {}), **(headers or {})},
        )
        assert response.status_code == expected, f"{id}: {response.status_code} {response.text}"
        body = check(operation, response)
        self.seen.add((id, expected))
        return body

    @staticmethod
    def path(id: str, *given: str) -> str:
        """The path of an operation with its parameters filled in."""
        operation = OPERATIONS[id]
        values = dict(zip(operation["path_params"], (quote(text, safe="") for text in given), strict=True))
        path: str = operation["path"].format(**values)
        return path

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
