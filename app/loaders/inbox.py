"""A viewer's inbox, to read once or to watch."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Final
from uuid import UUID

from app.domain.access.viewer import Viewer
from app.domain.tasks.activity import MOVES
from app.domain.tasks.inbox import Inbox
from app.loaders.facts import without_lease
from app.loaders.reader import Reader
from app.storage import events, inbox, triage
from app.storage.events import Range
from app.storage.inbox import View
from app.storage.rows.inbox import InboxItemRow

WATCHED_MAX: Final = 20


async def task_inbox(reader: Reader, wanted: View) -> Inbox[InboxItemRow]:
    """What concerns the viewer among the tasks they may see."""
    viewer = reader.viewer
    return await inbox.read(reader.db, viewer.tenant_id, viewer.user_id, viewer.actor, wanted)


class WatchedInbox:
    """An inbox to watch."""

    listens = (Range(types=MOVES),)
    shared_key = None
    most = WATCHED_MAX

    def __init__(self, reader: Reader, wanted: View, place: UUID | None = None) -> None:
        self._reader = reader
        self._wanted = wanted
        self.place = place

    @property
    def viewer(self) -> Viewer:
        """Whose it is."""
        return self._reader.viewer

    @property
    def key(self) -> Hashable:
        """What two keys of one user see is the same."""
        return ("inbox", self.viewer.tenant_id, self.viewer.user_id, self._wanted, self.place)

    async def mark(self) -> object:
        """The end of the log, and the viewer's own last mark, of which the log knows nothing."""
        db, viewer = self._reader.db, self.viewer
        _, last = await events.bounds(db, viewer.tenant_id)
        return last, await triage.last_mark(db, viewer.tenant_id, viewer.actor)

    async def compute(self) -> Inbox[InboxItemRow]:
        """As it is now."""
        return await task_inbox(self._reader, self._wanted)

    def facts(self, value: Inbox[InboxItemRow]) -> object:
        """All but heartbeats."""
        return replace(
            value, groups=tuple(replace(group, items=tuple(map(_quiet, group.items))) for group in value.groups)
        )

    def good_seconds(self, value: Inbox[InboxItemRow]) -> float | None:
        """Time alone changes nothing here."""
        return None


def _quiet(item: InboxItemRow) -> InboxItemRow:
    return item if item.run is None else replace(item, run=without_lease(item.run))
