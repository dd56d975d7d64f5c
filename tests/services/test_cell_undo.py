"""Taking edits back: one's own, once, and only what still stands."""

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.errors import Conflict, Forbidden, NotFound
from app.domain.grid.cell_edit import CellConflict, CellEdit, Sent
from app.services.cells import Edited
from app.services.registry import Services
from app.storage import cells
from app.storage.rows.cells import MutationRow
from app.storage.statements import composed
from tests.support.grid import INTEGER, STRING, archive, make_snapshot, make_table, make_workspace, share, unchanged

TYPES = {"name": STRING, "age": INTEGER}
MADE_BY_AN_AGENT = composed("UPDATE cell_mutations SET actor_type = 'agent', actor_id = 'a-1' WHERE id = :id")


async def edited(services: Services, viewer: Viewer, place: object, age: int | None) -> Edited:
    """Ada's age is another."""
    edit = CellEdit(column="age", new=Sent(age), row_identity={"name": "Ada"})
    return await services.cells.update(viewer, str(place), edit)


async def opened(services: Services, viewer: Viewer) -> str:
    """A workspace on a live table."""
    table = await make_table(services, viewer, TYPES, [["Ada", 36]], key=("name",))
    return str((await make_workspace(services, viewer, table)).id)


async def stored(db: Database, viewer: Viewer, done: Edited) -> MutationRow:
    """The record as it stands."""
    return (await cells.visible_by_id(db, viewer.tenant_id, viewer.user_id, [done.mutation.id]))[0]


async def test_an_undo_is_an_edit_that_names_what_it_takes_back(
    db: Database, services: Services, viewer: Viewer
) -> None:
    place = await opened(services, viewer)
    done = await edited(services, viewer, place, None)
    back = await services.cells.undo(viewer, str(done.mutation.id))
    assert (back.row["age"], back.mutation.old_value, back.mutation.new_value) == (36, None, 36)
    assert (back.mutation.undo_of, back.sequence) == (done.mutation.id, done.sequence + 1)
    assert (await stored(db, viewer, done)).undone_by == back.mutation.id
    async with unchanged(db):
        with pytest.raises(Conflict) as refusal:
            await services.cells.undo(viewer, str(done.mutation.id))
    assert refusal.value.facts["reason"] == "already_undone"


async def test_an_undo_can_be_taken_back_itself(services: Services, viewer: Viewer) -> None:
    done = await edited(services, viewer, await opened(services, viewer), 1)
    back = await services.cells.undo(viewer, str(done.mutation.id))
    again = await services.cells.undo(viewer, str(back.mutation.id))
    assert (again.row["age"], again.mutation.undo_of) == (1, back.mutation.id)


async def test_what_was_written_over_is_not_taken_back(db: Database, services: Services, viewer: Viewer) -> None:
    place = await opened(services, viewer)
    first = await edited(services, viewer, place, 1)
    second = await edited(services, viewer, place, 2)
    async with unchanged(db):
        with pytest.raises(CellConflict) as refusal:
            await services.cells.undo(viewer, str(first.mutation.id))
    assert refusal.value.facts["currentValue"] == 2
    await services.cells.undo(viewer, str(second.mutation.id))
    assert (await services.cells.undo(viewer, str(first.mutation.id))).row["age"] == 36


async def test_a_row_of_a_copy_is_found_again_by_its_number(services: Services, viewer: Viewer) -> None:
    place = await make_snapshot(services, viewer, TYPES, [["Ada", 36]], row_id_column="name")
    done = await services.cells.update(
        viewer, str(place.id), CellEdit(column="age", new=Sent(1), row_identity={"name": "Ada"})
    )
    assert (await services.cells.undo(viewer, str(done.mutation.id))).row == {"name": "Ada", "age": 36, "_ws_row_id": 1}


async def test_only_ones_own_edits_are_taken_back(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    place = await opened(services, viewer)
    done = await edited(services, viewer, place, 1)
    id = str(done.mutation.id)
    for who in (colleague, outsider):
        with pytest.raises(NotFound) as unknown:
            await services.cells.undo(who, id)
        assert unknown.value.facts["reason"] == "mutation_not_found"
    for strange in ("nothing", str(done.mutation.workspace_id)):
        with pytest.raises(NotFound):
            await services.cells.undo(viewer, strange)
    await share(db, viewer, place, colleague)
    with pytest.raises(Forbidden) as reader:
        await services.cells.undo(colleague, id)
    assert reader.value.facts["reason"] == "viewer_access"
    await db.fetch(MADE_BY_AN_AGENT, id=done.mutation.id)
    async with unchanged(db):
        with pytest.raises(Forbidden) as refusal:
            await services.cells.undo(viewer, id)
    assert refusal.value.facts["reason"] == "not_your_edit"


async def test_nothing_is_taken_back_in_an_archived_workspace(db: Database, services: Services, viewer: Viewer) -> None:
    place = await opened(services, viewer)
    done = await edited(services, viewer, place, 1)
    await archive(db, place)
    async with unchanged(db):
        with pytest.raises(Conflict) as refusal:
            await services.cells.undo(viewer, str(done.mutation.id))
    assert refusal.value.facts["reason"] == "workspace_archived"
