"""Who may call: scopes, other tenants, cookies of other sites' pages, wrong methods; and the page of documentation."""

from collections.abc import AsyncIterator

import pytest

from app.domain.access.credentials import Scope
from app.domain.access.viewer import Viewer
from app.main import App
from tests.contract.caller import Caller
from tests.contract.published import OPERATIONS
from tests.support.listening import listening
from tests.support.people import make_viewer


@pytest.fixture
async def caller(app: App) -> AsyncIterator[Caller]:
    """A client of a server of its own."""
    async with listening(app) as server:
        found = Caller(server)
        yield found
        await found.http.aclose()


async def key_of(caller: Caller, viewer: Viewer, scopes: frozenset[Scope] | None) -> str:
    """A new key of a viewer."""
    identity = caller.server.app.services.identity
    made = await identity.create_key(viewer, name="k", user_id=None, scopes=scopes, expires_at=None)
    return str(made.secret)


async def test_another_tenant_sees_nothing(caller: Caller) -> None:
    task, run = await caller.running()
    outsider = await make_viewer(caller.server.app.db, tenant="other", email="outsider@example.com")
    caller.key = await key_of(caller, outsider, None)
    for id, operation in OPERATIONS.items():
        if operation["method"] == "GET" and operation["path_params"]:
            await caller.call(id, 404, run if "run" in operation["path"].split("/")[2] else task)
    assert await caller.call("listTasks", 200) == {"tasks": []}
    assert (await caller.call("getTaskDashboard", 200))["dashboard"]["totals"]["tasks_total"] == 0
    await caller.call("cancelTask", 404, task)
    await caller.call("cancelTaskRun", 404, run)


async def test_a_cookie_from_a_page_of_another_site_changes_nothing(caller: Caller) -> None:
    server = caller.server
    url, body = f"{server.http}/api/tasks", {"title": "t", "scope": "global"}
    own = server.http
    for origin, status in (("https://evil.example", 403), ("null", 403), (own, 201)):
        headers = {"cookie": f"vai_token={server.key}", "origin": origin}
        assert (await caller.http.post(url, json=body, headers=headers)).status_code == status
    headers = {"x-api-key": server.key, "origin": "https://app.example"}
    assert (await caller.http.post(url, json=body, headers=headers)).status_code == 201


async def test_a_wrong_method_says_which_are_right(caller: Caller) -> None:
    answer = await caller.http.put(f"{caller.server.http}/api/tasks")
    assert (answer.status_code, answer.headers["allow"], answer.json()) == (
        405,
        "GET, POST",
        {"error": "Use GET, POST."},
    )


@pytest.mark.parametrize("path", ["/api/tasks/", "/api/tasks/%0D/tree", "/api/tasks//runs", "/api/tasks/a/nothing"])
async def test_a_path_that_names_nothing_is_unknown_in_the_same_words(caller: Caller, path: str) -> None:
    answer = await caller.http.get(caller.server.http + path, headers={"x-api-key": caller.server.key})
    assert (answer.status_code, list(answer.json())) == (404, ["error"])


async def test_the_description_and_its_page_need_no_key_and_the_page_loads_nothing(caller: Caller) -> None:
    described = await caller.http.get(f"{caller.server.http}/openapi.json")
    assert described.json()["openapi"] == "3.1.0"
    page = await caller.http.get(f"{caller.server.http}/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'nonce-")
    assert "http://" not in page.text and "https://" not in page.text and "<script" not in page.text
    for operation in OPERATIONS.values():
        assert operation["path"] in page.text


@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE])
async def test_a_key_does_what_its_scope_says(caller: Caller, scope: Scope) -> None:
    task = await caller.task()
    viewer = await make_viewer(caller.server.app.db, tenant="default")
    caller.key = await key_of(caller, viewer, frozenset({scope}))
    reads, writes = (200, 403) if scope is Scope.READ else (403, 200)
    await caller.call("getTask", reads, task)
    await caller.call("updateTask", writes, task, json={"title": "n"})
