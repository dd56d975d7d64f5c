"""Fixtures: a database of one's own, services on it, a graph, a whole application."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import settings

from app.db.engine import Database
from app.domain.access.viewer import UserRole, Viewer
from app.events.hub import Hub
from app.events.streams import Streams
from app.graph.engine.executor import Executor
from app.main import App, Storage, build_services
from app.resolvers.root import build_schema
from app.services.registry import Services
from app.settings import Settings
from tests.support.database import TestDatabases
from tests.support.graph import Graph
from tests.support.people import make_viewer

# Chosen with --hypothesis-profile=thorough: tests that know it draw more, and shrink what they find.
settings.register_profile("thorough")


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabases]:
    """The private server of this run, shared by all of its processes."""
    base = tmp_path_factory.getbasetemp()
    found = TestDatabases(base.parent if base.name.startswith("popen-") else base)
    found.start()
    yield found
    found.stop()


@pytest.fixture
async def dsn(databases: TestDatabases) -> AsyncIterator[str]:
    """A fresh, migrated database."""
    async with databases.clone() as clone:
        yield clone


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    """Open pools on it."""
    opened = Database(dsn)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def viewer(db: Database) -> Viewer:
    """An administrator of tenant acme."""
    return await make_viewer(db)


@pytest.fixture
async def colleague(db: Database, viewer: Viewer) -> Viewer:
    """An ordinary user of the same tenant."""
    return await make_viewer(db, email="colleague@example.com", role=UserRole.MEMBER)


@pytest.fixture
async def outsider(db: Database) -> Viewer:
    """An administrator of another tenant."""
    return await make_viewer(db, tenant="other", email="outsider@example.com")


@pytest.fixture
async def services(db: Database) -> AsyncIterator[Services]:
    """Every use case."""
    built = build_services(db)
    yield built
    await built.idle()


@pytest.fixture(scope="session")
def executor() -> Executor:
    """The schema that runs."""
    return Executor(build_schema(), suggestions=True, planned=Settings.read().planned)


@pytest.fixture
def graph(executor: Executor, services: Services, db: Database, viewer: Viewer) -> Graph:
    """The graph as the administrator sees it."""
    return Graph(executor, services, Streams(db, Hub()), viewer)


@pytest.fixture
async def app(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    """A whole application in this process, started, without sockets."""
    engine = os.environ.get("TASKLOOM_ENGINE", "")
    data_dir = str(tmp_path_factory.mktemp("data"))
    settings = Settings.read({"DATABASE_URL": dsn, "DATA_DIR": data_dir, "TASKLOOM_ENGINE": engine})
    started = App(settings, await Storage.open(settings))
    await started.start()
    yield started
    await started.stop()
