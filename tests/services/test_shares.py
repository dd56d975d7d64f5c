"""A share is replaced whole, ended, removed and left; who may read is decided when it is read."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.credentials import Scope
from app.domain.access.policy import Action
from app.domain.access.viewer import Viewer
from app.domain.errors import BadInput, Forbidden, NotFound
from app.domain.invalid import InvalidInput
from app.domain.sharing.share import RECIPIENTS_MAX
from app.services.registry import Services
from app.services.shares import Shared, ShareDraft
from app.storage import events
from app.storage.events import Range
from tests.services.test_workspaces import log
from tests.support.grid import make_empty, unchanged
from tests.support.people import make_viewer
from tests.support.sharing import expire

NOBODY = "01900000-0000-7000-8000-000000000000"


def facts(found: Shared) -> tuple[str, str | None, list[str]]:
    """State, status and the addresses of the recipients."""
    status = None if found.share.status is None else found.share.status.value
    return found.share.state.value, status, [user.email for user in found.recipients]


async def reads(services: Services, viewer: Viewer, id: str) -> bool:
    """Whether the workspace can be read."""
    try:
        await services.access.workspace(viewer, UUID(id), Action.READ)
    except NotFound:
        return False
    return True


async def test_a_share_lives_and_dies(db: Database, services: Services, viewer: Viewer, colleague: Viewer) -> None:
    place = await make_empty(services, viewer)
    id, named = str(place.id), [str(colleague.user_id)]
    shares = services.shares
    assert facts(await shares.get(viewer, id)) == ("not_shared", None, [])
    none = (await shares.get(viewer, id)).share
    assert (none.id, none.expires_at, none.created_at, none.updated_at) == (None, None, None, None)

    await shares.put(viewer, id, ShareDraft(recipient_user_ids=named))
    first = await shares.get(viewer, id)
    assert facts(first) == ("shared", "active", ["colleague@example.com"])
    assert await reads(services, colleague, id)

    await expire(db, place.id)
    assert facts(await shares.get(viewer, id)) == ("expired", "expired", ["colleague@example.com"])
    assert not await reads(services, colleague, id)

    ends = utc_now() + timedelta(hours=1)
    await shares.put(viewer, id, ShareDraft(recipient_user_ids=named, expires_at=ends))
    second = await shares.get(viewer, id)
    assert facts(second) == ("shared", "active", ["colleague@example.com"])
    assert (second.share.id, second.share.created_at) == (first.share.id, first.share.created_at)
    assert second.share.expires_at == ends
    assert await reads(services, colleague, id)

    assert (await shares.revoke(viewer, id)).sequence is not None
    assert facts(await shares.get(viewer, id)) == ("revoked", "revoked", ["colleague@example.com"])
    assert not await reads(services, colleague, id)
    async with unchanged(db):
        assert (await shares.revoke(viewer, id)).sequence is None

    await shares.put(viewer, id, ShareDraft(recipient_user_ids=named))
    third = await shares.get(viewer, id)
    assert (facts(third)[0], third.share.id, third.share.expires_at) == ("shared", first.share.id, None)

    assert (await shares.clear(viewer, id)).sequence is not None
    assert facts(await shares.get(viewer, id)) == ("not_shared", None, [])
    assert not await reads(services, colleague, id)
    async with unchanged(db):
        assert (await shares.clear(viewer, id)).sequence is None
        with pytest.raises(NotFound) as refusal:
            await shares.revoke(viewer, id)
    assert refusal.value.facts["reason"] == "share_not_found"
    told = [
        (type, payload.get("state"), payload.get("recipientCount")) for type, payload in await log(db, viewer, place)
    ]
    assert told[1:] == [
        ("workspace.shared", "shared", 1),
        ("workspace.shared", "shared", 1),
        ("workspace.share_revoked", "revoked", 1),
        ("workspace.shared", "shared", 1),
        ("workspace.share_cleared", "not_shared", 0),
    ]


async def test_recipients_are_users_once_each_and_never_the_owner(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    other = await make_viewer(db, email="another@example.com")
    id = str((await make_empty(services, viewer)).id)
    given = [other, viewer, colleague, other, colleague]
    await services.shares.put(viewer, id, ShareDraft(recipient_user_ids=[str(one.user_id) for one in given]))
    found = await services.shares.get(viewer, id)
    assert [user.email for user in found.recipients] == ["another@example.com", "colleague@example.com"]
    await services.shares.put(viewer, id, ShareDraft(recipient_user_ids=[str(viewer.user_id)]))
    empty = await services.shares.get(viewer, id)
    assert (facts(empty), empty.share.is_live) == (("shared", "active", []), False)


async def test_every_unknown_recipient_is_named(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    id = str((await make_empty(services, viewer)).id)
    given = [str(colleague.user_id), NOBODY, "nonsense", str(outsider.user_id), "\0", "\ud800"]
    async with unchanged(db):
        with pytest.raises(InvalidInput) as refusal:
            await services.shares.put(viewer, id, ShareDraft(recipient_user_ids=given))
    assert [problem.loc for problem in refusal.value.problems] == [("recipientUserIds", at) for at in range(1, 6)]
    async with unchanged(db):
        with pytest.raises(BadInput, match=str(RECIPIENTS_MAX)):
            await services.shares.put(viewer, id, ShareDraft(recipient_user_ids=[NOBODY] * (RECIPIENTS_MAX + 1)))


async def test_a_share_cannot_end_before_it_begins(db: Database, services: Services, viewer: Viewer) -> None:
    id = str((await make_empty(services, viewer)).id)
    for ends in (utc_now(), utc_now() - timedelta(days=1)):
        async with unchanged(db):
            with pytest.raises(InvalidInput) as refusal:
                await services.shares.put(viewer, id, ShareDraft(expires_at=ends))
        assert [problem.loc for problem in refusal.value.problems] == [("expiresAt",)]


async def test_a_recipient_leaves_and_the_owner_sees_it(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    other = await make_viewer(db, email="another@example.com")
    place = await make_empty(services, viewer)
    id = str(place.id)
    both = [str(colleague.user_id), str(other.user_id)]
    await services.shares.put(viewer, id, ShareDraft(recipient_user_ids=both))
    done = await services.shares.clear(colleague, id)
    assert (done.workspace, done.sequence is not None) == (None, True)
    assert facts(await services.shares.get(viewer, id)) == ("shared", "active", ["another@example.com"])
    assert (await reads(services, colleague, id), await reads(services, other, id)) == (False, True)
    [_, _, (type, payload)] = await log(db, viewer, place)
    assert (type, payload["leftUserId"], payload["state"]) == ("workspace.share_cleared", both[0], "shared")
    seen, _ = await events.read_after(db, viewer.tenant_id, other.user_id, 0, Range(workspace_id=place.id), most=9)
    assert [event.type.value for event in seen] == ["workspace.created"]
    async with unchanged(db):
        with pytest.raises(NotFound):
            await services.shares.clear(colleague, id)


async def test_what_a_recipient_may_not_do(db: Database, services: Services, viewer: Viewer, colleague: Viewer) -> None:
    id = str((await make_empty(services, viewer)).id)
    await services.shares.put(viewer, id, ShareDraft(recipient_user_ids=[str(colleague.user_id)]))
    reader = await make_viewer(db, email=colleague.email, scopes=frozenset({Scope.READ}))
    for attempt in (
        services.shares.get(colleague, id),
        services.shares.put(colleague, id, ShareDraft()),
        services.shares.revoke(colleague, id),
        services.shares.clear(reader, id),
    ):
        async with unchanged(db):
            with pytest.raises(Forbidden):
                await attempt


async def test_many_at_once_leave_one_whole_share(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    other = await make_viewer(db, email="another@example.com")
    place = await make_empty(services, viewer)
    drafts = [ShareDraft(recipient_user_ids=[str(who.user_id)]) for who in (colleague, other)] * 5
    await asyncio.gather(*[services.shares.put(viewer, str(place.id), draft) for draft in drafts])
    found = await services.shares.get(viewer, str(place.id))
    assert (len(found.recipients), found.share.recipient_count) == (1, 1)
    assert len(await log(db, viewer, place)) == 11
