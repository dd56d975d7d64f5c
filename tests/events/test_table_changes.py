"""tableChanges: whoever watches a workspace hears what changes its rows, wherever that is done, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import CursorExpired
from app.domain.grid.cell_edit import CellEdit, Sent
from app.domain.grid.table import TableScope
from app.domain.tasks.events import TABLE_CHANGES
from app.events.bell import Bell, broadcast_for
from app.events.hub import Hub
from app.events.stream import Stream
from app.events.tailer import Tailer
from app.services.registry import Services
from app.storage import events
from app.storage.events import Range
from app.storage.rows.event import EventRow
from app.storage.rows.grid import TableRow
from app.storage.rows.workspace import WorkspaceRow
from app.storage.statements import composed
from tests.support.grid import (
    INTEGER,
    STRING,
    make_empty,
    make_snapshot,
    make_table,
    make_workspace,
    read_workspace,
    share,
    unshare,
)

TYPES = {"name": STRING, "age": INTEGER}
DROP_UP_TO = composed("DELETE FROM events WHERE sequence <= :last")


class Watch:
    """A hub with a tailer that reads when it is told to."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.hub = Hub()
        self.tailer = Tailer(db, self.hub, Bell(broadcast_for("memory://", db, None)))

    async def on(self, viewer: Viewer, place: WorkspaceRow, after: int | None = None, most: int = 512) -> Stream:
        """An open stream of what changes the rows of a workspace."""
        wanted = Range(workspace_id=place.id, table_id=place.table_id or place.id, types=tuple(sorted(TABLE_CHANGES)))
        stream = Stream(self.db, self.hub, viewer, wanted, place=place.id, buffer_max=most)
        await stream.open(after)
        return stream


@pytest.fixture
def watch(db: Database) -> Watch:
    """See Watch."""
    return Watch(db)


async def take(batches: AsyncIterator[list[EventRow]], count: int) -> list[EventRow]:
    """The next so many events."""
    found: list[EventRow] = []
    while len(found) < count:
        found += await asyncio.wait_for(anext(batches), 10)
    return found


async def a_table(services: Services, viewer: Viewer, **more: Any) -> TableRow:
    """A live table."""
    return await make_table(services, viewer, TYPES, [["Ada", 36], ["Bob", 41]], key=("name",), **more)


async def edit(services: Services, viewer: Viewer, place: WorkspaceRow, age: int, name: str = "Ada") -> int:
    """Somebody's age; returns the sequence."""
    done = CellEdit(column="age", new=Sent(age), row_identity={"name": name})
    return (await services.cells.update(viewer, str(place.id), done)).sequence


def sequences(found: list[EventRow]) -> list[int]:
    """Their places."""
    return [event.sequence for event in found]


async def test_an_edit_is_heard_in_every_workspace_on_the_table(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, watch: Watch
) -> None:
    table = await a_table(services, viewer)
    mine, theirs = await make_workspace(services, viewer, table), await make_workspace(services, colleague, table)
    other = await make_workspace(services, viewer, await a_table(services, viewer, name="other"))
    streams = [await watch.on(viewer, mine), await watch.on(colleague, theirs), await watch.on(viewer, other)]
    first = await edit(services, viewer, mine, 1)
    await services.tables.import_rows(viewer, str(table.id), [["Cy", 1]])
    second = await edit(services, viewer, other, 2)
    await watch.tailer.run_once()
    heard = [await take(stream.batches(), count) for stream, count in zip(streams, (2, 2, 1), strict=True)]
    assert [sequences(one) for one in heard] == [[first, first + 1], [first, first + 1], [second]]
    assert [event.type.value for event in heard[1]] == ["workspace.cell_updated", "table.rows_imported"]
    # The same from the log, as whoever was away reads it.
    later = [await take((await watch.on(colleague, theirs, 0)).batches(), 3)]
    assert [event.type.value for event in later[0]] == [
        "table.rows_imported",
        "workspace.cell_updated",
        "table.rows_imported",
    ]


async def test_the_live_stream_and_the_log_show_each_viewer_the_same(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, watch: Watch
) -> None:
    """The rule in Python (the hub's) and its twin in SQL (the log's)."""
    secret = await make_workspace(services, viewer, await a_table(services, viewer))
    table = await a_table(services, viewer, name="own", workspace_id=str(secret.id), scope=TableScope.WORKSPACE)
    shown = await make_workspace(services, viewer, table)
    await share(db, viewer, secret.id, colleague)
    through = await make_workspace(services, colleague, table)
    watching = {
        (name, place.id): await watch.on(who, place)
        for name, who in (("viewer", viewer), ("colleague", colleague), ("outsider", outsider))
        for place in (shown, through)
    }

    async def told() -> tuple[dict[Any, int], dict[Any, int]]:
        before = (await events.bounds(db, viewer.tenant_id))[1]
        await edit(services, viewer, shown, 5)
        await watch.tailer.run_once()
        live = {key: len(stream._take()) for key, stream in watching.items()}
        kept = {}
        for key, stream in watching.items():
            rows, _ = await events.read_after(db, stream.tenant_id, stream.user_id, before, stream._wanted, most=100)
            kept[key] = len(rows)
        return live, kept

    live, kept = await told()
    assert live == kept
    assert {key for key, count in live.items() if count} == {("viewer", shown.id), ("colleague", through.id)}
    # The owner of `through` may no longer read the table: nothing more is heard through it.
    await unshare(db, secret.id)
    live, kept = await told()
    assert live == kept
    assert {key for key, count in live.items() if count} == {("viewer", shown.id)}


async def test_recipients_hear_until_the_share_is_revoked(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, watch: Watch
) -> None:
    place = await make_snapshot(services, viewer, TYPES, [["Ada", 36]], row_id_column="name")
    await share(db, viewer, place.id, colleague)
    stream = await watch.on(colleague, place)
    first = await edit(services, viewer, place, 1)
    await watch.tailer.run_once()
    assert sequences(await take(stream.batches(), 1)) == [first]
    await unshare(db, place.id)
    await edit(services, viewer, place, 2)
    await watch.tailer.run_once()
    assert stream._take() == []


async def test_a_slow_reader_goes_back_to_the_log_and_a_cursor_resumes(
    db: Database, services: Services, viewer: Viewer, watch: Watch
) -> None:
    place = await make_workspace(services, viewer, await a_table(services, viewer))
    stream = await watch.on(viewer, place, 0, most=2)
    batches = stream.batches()
    assert len(await take(batches, 1)) == 1
    sent = [await edit(services, viewer, place, age) for age in range(10)]
    await watch.tailer.run_once()
    assert sequences(await take(batches, 10)) == sent
    again = await watch.on(viewer, place, sent[4])
    assert sequences(await take(again.batches(), 5)) == sent[5:]
    await db.fetch(DROP_UP_TO, last=sent[2])
    with pytest.raises(CursorExpired):
        await watch.on(viewer, place, sent[0])


async def test_a_workspace_without_data_listens_to_nothing(
    db: Database, services: Services, viewer: Viewer, watch: Watch
) -> None:
    stream = await watch.on(viewer, await make_empty(services, viewer), 0)
    await edit(services, viewer, await make_workspace(services, viewer, await a_table(services, viewer)), 1)
    await watch.tailer.run_once()
    assert stream._take() == []


async def test_subscribers_cost_no_statement_each(
    db: Database, services: Services, viewer: Viewer, watch: Watch
) -> None:
    table = await a_table(services, viewer)
    places = [await make_workspace(services, viewer, table, title=str(at)) for at in range(8)]

    async def spent(watching: int) -> int:
        opened = [await watch.on(viewer, place) for place in places[:watching]]
        for age in range(5):
            await edit(services, viewer, places[0], age)
        before = db.statements
        await watch.tailer.run_once()
        for stream in opened:
            assert len(stream._take()) == 5
            stream.close()
        return db.statements - before

    assert await spent(1) == await spent(8)


async def test_an_old_grid_and_the_events_are_the_new_grid(
    db: Database, services: Services, viewer: Viewer, watch: Watch
) -> None:
    place = await make_workspace(services, viewer, await a_table(services, viewer))
    grid = {row["name"]: dict(row) for row in (await read_workspace(db, viewer, place)).items}
    stream = await watch.on(viewer, place)
    for age, name in ((1, "Ada"), (2, "Bob"), (3, "Ada")):
        await edit(services, viewer, place, age, name)
    undone = CellEdit(column="age", new=Sent(None), row_identity={"name": "Bob"})
    last = await services.cells.update(viewer, str(place.id), undone)
    await services.cells.undo(viewer, str(last.mutation.id))
    await watch.tailer.run_once()
    for event in await take(stream.batches(), 5):
        named = event.payload["rowIdentity"]
        row = grid[named["name"]]
        assert row[event.payload["column"]] == event.payload["oldValue"]
        row[event.payload["column"]] = event.payload["newValue"]
    assert list(grid.values()) == (await read_workspace(db, viewer, place)).items
    assert UUID(event.payload["tableId"]) == place.table_id
