"""Who calls and how: credentials, pages of other sites, paths and methods that are not there."""

import httpx
import pytest

from tests.contract.published_workspaces import OPERATIONS
from tests.contract.workspaces_caller import WorkspacesCaller

BASE = "/api/v1/workspaces"


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/api/v1", 404, "Not Found"),
        ("GET", "/api/v1/nothing", 404, "Not Found"),
        ("POST", f"{BASE}/", 404, "Not Found"),
        ("GET", f"{BASE}/shared/nothing", 404, "Not Found"),
        ("GET", f"{BASE}//data", 404, "Not Found"),
        ("PUT", BASE, 405, "Method Not Allowed"),
        ("POST", f"{BASE}/shared", 405, "Method Not Allowed"),
        ("DELETE", f"{BASE}/table-candidates", 405, "Method Not Allowed"),
    ],
)
async def test_what_is_not_there_is_said_in_the_frameworks_words(
    client: WorkspacesCaller, method: str, path: str, status: int, detail: str
) -> None:
    answer = await client.http.request(method, client.server.http + path)
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})
    assert ("allow" in answer.headers) is (status == 405)


async def test_the_first_credential_that_is_there_decides(client: WorkspacesCaller) -> None:
    url, key = client.server.http + BASE, client.server.key
    for headers, status in (
        ({"authorization": f"bearer {key}"}, 200),
        ({"x-api-key": key}, 200),
        ({"cookie": f"vai_token={key}"}, 200),
        ({"authorization": "Bearer wrong", "x-api-key": key}, 401),
        ({"authorization": f"Basic {key}", "x-api-key": key}, 401),
        ({"x-api-key": "wrong", "cookie": f"vai_token={key}"}, 401),
        ({"cookie": "vai_token=wrong"}, 401),
        ({}, 401),
    ):
        answer = await client.http.get(url, headers=headers)
        assert answer.status_code == status, headers
        if status == 401:
            assert (answer.json()["code"], answer.json()["context"]) == ("unauthenticated", None)
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_only_a_cookie_is_refused_to_pages_of_other_sites_and_only_for_changes(client: WorkspacesCaller) -> None:
    url, key = client.server.http + BASE, client.server.key
    cookie, body = {"cookie": f"vai_token={key}"}, {"title": "w"}
    for origin, headers, status in (
        ("https://evil.example", cookie, 403),
        ("null", cookie, 403),
        (client.server.http, cookie, 201),
        ("https://app.example", {"x-api-key": key}, 201),
        ("https://app.example", {**cookie, "authorization": f"Bearer {key}"}, 201),
    ):
        answer = await client.http.post(url, json=body, headers={**headers, "origin": origin})
        assert answer.status_code == status
    evil = {**cookie, "origin": "https://evil.example"}
    assert (await client.http.get(url, headers=evil)).status_code == 200


async def test_all_problems_of_a_call_are_told_at_once_before_anything_is_looked_up(client: WorkspacesCaller) -> None:
    url = f"{client.server.http}{BASE}/no/charts/id/position"
    answer = await client.http.patch(url, json={"position": "x"}, headers={"x-api-key": client.server.key})
    assert answer.status_code == 422
    assert answer.json()["detail"] == [
        {"loc": ["path", "workspace_id"], "msg": "'no' is no UUID.", "type": "uuid_parsing"},
        {"loc": ["path", "chart_id"], "msg": "'id' is no UUID.", "type": "uuid_parsing"},
        {"loc": ["body", "position"], "msg": "'x' is no integer.", "type": "int_parsing"},
    ]


async def test_the_page_of_documentation_shows_every_operation(client: WorkspacesCaller) -> None:
    page = (await client.http.get(f"{client.server.http}/docs")).text
    assert "<h2>workspaces</h2>" in page and "<h2>tasks</h2>" in page
    for operation in OPERATIONS.values():
        assert operation["path"] in page and f'id="{operation["operationId"]}"' in page
    described = httpx.Response(200, content=(await client.http.get(f"{client.server.http}/openapi.json")).content)
    assert {o["path"] for o in OPERATIONS.values()} <= described.json()["paths"].keys()
