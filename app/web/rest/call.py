"""One call of a REST operation: who calls, what was sent, and what answers it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from app.domain.access.viewer import Viewer
from app.events.streams import Streams
from app.loaders.reader import Reader
from app.services.registry import Services
from app.storage.rows.identity import AgentSessionRow

Kind = TypeVar("Kind")


@dataclass(slots=True, kw_only=True)
class Call:
    """What a handler is given; body and query are those that its operation declares."""

    request: Request
    viewer: Viewer
    services: Services
    streams: Streams
    stopping: asyncio.Event
    path: Mapping[str, str]
    body: object = None
    # The members of the body that were there, be it as null.
    sent: frozenset[str] = frozenset()
    query: object = None
    agent: AgentSessionRow | None = None

    def given(self, kind: type[Kind]) -> Kind:
        """The body as the operation declares it; a body that was left out is one without members."""
        found = kind() if self.body is None else self.body
        assert isinstance(found, kind)
        return found

    def asked(self, kind: type[Kind]) -> Kind:
        """The query as the operation declares it."""
        assert isinstance(self.query, kind)
        return self.query

    @property
    def reader(self) -> Reader:
        """For reads as this viewer."""
        return Reader(self.services.db, self.viewer)

    @property
    def holder(self) -> AgentSessionRow:
        """The calling agent session; only for operations that require one."""
        assert self.agent is not None
        return self.agent
