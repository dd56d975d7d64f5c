"""Opens streams for viewers."""

from uuid import UUID

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.events.hub import Hub
from app.events.stream import Stream
from app.events.views import Views
from app.storage.events import Range


class Streams:
    """The factory of subscribers of one process."""

    def __init__(self, db: Database, hub: Hub) -> None:
        self._db = db
        self._hub = hub
        self.views = Views(self.open)

    async def open(self, viewer: Viewer, wanted: Range, after: int | None, place: UUID | None = None) -> Stream:
        """A stream that listens already; whoever opened it closes it. It ends with the right to read `place`."""
        stream = Stream(self._db, self._hub, viewer, wanted, place=place)
        await stream.open(after)
        return stream
