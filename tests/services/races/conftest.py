"""A second process, a meeting, and what a race left behind."""

from collections.abc import AsyncIterator

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.main import build_services
from app.services.registry import Services
from tests.services.races.aftermath import Aftermath
from tests.support.meeting import Meeting, meeting_on


@pytest.fixture
async def elsewhere(dsn: str) -> AsyncIterator[Services]:
    """The services of another process on the same database: nothing of it is coalesced with ours."""
    other = Database(dsn)
    await other.open()
    yield build_services(other)
    await other.close()


@pytest.fixture
async def meeting(dsn: str) -> AsyncIterator[Meeting]:
    """Where those who race meet."""
    async with meeting_on(dsn) as opened:
        yield opened


@pytest.fixture
def after(db: Database, viewer: Viewer) -> Aftermath:
    """What the race left behind."""
    return Aftermath(db, viewer)


@pytest.fixture(params=["ours first", "theirs first"])
def order(request: pytest.FixtureRequest, services: Services, elsewhere: Services) -> tuple[Services, Services]:
    """The two processes in the order in which they come."""
    return (services, elsewhere) if request.param == "ours first" else (elsewhere, services)
