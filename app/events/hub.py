"""The hub: which subscriber of this process wants which event."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from app.domain.errors import TaskloomError
from app.domain.tasks.events import AUTHORS_ONLY, TABLE_CHANGES
from app.storage.rows.event import EventRow
from app.storage.visibility import Readers

Topic = tuple[str, str]
EVERYTHING: Topic = ("all", "")
TABLE = "table"


class Listening(Protocol):
    """What the hub needs to know of a subscriber."""

    @property
    def tenant_id(self) -> UUID:
        """Whose log it reads."""
        ...

    @property
    def user_id(self) -> UUID:
        """For whom; decides what it may see."""
        ...

    @property
    def topic(self) -> Topic:
        """What it wants."""
        ...

    @property
    def place(self) -> UUID | None:
        """The workspace without which there is nothing to listen to; None where there is none such."""
        ...

    @property
    def hears_the_end(self) -> bool:
        """Whether the event that says that this workspace is gone is among what it wants."""
        ...

    def offer(self, event: EventRow) -> None:
        """Take an event of one's topic that one may see; never waits."""
        ...

    def end(self, problem: TaskloomError) -> None:
        """Give out nothing more but this."""
        ...


@dataclass(slots=True)
class Tail:
    """How far a tenant's log was read here, and who listens."""

    position: int
    topics: dict[Topic, set[Listening]] = field(default_factory=lambda: defaultdict(set))
    count: int = 0


class Hub:
    """Hands each new event to the subscribers whose topic it has."""

    def __init__(self) -> None:
        self._tails: dict[UUID, Tail] = {}
        self.delivered = 0

    def add(self, subscriber: Listening, position: int) -> None:
        """Offer the subscriber what is read from now on; a tenant nobody listened to is read from `position`."""
        tail = self._tails.setdefault(subscriber.tenant_id, Tail(position))
        tail.topics[subscriber.topic].add(subscriber)
        tail.count += 1

    def remove(self, subscriber: Listening) -> None:
        """Forget the subscriber; a tenant nobody listens to is no longer read. May be called twice."""
        tail = self._tails.get(subscriber.tenant_id)
        if tail is None or subscriber not in tail.topics.get(subscriber.topic, ()):
            return
        tail.topics[subscriber.topic].discard(subscriber)
        if not tail.topics[subscriber.topic]:
            del tail.topics[subscriber.topic]
        tail.count -= 1
        if tail.count == 0:
            del self._tails[subscriber.tenant_id]

    @property
    def subscribers(self) -> int:
        """How many listen in this process."""
        return sum(tail.count for tail in self._tails.values())

    def positions(self) -> Mapping[UUID, int]:
        """How far each tenant's log was read."""
        return {tenant: tail.position for tenant, tail in self._tails.items()}

    def placed(self) -> Iterator[Listening]:
        """Those who listen to something of a workspace."""
        for tail in self._tails.values():
            for listening in tail.topics.values():
                yield from (subscriber for subscriber in listening if subscriber.place is not None)

    def through(self, tenant_id: UUID, events: Sequence[EventRow]) -> frozenset[UUID]:
        """The workspaces through which somebody here watches one of the tables that these events changed."""
        tail = self._tails.get(tenant_id)
        if tail is None:
            return frozenset()
        tables = {topic for topic in map(_table_of, events) if topic is not None}
        watching = (one for topic in tables for one in tail.topics.get(topic, ()))
        return frozenset(one.place for one in watching if one.place is not None)

    def publish(self, tenant_id: UUID, events: Sequence[EventRow], readers: Readers) -> None:
        """Offer events in order; `readers` tells who may see those of workspaces."""
        tail = self._tails.get(tenant_id)
        if tail is None:
            return
        for event in events:
            if event.sequence <= tail.position:
                continue
            for subscriber in _interested(tail, event):
                if _sees(subscriber, event, readers):
                    subscriber.offer(event)
                    self.delivered += 1
            tail.position = event.sequence


def _sees(subscriber: Listening, event: EventRow, readers: Readers) -> bool:
    """Who watches a table sees it through a workspace, wherever it was changed."""
    kind, table = subscriber.topic
    if kind == TABLE:
        place = subscriber.place
        return (
            place is not None and (subscriber.user_id, place) in readers.pairs and (place, UUID(table)) in readers.shown
        )
    if event.type in AUTHORS_ONLY and event.actor_ref != str(subscriber.user_id):
        return False
    return event.workspace_id is None or (subscriber.user_id, event.workspace_id) in readers.of(event.type)


def _table_of(event: EventRow) -> Topic | None:
    return (TABLE, event.payload["tableId"]) if event.type in TABLE_CHANGES else None


def _topics_of(event: EventRow) -> Iterator[Topic]:
    yield EVERYTHING
    if event.task_id is not None:
        yield ("task", event.task_id)
        for ancestor in event.task_path or ():
            yield ("task", ancestor)
    if event.run_id is not None:
        yield ("run", str(event.run_id))
    if event.workspace_id is not None:
        yield ("workspace", str(event.workspace_id))
    table = _table_of(event)
    if table is not None:
        yield table


def _interested(tail: Tail, event: EventRow) -> Iterable[Listening]:
    for topic in _topics_of(event):
        listening = tail.topics.get(topic)
        if listening:
            yield from tuple(listening)
