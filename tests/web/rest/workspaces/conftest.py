"""A client of a server of its own."""

from collections.abc import AsyncIterator

import pytest

from app.main import App
from tests.contract.workspaces_caller import WorkspacesCaller
from tests.support.listening import listening


@pytest.fixture
async def client(app: App) -> AsyncIterator[WorkspacesCaller]:
    """A client of the workspaces API."""
    async with listening(app) as server:
        found = WorkspacesCaller(server)
        yield found
        await found.http.aclose()
