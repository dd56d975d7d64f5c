"""The policy and its twins in SQL say the same of every workspace, whoever asks and whatever its share is."""

from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.policy import Action, WorkspaceBound, can, sees
from app.domain.access.viewer import Viewer
from app.domain.ids import uuid7
from app.services.registry import Services
from app.storage import events, visibility, workspaces
from app.storage.events import Range
from app.storage.statements import composed
from tests.support.grid import make_empty
from tests.support.people import make_viewer

RECORD = composed(
    """
    WITH share AS (
        INSERT INTO workspace_shares (tenant_id, workspace_id, id, status, expires_at)
        VALUES (:tenant_id, :workspace_id, :id, :status,
                now() + make_interval(secs => CAST(:seconds AS float)))
    )
    SELECT 1
    """
)
NAMED = composed(
    """
    INSERT INTO workspace_recipients (tenant_id, workspace_id, user_id, position)
    VALUES (:tenant_id, :workspace_id, :user_id, :position)
    """
)
READABLE = composed("SELECT unnest({readable}) AS id")
Case = tuple[str | None, float | None, frozenset[int], bool]
CASES = st.lists(
    st.tuples(
        st.sampled_from([None, "active", "expired", "revoked"]),
        st.sampled_from([None, -3600.0, -0.001, 3600.0]),
        st.frozensets(st.integers(0, 2)),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


async def stage(db: Database, services: Services, owner: Viewer, people: list[Viewer], cases: list[Case]) -> list[UUID]:
    """Workspaces with these shares: status, when it ends, who is named, whether the workspace is deleted in the end."""
    made = []
    for status, seconds, named, deleted in cases:
        place = await make_empty(services, owner)
        made.append(place.id)
        if status is not None:
            about: dict[str, Any] = {"tenant_id": owner.tenant_id, "workspace_id": place.id}
            await db.fetch(RECORD, **about, id=uuid7(utc_now()), status=status, seconds=seconds)
            for at in named:
                await db.fetch(NAMED, **about, user_id=people[at].user_id, position=at)
        if deleted:
            await services.workspace_life.delete(owner, str(place.id))
    return made


def is_live(case: Case) -> bool:
    """Whether a share lets its recipients read."""
    status, seconds, _, _ = case
    return status == "active" and (seconds is None or seconds > 0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=CASES)
async def test_the_policy_equals_each_of_its_twins(db: Database, services: Services, cases: list[Case]) -> None:
    tenant = uuid4().hex
    owner = await make_viewer(db, tenant=tenant)
    people = [await make_viewer(db, tenant=tenant, email=f"p{at}@example.com") for at in range(3)]
    foreigner = await make_viewer(db, tenant=uuid4().hex, email="p0@example.com")
    places = await stage(db, services, owner, people, cases)
    tenant_id = owner.tenant_id
    readers = await visibility.readers_of(db, tenant_id, places)
    for viewer in (owner, *people, foreigner):
        expected = frozenset(
            place for place, case in zip(places, cases, strict=True) if policy_says(viewer, owner, people, case)
        )
        known = await workspaces.facts(db, viewer.tenant_id, viewer.user_id, places)
        bound = {
            row.id: WorkspaceBound(tenant_id=viewer.tenant_id, owner_id=row.owner_id, recipient=recipient)
            for row, recipient in known
        }
        assert {id for id, thing in bound.items() if sees(viewer, thing)} == expected
        assert {id for id, thing in bound.items() if can(viewer, Action.READ, thing)} == expected
        mine = expected if viewer is owner else frozenset()
        for action in (Action.WRITE, Action.SHARE):
            assert {id for id, thing in bound.items() if can(viewer, action, thing)} == mine
        assert {id for id, thing in bound.items() if can(viewer, Action.LEAVE, thing)} == expected
        readable = await db.fetch(READABLE, tenant_id=viewer.tenant_id, user_id=viewer.user_id)
        assert {row["id"] for row in readable} == expected
        # Of the log, an owner goes on reading that of what they deleted.
        log = expected | (frozenset(places) if viewer is owner else frozenset())
        ours = viewer.tenant_id == tenant_id
        assert {place for place in places if ours and (viewer.user_id, place) in readers.pairs} == log
        assert {place for place in places if (viewer.user_id, place) in readers.owners} == (
            frozenset(places) if viewer is owner else frozenset()
        )
        asked = [(viewer.tenant_id, viewer.user_id, place) for place in places]
        lost = dict(await visibility.no_longer(db, asked))
        assert {place for _, _, place in lost} == frozenset(places) - expected
        assert {place for (_, _, place), left_behind in lost.items() if left_behind} == log - expected
        seen, _ = await events.read_after(db, viewer.tenant_id, viewer.user_id, 0, Range(), most=999)
        assert {event.workspace_id for event in seen} == log
        assert await events.count(db, viewer.tenant_id, viewer.user_id, Range()) == len(seen)


def policy_says(viewer: Viewer, owner: Viewer, people: list[Viewer], case: Case) -> bool:
    """Who reads a workspace, in plain Python."""
    if case[3]:
        return False
    return viewer is owner or any(viewer is people[at] for at in case[2] if is_live(case))
