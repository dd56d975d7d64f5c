"""The workspaces API, operation by operation: what is documented is provoked, answers keep the published shape."""

from typing import Any

from app.domain.access.credentials import Scope
from app.web.rest.workspaces.table import OPERATIONS as DECLARED
from tests.contract.calling import UNKNOWN
from tests.contract.published_workspaces import OPERATIONS
from tests.contract.workspaces_caller import BODIES, WorkspacesCaller
from tests.contract.workspaces_walk import charts, creation, frozen, grid, life, live_grid, sharing, tags
from tests.contract.workspaces_work import bindings, runs, sessions

WITH_PATH = [id for id, o in OPERATIONS.items() if o["path_params"]]
READS = [id for id, o in OPERATIONS.items() if o["method"] == "GET"]


def id_of(path: str, method: str) -> str:
    """The short id of an operation that is declared."""
    return next(id for id, o in OPERATIONS.items() if (o["path"], o["method"]) == (path, method))


def places(id: str, first: str) -> list[str]:
    """Ids for a path: this workspace, and unknown things in it."""
    return [first, UNKNOWN, UNKNOWN][: len(OPERATIONS[id]["path_params"])]


async def test_every_declared_status_is_provoked_and_keeps_its_shape(client: WorkspacesCaller) -> None:
    c = client
    await transport(c)
    await scopes(c)
    for walk in (creation, life, frozen, grid, live_grid, charts, sharing, tags, bindings, runs, sessions):
        await walk(c)
    await without_a_database(c)
    declared = {(id_of(o.path, o.method), status) for o in DECLARED for status in (o.status, *o.errors)}
    left = {(id, status) for id, status in declared if status != 500} - c.seen
    # Nothing of this call can break a rule.
    assert left == {("list_workspace_table_candidates", 422)}


async def transport(c: WorkspacesCaller) -> None:
    for id, operation in OPERATIONS.items():
        path = places(id, UNKNOWN)
        key, c.key = c.key, None
        await c.call(id, 401, *path, json=BODIES.get(id))
        for headers in ({"authorization": "Basic x"}, {"authorization": "", "x-api-key": str(key)}):
            await c.call(id, 401, *path, json=BODIES.get(id), headers=headers)
        c.key = key
        for at in range(len(path)):
            wrong = [*path[:at], "nothing", *path[at + 1 :]]
            problems = (await c.call(id, 422, *wrong, json=BODIES.get(id)))["detail"]
            assert [one["loc"] for one in problems] == [["path", operation["path_params"][at]["name"]]]
            assert {one["type"] for one in problems} == {"uuid_parsing"}
        if path:
            refused = await c.call(id, 404, *path, json=BODIES.get(id))
            assert refused["code"] == "workspace_not_found"
        if id in BODIES:
            await bodies(c, id, path)
        await queries(c, id, path)


async def bodies(c: WorkspacesCaller, id: str, path: list[str]) -> None:
    async def problem(content: bytes) -> tuple[Any, str]:
        (one,) = (await c.call(id, 422, *path, content=content))["detail"]
        return one["loc"], one["type"]

    assert await problem(b"") == (["body"], "missing")
    assert await problem(b"[]") == (["body"], "model_attributes_type")
    assert await problem(b'{"a": }') == (["body", 6], "json_invalid")
    refused = await c.call(id, 413, *path, content=b" " * (1024 * 1024 + 1))
    assert refused["code"] == "body_too_large"
    needed = [name for name, one in OPERATIONS[id]["request"]["properties"].items() if one["required"] is True]
    if needed:
        problems = (await c.call(id, 422, *path, content=b"{}"))["detail"]
        assert sorted(one["loc"] for one in problems) == [["body", name] for name in sorted(needed)]
        assert {(one["type"], one["msg"]) for one in problems} == {("missing", "Field required")}


async def queries(c: WorkspacesCaller, id: str, path: list[str]) -> None:
    for parameter in OPERATIONS[id]["query"]:
        name, kind = parameter["name"], parameter.get("type")
        wrong = {"literal_error": "nonsense"} if "enum" in parameter else {}
        if kind == "integer":
            below = parameter["minimum"] - 1
            wrong = {"int_parsing": "x", "greater_than_equal": str(below), "int_parsing_size": "9" * 30}
            if "maximum" in parameter:
                wrong["less_than_equal"] = str(parameter["maximum"] + 1)
        for type, text in wrong.items():
            (one,) = (await c.call(id, 422, *path, query={name: text}))["detail"]
            assert (one["loc"], one["type"]) == (["query", name], type)


async def scopes(c: WorkspacesCaller) -> None:
    own = c.key
    _, reader = await c.person("owner@example.com", Scope.READ)
    _, writer = await c.person("owner@example.com", Scope.WRITE)
    workspace = await c.copy()
    chart = await c.chart(workspace)
    for id in OPERATIONS:
        c.key = writer if id in READS or id == "query_workspace_chart_data" else reader
        path = [workspace, chart if "chart_id" in OPERATIONS[id]["path"] else UNKNOWN]
        refused = await c.call(id, 403, *path[: len(places(id, workspace))], json=BODIES.get(id))
        assert refused["code"] == "forbidden"
        if id in READS:
            c.key = reader
            there = id not in ("get_workspace_run", "list_workspace_session_messages")
            await c.call(id, 200 if there else 404, *path[: len(places(id, workspace))])
    c.key = writer
    # Whoever may only write is shown what was written.
    for id in ("upsert_workspace_share", "set_workspace_tags", "update_workspace"):
        await c.call(id, 200, workspace, json={})
    c.key = own


async def without_a_database(c: WorkspacesCaller) -> None:
    await c.server.app.db.close()
    for id in OPERATIONS:
        await c.call(id, 503, *places(id, UNKNOWN), json=BODIES.get(id))
