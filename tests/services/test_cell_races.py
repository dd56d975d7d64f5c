"""Two at one cell, an edit against an archive: one order or the other, never something between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import Conflict, NotFound
from app.domain.grid.cell_edit import Address, CellConflict, CellEdit, Sent
from app.services.cells import Edited
from app.services.registry import Services
from app.storage import cells, workspace_life
from app.storage.rows.grid import TableRow
from app.storage.statements import composed
from tests.support.eventually import eventually
from tests.support.grid import INTEGER, STRING, make_table, make_workspace, unchanged
from tests.support.log import event_types

TYPES = {"name": STRING, "age": INTEGER}
WAITING = composed("SELECT count(*) AS waiting FROM pg_locks WHERE NOT granted")


async def a_table(services: Services, viewer: Viewer) -> TableRow:
    """A live table with one row."""
    return await make_table(services, viewer, TYPES, [["Ada", 36]], key=("name",))


def age(new: int, expected: int) -> CellEdit:
    """Ada's age, as it was seen."""
    return CellEdit(column="age", new=Sent(new), expected=Sent(expected), row_identity={"name": "Ada"})


@asynccontextmanager
async def row_held(db: Database, table: TableRow) -> AsyncIterator[None]:
    """Somebody holds the lock of the row: whoever edits it waits at this point."""
    async with db.transaction() as tx:
        assert await cells.lock_row(tx, table.source, Address(("name",), ("Ada",))) is not None
        yield


async def waiting(db: Database, count: int) -> None:
    """So many wait for a lock."""

    async def there() -> bool:
        return bool((await db.fetch(WAITING))[0]["waiting"] == count)

    await eventually(there)


@pytest.mark.parametrize("workspaces", [1, 2])
async def test_of_two_edits_that_saw_the_same_exactly_one_wins(
    db: Database, services: Services, viewer: Viewer, workspaces: int
) -> None:
    table = await a_table(services, viewer)
    first = await make_workspace(services, viewer, table)
    second = first if workspaces == 1 else await make_workspace(services, viewer, table, title="Other")
    async with row_held(db, table):
        racing = [
            asyncio.create_task(services.cells.update(viewer, str(place.id), age(new, 36)))
            for place, new in ((first, 1), (second, 2))
        ]
        await waiting(db, 2)
    done = await asyncio.gather(*racing, return_exceptions=True)
    [won] = [one for one in done if isinstance(one, Edited)]
    [lost] = [one for one in done if isinstance(one, CellConflict)]
    assert lost.facts["currentValue"] == won.row["age"]
    assert (
        sum(
            [
                await cells.count(db, viewer.tenant_id, place.id)
                for place in {first.id: first, second.id: second}.values()
            ]
        )
        == 1
    )


async def test_edits_of_other_cells_of_a_row_both_stand(db: Database, services: Services, viewer: Viewer) -> None:
    types = {**TYPES, "height": INTEGER}
    table = await make_table(services, viewer, types, [["Ada", 36, 165]], key=("name",))
    place = str((await make_workspace(services, viewer, table)).id)
    other = CellEdit(column="height", new=Sent(166), expected=Sent(165), row_identity={"name": "Ada"})
    async with row_held(db, table):
        racing = [
            asyncio.create_task(services.cells.update(viewer, place, age(37, 36))),
            asyncio.create_task(services.cells.update(viewer, place, other)),
        ]
        await waiting(db, 2)
    rows = [one.row for one in await asyncio.gather(*racing)]
    assert {"name": "Ada", "age": 37, "height": 166} in rows


async def test_batches_that_cross_do_not_wait_for_each_other_for_ever(
    db: Database, services: Services, viewer: Viewer
) -> None:
    table = await make_table(services, viewer, TYPES, [["Ada", 36], ["Bob", 41]], key=("name",))
    places = [str((await make_workspace(services, viewer, table, title=name)).id) for name in ("One", "Two")]
    edits = [CellEdit(column="age", new=Sent(1), row_identity={"name": name}) for name in ("Ada", "Bob")]
    async with row_held(db, table):
        racing = [
            asyncio.create_task(services.cells.update_many(viewer, places[0], edits)),
            asyncio.create_task(services.cells.update_many(viewer, places[1], edits[::-1])),
        ]
        await waiting(db, 2)
    assert [len(one) for one in await asyncio.gather(*racing)] == [2, 2]


@pytest.mark.parametrize(("verb", "reason"), [("archive", "workspace_archived"), ("delete", "workspace_not_found")])
async def test_an_edit_that_meets_the_end_of_its_workspace_is_refused_as_a_whole(
    db: Database, services: Services, viewer: Viewer, verb: str, reason: str
) -> None:
    place = await make_workspace(services, viewer, await a_table(services, viewer))
    async with db.transaction() as tx:
        assert await workspace_life.seize(tx, viewer.tenant_id, place.id) is not None
        ended = asyncio.create_task(getattr(services.workspace_life, verb)(viewer, str(place.id)))
        await waiting(db, 1)
        edit = asyncio.create_task(services.cells.update(viewer, str(place.id), age(1, 36)))
        await waiting(db, 2)
    await ended
    async with unchanged(db):
        with pytest.raises((Conflict, NotFound)) as refusal:
            await edit
    assert refusal.value.facts.get("reason") == reason


@pytest.mark.parametrize("verb", ["archive", "delete"])
async def test_the_end_of_a_workspace_waits_for_the_edit_that_came_first(
    db: Database, services: Services, viewer: Viewer, verb: str
) -> None:
    table = await a_table(services, viewer)
    place = await make_workspace(services, viewer, table)
    async with row_held(db, table):
        edit = asyncio.create_task(services.cells.update(viewer, str(place.id), age(1, 36)))
        await waiting(db, 1)
        ended = asyncio.create_task(getattr(services.workspace_life, verb)(viewer, str(place.id)))
        await waiting(db, 2)
    assert (await edit).row["age"] == 1
    await ended
    assert (await event_types(db, viewer.tenant_id))[-2:] == ["workspace.cell_updated", f"workspace.{verb}d"]
