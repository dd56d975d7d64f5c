"""Lists of workspaces against plain Python: filters by tags, and pages without repeats or gaps."""

from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.domain.sharing.tag import TagMatch, tag_filter
from app.loaders.reader import Reader
from app.loaders.workspace_list import own_all, own_page, shared_numbered, shared_page
from app.services.registry import Services
from app.storage.statements import composed
from app.storage.workspace_list import OwnFilter
from tests.support.grid import make_empty
from tests.support.people import make_viewer
from tests.support.sharing import share_with

WORDS = ("red", "blue", "green", "Zürich")
RELAXED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Many share a moment: only the id tells such workspaces apart.
MOMENTS = composed(
    """
    WITH w AS (
        UPDATE workspaces SET updated_at = timestamptz '2024-01-01' + make_interval(secs => CAST(:place AS float))
         WHERE id = :id
    )
    UPDATE workspace_shares SET updated_at = timestamptz '2024-01-01' + make_interval(secs => CAST(:place AS float))
     WHERE workspace_id = :id RETURNING id
    """
)


@RELAXED
@given(
    worn=st.lists(st.sets(st.sampled_from(WORDS)), min_size=1, max_size=5),
    wanted=st.lists(st.sampled_from([*WORDS, "RED", "unknown"]), max_size=4),
    by_id=st.sets(st.sampled_from([*WORDS, "unknown"]), max_size=3),
    match=st.sampled_from(TagMatch),
)
async def test_filters_by_tags_are_those_of_sets(
    db: Database, services: Services, worn: list[set[str]], wanted: list[str], by_id: set[str], match: TagMatch
) -> None:
    viewer = await make_viewer(db, tenant=uuid4().hex)
    ids = {"unknown": str(uuid4())}
    for at, tags in enumerate(worn):
        place = await make_empty(services, viewer, str(at))
        await services.tags.set_on_workspace(viewer, str(place.id), [], sorted(tags))
    for row in await db.fetch(composed("SELECT id, name FROM tags WHERE tenant_id = :t"), t=viewer.tenant_id):
        ids[row["name"]] = str(row["id"])
    asked = {word.lower() for word in [*wanted, *by_id]}
    given_ids = [ids.get(word, str(uuid4())) for word in by_id]
    found = await own_all(Reader(db, viewer), OwnFilter(tags=tag_filter(wanted, given_ids, match)))
    borne = [{tag.lower() for tag in tags} for tags in worn]
    enough: Any = any if match is TagMatch.ANY else all
    expected = {str(at) for at, tags in enumerate(borne) if not asked or enough(word in tags for word in asked)}
    assert {row.title for row in found} == expected


@RELAXED
@given(moments=st.lists(st.integers(0, 2), min_size=1, max_size=8), first=st.integers(1, 4))
async def test_pages_neither_repeat_nor_skip(db: Database, services: Services, moments: list[int], first: int) -> None:
    tenant = uuid4().hex
    owner = await make_viewer(db, tenant=tenant)
    guest = await make_viewer(db, tenant=tenant, email="guest@example.com")
    order: list[tuple[int, UUID]] = []
    for moment in moments:
        place = await make_empty(services, owner)
        await share_with(services, owner, place.id, guest)
        await db.fetch(MOMENTS, id=place.id, place=moment)
        order.append((moment, place.id))
    expected = [id for _, id in sorted(order, reverse=True)]
    for viewer, page_of in ((owner, own_page), (guest, shared_page)):
        reader, after, walked = Reader(db, viewer), None, []
        more = {"wanted": OwnFilter()} if viewer is owner else {}
        while True:
            page, count = await page_of(reader, after=after, first=first, **more)
            walked += [row.id for row in page.items]
            if not page.has_next:
                break
            after = page.cursors[-1]
        assert (walked, await count()) == (expected, len(expected))
    numbered = [
        await shared_numbered(Reader(db, guest), limit=first, offset=at) for at in range(0, len(expected), first)
    ]
    assert [row.id for page in numbered for row in page.items] == expected
    assert [page.has_next for page in numbered] == [True] * (len(numbered) - 1) + [False]
    assert {page.total for page in numbered} == {len(expected)}
