"""Tags are made once, however many make them, and stand on workspaces as a set."""

import asyncio

import pytest

from app.db.engine import Database
from app.domain.access.credentials import Scope
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Conflict, Forbidden, NotFound
from app.domain.invalid import InvalidInput
from app.domain.sharing.tag import TAGS_MAX
from app.loaders.reader import Reader
from app.loaders.sharing import tags_by_workspace
from app.services.registry import Services
from app.services.tags import TagDraft
from app.storage import tags
from tests.services.test_workspaces import log
from tests.support.grid import make_empty, unchanged
from tests.support.log import event_types
from tests.support.people import make_viewer

NOBODY = "01900000-0000-7000-8000-000000000000"


async def on(db: Database, viewer: Viewer, place: object) -> list[tuple[str | None, str]]:
    """The tags of a workspace, in order."""
    [found] = await tags_by_workspace(Reader(db, viewer), [place])  # type: ignore[list-item]  # an id of the row
    return [(tag.namespace, tag.name) for tag in found]


async def test_a_tag_is_made_changed_and_deleted(db: Database, services: Services, viewer: Viewer) -> None:
    draft = TagDraft(name="Top Secret", namespace="level", color="#f00", description="hush", attributes={"rank": 1})
    made = (await services.tags.create(viewer, draft)).tag
    assert (made.slug, made.namespace, made.attributes) == ("top-secret", "level", {"rank": 1})
    same = TagDraft(color="#f00", given=frozenset({"color"}))
    async with unchanged(db):
        assert (await services.tags.update(viewer, str(made.id), same)).sequence is None
    patch = TagDraft(name="Secret", color=None, given=frozenset({"color"}))
    changed = (await services.tags.update(viewer, str(made.id), patch)).tag
    assert (changed.name, changed.slug, changed.color, changed.description) == ("Secret", "secret", None, "hush")
    assert changed.attributes == {"rank": 1}
    await services.tags.delete(viewer, str(made.id))
    assert await tags.by_id(db, viewer.tenant_id, [made.id]) == []
    async with unchanged(db):
        with pytest.raises(NotFound) as refusal:
            await services.tags.delete(viewer, str(made.id))
    assert refusal.value.facts["reason"] == "tag_not_found"
    assert await event_types(db, viewer.tenant_id) == ["tag.created", "tag.updated", "tag.deleted"]


async def test_a_slug_is_taken_once_in_each_namespace(
    db: Database, services: Services, viewer: Viewer, outsider: Viewer
) -> None:
    for namespace in (None, "a", "b"):
        await services.tags.create(viewer, TagDraft(name="One", namespace=namespace))
        async with unchanged(db):
            with pytest.raises(Conflict) as refusal:
                await services.tags.create(viewer, TagDraft(name=" oNe! ", namespace=namespace))
        assert (refusal.value.field, refusal.value.facts["reason"]) == ("name", "tag_exists")
    other = (await services.tags.create(viewer, TagDraft(name="Two"))).tag
    async with unchanged(db):
        with pytest.raises(Conflict):
            await services.tags.update(viewer, str(other.id), TagDraft(name="one"))
        with pytest.raises(NotFound):
            await services.tags.update(outsider, str(other.id), TagDraft(name="x"))
    await services.tags.create(outsider, TagDraft(name="One"))


async def test_only_its_creator_and_administrators_change_a_tag(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    theirs = (await services.tags.create(colleague, TagDraft(name="theirs"))).tag
    ours = (await services.tags.create(viewer, TagDraft(name="ours"))).tag
    assert (await services.tags.update(viewer, str(theirs.id), TagDraft(name="renamed"))).tag.name == "renamed"
    for attempt in (
        services.tags.update(colleague, str(ours.id), TagDraft(name="x")),
        services.tags.delete(colleague, str(ours.id)),
    ):
        async with unchanged(db):
            with pytest.raises(Forbidden):
                await attempt
    await services.tags.delete(colleague, str(theirs.id))


async def test_a_key_without_the_scope_write_makes_no_tag(db: Database, services: Services, viewer: Viewer) -> None:
    reader = await make_viewer(db, scopes=frozenset({Scope.READ, Scope.WORK}))
    place = await make_empty(services, viewer)
    tag = (await services.tags.create(viewer, TagDraft(name="mine"))).tag
    for attempt in (
        services.tags.create(reader, TagDraft(name="x")),
        services.tags.update(reader, str(tag.id), TagDraft(name="x")),
        services.tags.delete(reader, str(tag.id)),
        services.tags.set_on_workspace(reader, str(place.id), [], ["x"]),
    ):
        async with unchanged(db):
            with pytest.raises(Forbidden, match="scope"):
                await attempt


async def test_tags_are_set_as_a_whole(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    id = str(place.id)
    level = (await services.tags.create(viewer, TagDraft(name="High", namespace="level"))).tag
    await services.tags.create(viewer, TagDraft(name="Berlin"))
    done = await services.tags.set_on_workspace(viewer, id, [str(level.id)], ["zeta", "BERLIN", "Alpha", "alpha"])
    assert done.sequence is not None
    expected = [(None, "Alpha"), (None, "Berlin"), (None, "zeta"), ("level", "High")]
    assert await on(db, viewer, place.id) == expected
    async with unchanged(db):
        again = await services.tags.set_on_workspace(viewer, id, [], ["high", "zeta", "berlin", "ALPHA"])
    assert again.sequence is None
    assert await on(db, viewer, place.id) == expected
    await services.tags.set_on_workspace(viewer, id, [], [])
    assert await on(db, viewer, place.id) == []
    types = await event_types(db, viewer.tenant_id)
    assert types[-4:] == ["tag.created", "tag.created", "workspace.tags_set", "workspace.tags_set"]
    assert [len(payload["tagIds"]) for type, payload in await log(db, viewer, place) if type.endswith("set")] == [4, 0]


async def test_everything_that_names_no_tag_is_told(db: Database, services: Services, viewer: Viewer) -> None:
    id = str((await make_empty(services, viewer)).id)
    known = (await services.tags.create(viewer, TagDraft(name="known"))).tag
    for ids, names, locs in (
        ([str(known.id), NOBODY], [], [("tagIds", 1)]),
        ([str(known.id), "nonsense", "\0"], [], [("tagIds", 1), ("tagIds", 2)]),
        ([], ["fine", "", "x" * 65, "!"], [("tagNames", 1), ("tagNames", 2), ("tagNames", 3)]),
    ):
        async with unchanged(db):
            with pytest.raises(InvalidInput) as refusal:
                await services.tags.set_on_workspace(viewer, id, ids, names)
        assert [problem.loc for problem in refusal.value.problems] == locs


async def test_fifty_tags_and_no_more(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    names = [f"tag {at}" for at in range(TAGS_MAX)]
    await services.tags.set_on_workspace(viewer, str(place.id), [], names)
    assert len(await on(db, viewer, place.id)) == TAGS_MAX
    more = (await services.tags.create(viewer, TagDraft(name="more"))).tag
    for ids, wanted in (([str(more.id)], names), ([], [*names, "another"]), ([NOBODY] * (TAGS_MAX + 1), [])):
        async with unchanged(db):
            with pytest.raises(BadInput):
                await services.tags.set_on_workspace(viewer, str(place.id), ids, wanted)


async def test_many_who_name_the_same_new_tags_make_each_once(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    names = [f"tag {at}" for at in range(20)]
    places = [(who, await make_empty(services, who)) for who in (viewer, colleague) for _ in range(6)]
    orders = [names if at % 2 else names[::-1] for at in range(len(places))]
    await asyncio.gather(
        *[
            services.tags.set_on_workspace(who, str(place.id), [], order)
            for (who, place), order in zip(places, orders, strict=True)
        ]
    )
    for who, place in places:
        assert [name for _, name in await on(db, who, place.id)] == sorted(names)
    types = await event_types(db, viewer.tenant_id)
    assert (types.count("tag.created"), types.count("workspace.tags_set")) == (20, 12)
    assert await tags.count(db, viewer.tenant_id, {}) == 20


async def test_a_deleted_tag_stands_nowhere(db: Database, services: Services, viewer: Viewer) -> None:
    place = await make_empty(services, viewer)
    await services.tags.set_on_workspace(viewer, str(place.id), [], ["stays", "goes"])
    [found] = await tags.page(db, viewer.tenant_id, {"search": "goes"}, after=None, most=9)
    await services.tags.delete(viewer, str(found.id))
    assert await on(db, viewer, place.id) == [(None, "stays")]
