"""A server for the demo, and the demo as a program."""

import sys
from collections.abc import AsyncIterator, Callable

import pytest

from app.demo.data import NoData, folder
from app.worker import GraphQLClient
from tests.support.database import TestDatabases
from tests.support.server import Program, ServerProcess

Starter = Callable[..., Program]


@pytest.fixture
async def server(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    """A server with an empty database; the test may kill it and start it again."""
    try:
        folder()
    except NoData:
        pytest.skip("the optional package vega-datasets is not installed")
    async with databases.clone() as dsn:
        started = ServerProcess(tmp_path_factory.mktemp("demo"), database_url=dsn)
        await started.start()
        yield started
        await started.close()


@pytest.fixture
async def client(server: ServerProcess) -> AsyncIterator[GraphQLClient]:
    """Somebody who looks."""
    async with GraphQLClient(server.url, server.key) as opened:
        yield opened


@pytest.fixture
async def demo(server: ServerProcess) -> AsyncIterator[Starter]:
    """Makes `taskloom demo` programs."""
    made: list[Program] = []

    def make(*options: str) -> Program:
        # The same command as `taskloom demo`, without the time it takes to load the server's.
        command = (sys.executable, "-c", "from app.cli.demo import command; command()", "--lease-seconds=2", *options)
        made.append(Program(*command, env={"TASKLOOM_URL": server.url, "TASKLOOM_KEY": server.key}))
        return made[-1]

    yield make
    for one in made:
        await one.close()
