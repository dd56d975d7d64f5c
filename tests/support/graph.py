"""Runs documents against the schema in this process, as one viewer."""

from typing import Any

import orjson

from app.domain.access.viewer import Viewer
from app.events.streams import Streams
from app.graph.context import GraphContext
from app.graph.engine.encoding import encoded
from app.graph.engine.executor import Executor, Request
from app.services.registry import Services

Answer = dict[str, Any]


class Graph:
    """`await graph(document, variables)` answers the whole response."""

    def __init__(self, executor: Executor, services: Services, streams: Streams, viewer: Viewer) -> None:
        self.executor = executor
        self.services = services
        self.streams = streams
        self.viewer = viewer

    async def __call__(self, document: str, variables: dict[str, Any] | None = None) -> Answer:
        """`{"data": ..., "errors": ...}`."""
        answer = await self.executor.run(Request(query=document, variables=variables), self.context())
        found: Answer = orjson.loads(encoded(answer.body))
        return found

    async def data(self, document: str, variables: dict[str, Any] | None = None) -> Answer:
        """The data of a response without errors."""
        answer = await self(document, variables)
        assert "errors" not in answer, answer["errors"]
        found: Answer = answer["data"]
        return found

    def context(self) -> GraphContext:
        """A fresh context."""
        return GraphContext(self.viewer, self.services, self.streams, "test-request")

    def as_(self, viewer: Viewer) -> "Graph":
        """The same graph as somebody else."""
        return Graph(self.executor, self.services, self.streams, viewer)
