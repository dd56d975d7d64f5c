"""The policy and its twin in SQL say the same of every conversation, whoever asks and whatever became of its place."""

from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.engine import Database
from app.domain.access.policy import Action, ThreadBound, WorkspaceBound, can, sees
from app.domain.access.viewer import Viewer
from app.services.registry import Services
from app.storage import messages, threads, workspaces
from tests.support.grid import make_empty
from tests.support.people import make_viewer
from tests.support.sharing import expire, share_with
from tests.support.talk import begin, say

# What happens to the place in the end, and whether anything was said there before.
CASES = st.tuples(st.sampled_from([None, "expired", "revoked", "deleted"]), st.booleans())
PEOPLE = 3


async def bound_by(db: Database, viewer: Viewer, id: UUID) -> ThreadBound | None:
    """What the policy is told of a thread."""
    rows = await threads.by_id(db, viewer.tenant_id, [id])
    if not rows:
        return None
    place_id = rows[0].workspace_id
    known = [] if place_id is None else await workspaces.facts(db, viewer.tenant_id, viewer.user_id, [place_id])
    place = None
    for row, recipient in known:
        place = WorkspaceBound(tenant_id=viewer.tenant_id, owner_id=row.owner_id, recipient=recipient)
    return ThreadBound(tenant_id=viewer.tenant_id, author_id=rows[0].user_id, place=place)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=CASES)
async def test_the_policy_of_conversations_equals_its_twins(
    db: Database, services: Services, case: tuple[str | None, bool]
) -> None:
    end, posts = case
    tenant = uuid4().hex
    owner = await make_viewer(db, tenant=tenant)
    people = [await make_viewer(db, tenant=tenant, email=f"p{at}@example.com") for at in range(PEOPLE)]
    foreigner = await make_viewer(db, tenant=uuid4().hex, email="p0@example.com")
    place = await make_empty(services, owner)
    await share_with(services, owner, place.id, *people[:2])
    authors = [owner, *people[:2]]
    made = [(author, await begin(services, author, place.id)) for author in authors]
    posted = [(author, await say(services, author, thread)) for author, thread in made] if posts else []
    if end == "expired":
        await expire(db, place.id)
    elif end == "revoked":
        await services.shares.revoke(owner, str(place.id))
    elif end == "deleted":
        await services.workspace_life.delete(owner, str(place.id))
    for viewer in (owner, *people, foreigner):
        reads = end in (None, "deleted") or viewer is owner
        expected = {thread.id for author, thread in made if author is viewer and reads}
        ids = [thread.id for _, thread in made]
        bound = {id: await bound_by(db, viewer, id) for id in ids}
        for action in (Action.READ, Action.CONVERSE):
            assert {id for id, thing in bound.items() if thing and can(viewer, action, thing)} == expected
        assert {id for id, thing in bound.items() if thing and sees(viewer, thing)} == expected
        assert not any(can(viewer, Action.WRITE, thing) for thing in bound.values() if thing)
        tenant_id, user_id = viewer.tenant_id, viewer.user_id
        assert {row.id for row in await threads.own_by_id(db, tenant_id, user_id, ids)} == expected
        said = [one.message.id for _, one in posted]
        found = await messages.own_by_id(db, tenant_id, user_id, said)
        assert {row.thread_id for row in found} == (expected if posts else set())
        turns = await threads.own_turns(db, tenant_id, user_id, [one.turn.id for _, one in posted])
        assert {row.thread_id for row in turns} == (expected if posts else set())
        runs = [one.turn.run_id for _, one in posted]
        assert {row.id for _, row in await threads.own_by_run(db, tenant_id, user_id, runs)} == (
            expected if posts else set()
        )
        asked = await messages.questions(db, tenant_id, user_id, runs)
        assert {row.thread_id for row in asked} == (expected if posts else set())
