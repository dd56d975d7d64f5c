"""A real server in its own process, and somebody who gives it work."""

from collections.abc import AsyncIterator

import pytest

from app.worker import GraphQLClient
from tests.support.database import TestDatabases
from tests.support.server import ServerProcess, running_server
from tests.worker.office import Office


@pytest.fixture(scope="session")
async def server(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    """One server for all tests that leave it running."""
    async with databases.clone() as dsn, running_server(tmp_path_factory.mktemp("server"), database_url=dsn) as started:
        yield started


@pytest.fixture
async def own_server(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    """A server on the test's own database that it may stop, kill and start again."""
    started = ServerProcess(tmp_path_factory.mktemp("own"), database_url=dsn)
    await started.start()
    yield started
    await started.close()


@pytest.fixture
async def office(server: ServerProcess, request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    """Work for the workers of this test."""
    async with GraphQLClient(server.url, server.key) as client:
        yield Office(client, request.node.name)


@pytest.fixture
async def own_office(own_server: ServerProcess, request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    """Work on the test's own server."""
    async with GraphQLClient(own_server.url, own_server.key) as client:
        yield Office(client, request.node.name)
