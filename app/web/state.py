"""What the web layer shares: the executors, the services, and whether the server is stopping."""

import asyncio
from dataclasses import dataclass, field

from app.domain.access.viewer import Viewer
from app.events.streams import Streams
from app.graph.context import GraphContext
from app.graph.engine.executor import Executor
from app.graph.engine.live import LiveOperations
from app.services.registry import Services
from app.web.graphql.persisted import PersistedDocuments


@dataclass(slots=True, kw_only=True)
class WebState:
    """Built in `main`, handed to every endpoint."""

    services: Services
    streams: Streams
    executor: Executor
    live: LiveOperations
    graphiql: bool
    # Origins, other than the server's own, whose pages may use the cookie and read answers.
    origins: frozenset[str] = frozenset()
    persisted: PersistedDocuments = field(default_factory=PersistedDocuments)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def context(self, viewer: Viewer, request_id: str) -> GraphContext:
        """A fresh context for one operation."""
        return GraphContext(viewer, self.services, self.streams, request_id)
