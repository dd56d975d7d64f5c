"""Who may ask over HTTP: every way to carry a key, every way in which one does not hold."""

from datetime import timedelta

import httpx
import pytest

from app.clock import utc_now
from app.domain.access.credentials import Scope
from app.domain.access.viewer import Viewer
from app.storage.statements import composed
from tests.support.answers import refusal
from tests.support.listening import Listening
from tests.support.people import make_viewer

QUERY = {"query": "{ viewer { user { email } scopes } }"}
CREATE = {"query": 'mutation { createTask(input: {title: "t", scope: GLOBAL}) { task { id } } }'}
AGE = composed("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE tenant_id = :tenant_id AND id = :id")


@pytest.fixture(scope="module")
async def owner(site: Listening) -> Viewer:
    """The first user, who makes keys for these tests."""
    return await make_viewer(site.app.db, tenant="default")


async def ask(site: Listening, headers: dict[str, str], body: object = None) -> httpx.Response:
    """A POST with these headers and no others."""
    async with httpx.AsyncClient() as client:
        return await client.post(f"{site.http}/graphql", json=body or QUERY, headers=headers)


def email_of(response: httpx.Response) -> str:
    """Who the server took the caller for."""
    assert response.status_code == 200, response.text
    found: str = response.json()["data"]["viewer"]["user"]["email"]
    return found


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer KEY"},
        {"authorization": "bearer KEY"},
        {"authorization": "BEARER   KEY"},
        {"x-api-key": "KEY"},
        {"cookie": "vai_token=KEY"},
        {"cookie": "other=1; vai_token=KEY; more=2"},
    ],
    ids=str,
)
async def test_a_key_may_be_carried_in_three_ways(site: Listening, headers: dict[str, str]) -> None:
    sent = {name: value.replace("KEY", site.key) for name, value in headers.items()}
    assert email_of(await ask(site, sent)) == "owner@example.com"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Basic b3duZXI6eA=="},
        {"authorization": "KEY"},
        {"authorization": "Token KEY"},
        {"authorization": "Bearer KEYx"},
        {"authorization": "Bearer unknown-key-0001"},
        {"authorization": "Bearer " + "x" * 2_000},
        {"authorization": "Bearer sch\u00fcssel"},
        {"x-api-key": ""},
        {"x-api-key": "KEYx"},
        {"x-api-key": "Bearer KEY"},
        {"cookie": "vai_token="},
        {"cookie": "vai_token=KEYx"},
        {"cookie": "token=KEY"},
        # The first credential that is there decides, in this order: header, X-API-Key, cookie.
        {"authorization": "", "x-api-key": "KEY"},
        {"authorization": "Bearer KEYx", "x-api-key": "KEY", "cookie": "vai_token=KEY"},
        {"authorization": "Basic KEY", "x-api-key": "KEY"},
        {"x-api-key": "KEYx", "cookie": "vai_token=KEY"},
        {"x-api-key": "", "cookie": "vai_token=KEY"},
    ],
    ids=lambda headers: str(headers)[:80],
)
async def test_without_a_key_that_holds_nothing_is_answered(site: Listening, headers: dict[str, str]) -> None:
    sent = [(n, v.replace("KEY", site.key).encode("latin-1")) for n, v in headers.items()]
    async with httpx.AsyncClient() as client:
        response = await client.post(f"{site.http}/graphql", json=QUERY, headers=sent)  # type: ignore[arg-type]  # bytes
    refusal(response, 401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == 'Bearer realm="taskloom"'
    assert site.key not in response.text


async def test_the_first_credential_that_is_there_decides(site: Listening, owner: Viewer) -> None:
    made = await site.app.services.identity.create_user(
        owner, email="second@example.com", first_name=None, last_name=None, role=owner.role
    )
    other = await site.app.services.identity.create_key(
        owner, name="second", user_id=str(made.id), scopes=None, expires_at=None
    )
    mine, theirs = site.key, str(other.secret)
    for headers, email in (
        ({"authorization": f"Bearer {theirs}", "x-api-key": mine, "cookie": f"vai_token={mine}"}, "second"),
        ({"authorization": f"Bearer {mine}", "x-api-key": theirs}, "owner"),
        ({"x-api-key": theirs, "cookie": f"vai_token={mine}"}, "second"),
    ):
        assert email_of(await ask(site, headers)) == f"{email}@example.com"


async def test_a_revoked_key_opens_nothing_at_once(site: Listening, owner: Viewer) -> None:
    identity = site.app.services.identity
    made = await identity.create_key(owner, name="r", user_id=None, scopes=None, expires_at=None)
    headers = {"x-api-key": str(made.secret)}
    assert email_of(await ask(site, headers)) == "owner@example.com"
    await identity.revoke_key(owner, str(made.row.id))
    error = refusal(await ask(site, headers), 401, "UNAUTHENTICATED")
    assert "revoked" in error["message"]


async def test_an_expired_key_opens_nothing(site: Listening, owner: Viewer) -> None:
    made = await site.app.services.identity.create_key(
        owner, name="e", user_id=None, scopes=None, expires_at=utc_now() + timedelta(hours=1)
    )
    await site.app.db.fetch(AGE, tenant_id=owner.tenant_id, id=made.row.id)
    error = refusal(await ask(site, {"x-api-key": str(made.secret)}), 401, "UNAUTHENTICATED")
    assert "expired" in error["message"]


async def test_a_refused_caller_is_told_before_the_body_is_read(site: Listening) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(f"{site.http}/graphql", content=b"x" * 3_000_000)
    refusal(response, 401, "UNAUTHENTICATED")


async def test_a_key_without_the_scope_to_read_reads_nothing(site: Listening, owner: Viewer) -> None:
    made = await site.app.services.identity.create_key(
        owner, name="w", user_id=None, scopes=[Scope.WRITE], expires_at=None
    )
    headers = {"x-api-key": str(made.secret), "accept": "application/graphql-response+json"}
    refusal(await ask(site, headers), 400, "FORBIDDEN")
    created = await ask(site, headers, CREATE)
    assert created.json()["data"]["createTask"]["task"]["id"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1"])
async def test_a_page_of_another_origin_cannot_use_the_cookie(site: Listening, origin: str) -> None:
    before = (await site.graphql("{ tasks { totalCount } }"))["data"]["tasks"]["totalCount"]
    cookie = {"cookie": f"vai_token={site.key}", "origin": origin}
    refusal(await ask(site, cookie, CREATE), 403, "FORBIDDEN")
    assert (await site.graphql("{ tasks { totalCount } }"))["data"]["tasks"]["totalCount"] == before


async def test_a_page_of_this_origin_can(site: Listening) -> None:
    headers = {"cookie": f"vai_token={site.key}", "origin": site.http}
    assert email_of(await ask(site, headers)) == "owner@example.com"


async def test_a_key_in_a_header_is_no_business_of_the_origin(site: Listening) -> None:
    headers = {"x-api-key": site.key, "origin": "https://app.example", "cookie": "vai_token=stale"}
    assert email_of(await ask(site, headers)) == "owner@example.com"
