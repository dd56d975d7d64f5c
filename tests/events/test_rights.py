"""Who lost a right is found by one statement for all who listen, and hears nothing after that."""

import asyncio

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import NotFound
from app.domain.tasks.events import EventType
from app.events.stream import Stream
from app.services.registry import Services
from app.storage.events import EVERYTHING, Range
from app.storage.rows.workspace import WorkspaceRow
from tests.events.test_stream import Live, append, take
from tests.support.grid import make_empty
from tests.support.sharing import expire, share_with


@pytest.fixture
def live(db: Database) -> Live:
    """A hub with a tailer that only reads when it is told to."""
    return Live(db)


async def listener(live: Live, viewer: Viewer, place: WorkspaceRow, wanted: Range | None = None) -> Stream:
    """A stream that depends on a workspace."""
    stream = Stream(live.db, live.hub, viewer, wanted or Range(workspace_id=place.id), place=place.id)
    await stream.open(0)
    return stream


async def test_a_check_is_one_statement_whoever_and_however_many_listen(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, live: Live
) -> None:
    places = [await make_empty(services, viewer) for _ in range(5)]
    await make_empty(services, outsider)
    for place in places:
        await share_with(services, viewer, place.id, colleague)
        for _ in range(3):
            await listener(live, viewer, place)
            await listener(live, colleague, place)
    before = db.statements
    assert await live.tailer.rights.run_once() == 0
    assert db.statements - before == 1
    await services.shares.revoke(viewer, str(places[0].id))
    await expire(db, places[1].id)
    before = db.statements
    assert await live.tailer.rights.run_once() == 6
    assert db.statements - before == 1


async def test_nobody_who_depends_on_a_workspace_costs_nothing(db: Database, viewer: Viewer, live: Live) -> None:
    await live.stream(viewer, None, EVERYTHING)
    before = db.statements
    assert await live.tailer.rights.run_once() == 0
    assert db.statements == before


@pytest.mark.parametrize("reading", [False, True], ids=["buffered", "waiting"])
async def test_after_the_end_nothing_is_given_out(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, live: Live, reading: bool
) -> None:
    place = await make_empty(services, viewer)
    await share_with(services, viewer, place.id, colleague)
    stream = await listener(live, colleague, place)
    batches = stream.batches()
    assert len(await take(batches, 1)) == 1
    waiting = asyncio.ensure_future(anext(batches)) if reading else None
    await asyncio.sleep(0)
    await append(db, viewer, 3, workspace_id=place.id)
    await services.shares.revoke(viewer, str(place.id))
    # The tailer reads both at once: by then none of it is the colleague's to see.
    await live.tailer.run_once()
    with pytest.raises(NotFound, match="not shared with you"):
        await asyncio.wait_for(waiting if waiting is not None else anext(batches), 10)


async def test_what_ends_while_the_log_is_read_ends(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, live: Live
) -> None:
    place = await make_empty(services, viewer)
    await share_with(services, viewer, place.id, colleague)
    stream = await listener(live, colleague, place)
    await expire(db, place.id)
    assert await live.tailer.rights.run_once() == 1
    with pytest.raises(NotFound):
        await asyncio.wait_for(anext(stream.batches()), 10)


async def test_an_owner_who_comes_late_reads_the_log_to_its_end(
    db: Database, services: Services, viewer: Viewer, live: Live
) -> None:
    place = await make_empty(services, viewer)
    stream = await listener(live, viewer, place)
    await services.workspace_life.delete(viewer, str(place.id))
    assert await live.tailer.rights.run_once() == 0
    seen = [event.type async for event in stream]
    assert seen == [EventType.WORKSPACE_CREATED, EventType.WORKSPACE_DELETED]


async def test_shares_are_for_owners_to_hear_of(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, live: Live
) -> None:
    place = await make_empty(services, viewer)
    await share_with(services, viewer, place.id, colleague)
    for after in (0, None):
        both = [Stream(db, live.hub, who, Range(workspace_id=place.id)) for who in (viewer, colleague)]
        for stream in both:
            await stream.open(after)
        streams = [stream.batches() for stream in both]
        if after == 0:
            assert [len(await take(one, n)) for one, n in zip(streams, (2, 1), strict=True)] == [2, 1]
        waiting = [asyncio.ensure_future(anext(one)) for one in streams]
        await asyncio.sleep(0)
        await share_with(services, viewer, place.id, colleague)
        await services.tags.set_on_workspace(viewer, str(place.id), [], [f"tag {after}"])
        await live.tailer.run_once()
        owners, guests = [await asyncio.wait_for(one, 10) for one in waiting]
        assert [event.type for event in owners] == [EventType.WORKSPACE_SHARED, EventType.WORKSPACE_TAGS_SET]
        assert [event.type for event in guests] == [EventType.WORKSPACE_TAGS_SET]
        for stream in both:
            stream.close()
