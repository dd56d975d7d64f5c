"""A server that the tests of a module share: they only ask, or work on what they made themselves."""

import logging
from collections.abc import AsyncIterator

import pytest
import structlog

from app.main import App, Storage
from app.settings import Settings
from tests.support.database import TestDatabases
from tests.support.listening import Listening, listening


@pytest.fixture(scope="module")
async def site(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Listening]:
    """The application on a port, with a key, for a whole module."""
    async with databases.clone() as dsn:
        settings = Settings.read({"DATABASE_URL": dsn, "DATA_DIR": str(tmp_path_factory.mktemp("site"))})
        app = App(settings, await Storage.open(settings))
        await app.start()
        async with listening(app) as found:
            yield found
        await app.stop()


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    """Warnings only, without the values of variables: what a client sent may be large and deep."""
    structlog.configure(
        processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
