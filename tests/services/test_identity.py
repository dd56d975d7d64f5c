"""Who there is and who may ask: the first user, users, keys, and every refusal changes nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.clock import utc_now
from app.db.engine import Database
from app.domain.access.credentials import ALL_SCOPES, Scope, Secret, digest_of
from app.domain.access.viewer import UserRole, Viewer
from app.domain.errors import BadInput, Conflict, Forbidden, NotFound, Unauthenticated
from app.main import build_services
from app.services.identity import KeyMade
from app.services.registry import Services
from app.storage.statements import composed
from tests.services.test_leases import changes_nothing
from tests.support.log import counts
from tests.support.people import make_viewer

KEYS = composed(
    """SELECT k.id, k.key_hash, k.prefix, k.name, k.scopes, k.last_used_at, k.revoked_at
         FROM api_keys k ORDER BY k.created_at"""
)
AGE = composed("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = :id")
TENANTS = composed("SELECT name FROM tenants ORDER BY name")
NOWHERE = "01900000-0000-7000-8000-000000000000"


async def key_of(services: Services, viewer: Viewer, **given: Any) -> KeyMade:
    """A new key."""
    return await services.identity.create_key(
        viewer, **{"name": "key", "user_id": None, "scopes": None, "expires_at": None, **given}
    )


async def caller(services: Services, secret: Secret) -> Viewer:
    """Who a key is taken for."""
    found = await services.auth.viewer(api_key=secret)
    assert found is not None
    return found


# The first user


async def test_the_first_start_makes_one_owner_and_one_key(db: Database, services: Services) -> None:
    secret = await services.identity.bootstrap(None)
    assert secret is not None
    owner = await caller(services, secret)
    assert (owner.email, owner.role, owner.scopes) == ("owner@example.com", UserRole.ADMIN, ALL_SCOPES)
    before = await counts(db)
    assert (before["users"], before["api_keys"]) == (1, 1)
    assert [row["name"] for row in await db.fetch(TENANTS)] == ["default"]
    for again in (None, "another-key-0001"):
        assert await services.identity.bootstrap(again) is None
    assert await counts(db) == before


async def test_the_operators_key_is_the_first_key(db: Database, services: Services) -> None:
    assert await services.identity.bootstrap("operators-key-0001") == "operators-key-0001"
    assert (await caller(services, Secret("operators-key-0001"))).email == "owner@example.com"
    [kept] = await db.fetch(KEYS)
    assert (kept["key_hash"], kept["prefix"]) == (digest_of("operators-key-0001"), "oper")


@pytest.mark.parametrize("secret", ["short", "x" * 513, "has a blank", "sch\u00fcssel-0001", ""])
async def test_a_first_key_that_cannot_be_carried_is_refused(db: Database, services: Services, secret: str) -> None:
    await changes_nothing(db, services.identity.bootstrap(secret), BadInput)
    assert await db.fetch(TENANTS) == []


async def test_of_many_first_starts_one_makes_the_owner(dsn: str, db: Database, services: Services) -> None:
    others = [Database(dsn) for _ in range(3)]
    for one in others:
        await one.open()
    try:
        everywhere = [services, *[build_services(one) for one in others]]
        made = await asyncio.gather(*[each.identity.bootstrap(None) for each in everywhere for _ in range(3)])
        assert sum(one is not None for one in made) == 1
        found = await counts(db)
        assert (found["users"], found["api_keys"]) == (1, 1)
    finally:
        for one in others:
            await one.close()


async def test_operators_make_keys_for_tenants_and_users_that_are_missing(db: Database, services: Services) -> None:
    first = await caller(services, await services.identity.owner_key("acme", " Ann@Example.com "))
    again = await caller(services, await services.identity.owner_key("acme", "ann@example.com"))
    other = await caller(services, await services.identity.owner_key("other", "ann@example.com"))
    assert (first.email, first.role) == ("ann@example.com", UserRole.ADMIN)
    assert (again.user_id, again.tenant_id) == (first.user_id, first.tenant_id)
    assert other.tenant_id != first.tenant_id
    found = await counts(db)
    assert (found["users"], found["api_keys"]) == (2, 3)


@pytest.mark.parametrize(
    ("tenant", "email"),
    [("", "a@b"), ("Acme", "a@b"), ("a/b", "a@b"), ("x" * 64, "a@b"), ("acme", "nobody"), ("acme", "")],
)
async def test_operators_are_told_what_they_got_wrong(
    db: Database, services: Services, tenant: str, email: str
) -> None:
    await changes_nothing(db, services.identity.owner_key(tenant, email), BadInput)
    assert await db.fetch(TENANTS) == []


# Users


async def test_an_administrator_makes_users(db: Database, services: Services, viewer: Viewer) -> None:
    made = await services.identity.create_user(
        viewer, email=" New@Example.COM ", first_name=" Ann ", last_name="", role=UserRole.MEMBER
    )
    assert (made.email, made.first_name, made.last_name, made.role) == ("new@example.com", "Ann", None, UserRole.MEMBER)
    again = services.identity.create_user(
        viewer, email="NEW@example.com", first_name=None, last_name=None, role=UserRole.ADMIN
    )
    assert (await changes_nothing(db, again, Conflict)).field == "email"


async def test_an_address_may_be_used_once_in_each_tenant(services: Services, viewer: Viewer, outsider: Viewer) -> None:
    async def ask(who: Viewer) -> object:
        return await services.identity.create_user(
            who, email="same@example.com", first_name=None, last_name=None, role=UserRole.MEMBER
        )

    told = await asyncio.gather(ask(viewer), ask(outsider), *[ask(viewer) for _ in range(5)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Conflict"] * 5 + ["UserRow"] * 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "@example.com"}, "email"),
        ({"email": "a@"}, "email"),
        ({"email": "a b@example.com"}, "email"),
        ({"email": "a@b@c"}, "email"),
        ({"email": '"a"@example.com'}, "email"),
        ({"email": "a\x00@example.com"}, "email"),
        ({"email": "\ud800@example.com"}, "email"),
        ({"email": "x" * 65 + "@example.com"}, "email"),
        ({"email": "a@" + "x" * 250}, "email"),
        ({"first_name": "x" * 256}, "firstName"),
        ({"last_name": "\x00"}, "lastName"),
    ],
    ids=lambda part: str(part)[:30],
)
async def test_a_user_that_breaks_a_rule_is_refused(
    db: Database, services: Services, viewer: Viewer, given: dict[str, Any], field: str
) -> None:
    asked = {"email": "new@example.com", "first_name": None, "last_name": None, "role": UserRole.MEMBER, **given}
    told = await changes_nothing(db, services.identity.create_user(viewer, **asked), BadInput)
    assert told.field == field


async def test_only_an_administrator_with_an_administrators_key_makes_users(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    without = await make_viewer(db, scopes=frozenset({Scope.READ, Scope.WRITE, Scope.WORK}))
    for who in (colleague, without):
        asked = services.identity.create_user(
            who, email="new@example.com", first_name=None, last_name=None, role=UserRole.ADMIN
        )
        await changes_nothing(db, asked, Forbidden)


# Keys


async def test_a_key_is_shown_once_and_kept_as_its_digest(db: Database, services: Services, viewer: Viewer) -> None:
    made = await key_of(services, viewer, name="  laptop ")
    assert (made.row.name, made.row.user_id, made.secret[:12]) == ("laptop", viewer.user_id, made.row.prefix)
    assert (made.secret[:4], len(made.secret) >= 40, repr(made.secret)) == ("tlk_", True, "Secret(***)")
    [kept] = await db.fetch(KEYS)
    assert (kept["key_hash"], kept["prefix"], sorted(kept["scopes"])) == (
        digest_of(made.secret),
        made.secret[:12],
        sorted(ALL_SCOPES),
    )
    who = await caller(services, made.secret)
    assert (who.user_id, who.tenant_id, who.role, who.scopes) == (
        viewer.user_id,
        viewer.tenant_id,
        UserRole.ADMIN,
        ALL_SCOPES,
    )


async def test_no_two_keys_are_alike(services: Services, viewer: Viewer) -> None:
    made = await asyncio.gather(*[key_of(services, viewer) for _ in range(20)])
    assert len({one.secret for one in made}) == 20


async def test_a_key_may_give_less_than_the_one_that_makes_it(services: Services, viewer: Viewer) -> None:
    worker = await caller(services, (await key_of(services, viewer, scopes=[Scope.WORK, Scope.READ])).secret)
    assert worker.scopes == {Scope.WORK, Scope.READ}
    same = await caller(services, (await key_of(services, worker)).secret)
    assert same.scopes == {Scope.WORK, Scope.READ}


async def test_a_key_never_gives_more_than_the_one_that_makes_it(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer
) -> None:
    worker = await caller(services, (await key_of(services, viewer, scopes=[Scope.WORK])).secret)
    for scopes in ([Scope.READ], [Scope.WORK, Scope.ADMIN], list(Scope)):
        await changes_nothing(db, key_of(services, worker, scopes=scopes), Forbidden)
    # Nor by way of a key of somebody else.
    await changes_nothing(db, key_of(services, worker, user_id=str(colleague.user_id)), Forbidden)


async def test_an_administrator_makes_keys_for_others(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    theirs = await caller(services, (await key_of(services, viewer, user_id=str(colleague.user_id))).secret)
    assert (theirs.user_id, theirs.role) == (colleague.user_id, UserRole.MEMBER)
    await changes_nothing(db, key_of(services, colleague, user_id=str(viewer.user_id)), Forbidden)
    foreign = await changes_nothing(db, key_of(services, viewer, user_id=str(outsider.user_id)), NotFound)
    unknown = await changes_nothing(db, key_of(services, viewer, user_id=NOWHERE), NotFound)
    assert foreign.message.replace(str(outsider.user_id), NOWHERE) == unknown.message
    await changes_nothing(db, key_of(services, viewer, user_id="x"), NotFound)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"expires_at": utc_now() - timedelta(seconds=1)}, "expiresAt"),
    ],
    ids=lambda part: str(part)[:20],
)
async def test_a_key_that_breaks_a_rule_is_refused(
    db: Database, services: Services, viewer: Viewer, given: dict[str, Any], field: str
) -> None:
    assert (await changes_nothing(db, key_of(services, viewer, **given), BadInput)).field == field


@pytest.mark.parametrize("moment", [datetime(9999, 12, 30, tzinfo=UTC), utc_now() + timedelta(days=365)])
async def test_a_key_ends_when_it_was_said_to(
    db: Database, services: Services, viewer: Viewer, moment: datetime
) -> None:
    made = await key_of(services, viewer, expires_at=moment)
    assert made.row.expires_at == moment
    await caller(services, made.secret)
    await db.fetch(AGE, id=made.row.id)
    with pytest.raises(Unauthenticated, match="expired"):
        await build_services(db).auth.viewer(api_key=made.secret)


async def test_an_expired_key_is_remembered_for_two_seconds_at_most(
    db: Database, services: Services, viewer: Viewer
) -> None:
    made = await key_of(services, viewer, expires_at=utc_now() + timedelta(hours=1))
    await caller(services, made.secret)
    await db.fetch(AGE, id=made.row.id)
    await caller(services, made.secret)
    services.auth._known = type(services.auth._known)(
        (digest, type(known)(known.viewer, known.until - 2)) for digest, known in services.auth._known.items()
    )
    with pytest.raises(Unauthenticated, match="expired"):
        await caller(services, made.secret)


async def test_a_revoked_key_opens_nothing_at_once_and_stays_revoked(
    db: Database, services: Services, viewer: Viewer
) -> None:
    made = await key_of(services, viewer)
    await caller(services, made.secret)
    revoked = await services.identity.revoke_key(viewer, str(made.row.id))
    assert revoked.revoked_at is not None
    with pytest.raises(Unauthenticated, match="revoked"):
        await caller(services, made.secret)
    assert (await services.identity.revoke_key(viewer, str(made.row.id))).revoked_at == revoked.revoked_at


async def test_one_revokes_ones_own_keys_and_administrators_any_of_the_tenant(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer
) -> None:
    mine, theirs = await key_of(services, viewer), await key_of(services, colleague)

    async def refused(who: Viewer, id: str) -> str:
        before = [dict(row) for row in await db.fetch(KEYS)]
        with pytest.raises(NotFound) as told:
            await services.identity.revoke_key(who, id)
        assert [dict(row) for row in await db.fetch(KEYS)] == before
        return told.value.message.replace(id, "X")

    unknown = await refused(viewer, NOWHERE)
    assert await refused(colleague, str(mine.row.id)) == unknown
    assert await refused(outsider, str(mine.row.id)) == unknown
    await refused(viewer, "x")
    await services.identity.revoke_key(viewer, str(theirs.row.id))
    await services.identity.revoke_key(colleague, str(theirs.row.id))


@pytest.mark.parametrize(
    "carried",
    [
        {"authorization": "Bearer unknown-0001"},
        {"api_key": "unknown-0001"},
        {"cookie": "unknown-0001"},
        {"api_key": ""},
    ],
)
async def test_a_credential_that_does_not_hold_is_refused(services: Services, carried: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        await services.auth.viewer(**carried)


async def test_without_any_credential_there_is_nobody(services: Services) -> None:
    assert await services.auth.viewer() is None


async def test_a_keys_use_is_written_down_once_for_many_calls(db: Database, services: Services, viewer: Viewer) -> None:
    used, unused = await key_of(services, viewer), await key_of(services, viewer)
    for _ in range(5):
        await caller(services, used.secret)
    before = db.statements
    await services.auth.note_use()
    await services.auth.note_use()
    assert db.statements == before + 1
    noted = {row["id"]: row["last_used_at"] is not None for row in await db.fetch(KEYS)}
    assert noted == {used.row.id: True, unused.row.id: False}


async def test_a_busy_key_costs_no_statement_a_call(db: Database, services: Services, viewer: Viewer) -> None:
    made = await key_of(services, viewer)
    await caller(services, made.secret)
    before = db.statements
    for _ in range(100):
        await caller(services, made.secret)
    assert db.statements == before
