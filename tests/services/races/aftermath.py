"""What is read after a race: new events, rows, and counters against what they count."""

from uuid import UUID

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.storage.rows.task import RunRow, TaskRow
from tests.services.test_dependents import counters_are_right
from tests.services.test_leases import ACTIVE_RUNS, run_now, task_now
from tests.support.log import event_types


class Aftermath:
    """Knows how long the log was before."""

    def __init__(self, db: Database, viewer: Viewer) -> None:
        self._db = db
        self._viewer = viewer
        self._known = 0

    async def begins(self) -> None:
        """What is in the log now is no matter of the race."""
        self._known = len(await event_types(self._db, self._viewer.tenant_id))

    async def events(self) -> list[str]:
        """The types of what was appended, once every counter is found right."""
        await counters_are_right(self._db)
        for row in await self._db.fetch(ACTIVE_RUNS):
            assert row["active_runs"] == row["held"]
        return (await event_types(self._db, self._viewer.tenant_id))[self._known :]

    async def run(self, id: UUID) -> RunRow:
        """The run as it stands."""
        return await run_now(self._db, self._viewer, id)

    async def task(self, id: str) -> TaskRow:
        """The task as it stands."""
        return await task_now(self._db, self._viewer, id)
