"""The operations of the workspaces API with their values: a walk over what each means, and what it refuses."""

from typing import Any

from app.clock import utc_now
from tests.contract.calling import UNKNOWN
from tests.contract.workspaces_caller import BAR, PEOPLE, WorkspacesCaller

NOW = "2026-"
Problems = list[tuple[list[Any], str]]


async def problems(c: WorkspacesCaller, id: str, *path: str, json: Any = None, query: Any = None) -> Problems:
    """Where and what is wrong with a call."""
    refused = await c.call(id, 422, *path, json=json, query=query)
    return [(one["loc"], one["type"]) for one in refused["detail"]]


async def code(c: WorkspacesCaller, id: str, status: int, *path: str, json: Any = None) -> str:
    """The stable code of a refusal."""
    return str((await c.call(id, status, *path, json=json))["code"])


async def creation(c: WorkspacesCaller) -> None:
    """POST, and the lists."""
    plain = await c.call("create_workspace", 201, json={"title": " my beans ", "unknown": 1, "description": None})
    shown = plain["workspace"]
    assert (shown["title"], shown["mode"], shown["status"], shown["viewerAccess"]) == (
        "my beans",
        "snapshot",
        "active",
        "owner",
    )
    assert (shown["storageKey"], shown["sharedBy"], shown["rendererConfig"]) == (None, None, {})
    assert (plain["boundTasks"], plain["warnings"]) == ([], [])
    await c.table("beans")
    artifact, task = await c.artifact(), await c.task()
    live = {"title": "live", "mode": "operational", "backingTableName": "beans", "backingTableScope": "tenant"}
    binding = {"taskId": task.upper(), "mutatesWorkspace": True}
    made = await c.call("create_workspace", 201, json={**live, "taskBindings": [binding], "rowIdColumn": "age"})
    shown = made["workspace"]
    assert (shown["backingTableName"], shown["backingSourceType"], shown["backingRowIdentityColumns"]) == (
        "beans",
        "table",
        ["name"],
    )
    assert (shown["storageKey"], shown["rowIdColumn"]) == (None, "name")
    assert [(one["code"], one["effectiveRowIdColumn"]) for one in made["warnings"]] == [
        ("row_id_column_has_nulls", "name")
    ]
    (bound,) = made["boundTasks"]
    assert (bound["taskId"], bound["name"], bound["lifecycle"], bound["mutatesWorkspace"]) == (
        task,
        "count-the-beans",
        "active",
        True,
    )
    copied = (await c.call("create_workspace", 201, json={"title": "c", "artifactId": artifact, "version": 1}))[
        "workspace"
    ]
    assert (copied["storageKey"] is not None, copied["rowIdColumn"]) == (True, "_ws_row_id")
    await _refused(c, live, artifact, binding)
    candidates = (await c.call("list_workspace_table_candidates", 200))["items"]
    assert [(one["tableName"], one["rowCount"], one["canWrite"], one["readOnlyReason"]) for one in candidates] == [
        ("keyless", 4, False, "no_row_identity"),
        ("beans", 4, True, None),
    ]
    assert (await c.call("list_shared_workspaces", 200))["total"] == 0


async def _refused(c: WorkspacesCaller, live: dict[str, Any], artifact: str, binding: Any) -> None:
    """Combinations that are none."""

    async def wrong(**given: Any) -> Problems:
        return await problems(c, "create_workspace", json={"title": "w", **given})

    assert await wrong(title="") == [(["body", "title"], "string_too_short")]
    assert await wrong(title="x" * 256) == [(["body", "title"], "string_too_long")]
    assert await wrong(title="a\0") == [(["body", "title"], "value_error")]
    assert await wrong(title=" ") == [(["body", "title"], "value_error")]
    assert await wrong(title=None, mode=None) == [
        (["body", "title"], "string_type"),
        (["body", "mode"], "literal_error"),
    ]
    assert await wrong(taskBindings=[{"taskId": "x", "mutatesWorkspace": "maybe"}, {}]) == [
        (["body", "taskBindings", 0, "taskId"], "uuid_parsing"),
        (["body", "taskBindings", 0, "mutatesWorkspace"], "bool_parsing"),
        (["body", "taskBindings", 1, "taskId"], "missing"),
    ]
    assert await wrong(version=0, artifactId="x") == [
        (["body", "artifactId"], "uuid_parsing"),
        (["body", "version"], "greater_than_equal"),
    ]
    assert await wrong(mode="operational") == [(["body", "backingTableName"], "value_error")]
    assert await wrong(backingTableName="beans") == [(["body", "backingTableName"], "value_error")]
    assert await wrong(version=1) == [(["body", "version"], "value_error")]
    assert await wrong(artifactId=artifact, version=9) == [(["body", "version"], "value_error")]
    assert await wrong(taskBindings=[binding, binding]) == [(["body", "taskBindings", 1, "taskId"], "value_error")]
    for given, expected in (
        ({"artifactId": UNKNOWN}, "artifact_not_found"),
        ({"mode": "operational", "backingTableName": "none"}, "table_not_found"),
        ({"taskBindings": [{"taskId": UNKNOWN}]}, "task_not_found"),
    ):
        assert await code(c, "create_workspace", 404, json={"title": "w", **given}) == expected
    await c.table("keyless", primaryKey=[])
    keyless = {**live, "backingTableName": "keyless", "taskBindings": [binding]}
    assert await code(c, "create_workspace", 409, json=keyless) == "workspace_read_only"


async def life(c: WorkspacesCaller) -> None:
    """Changes of a whole workspace, from the first to the last."""
    id = await c.empty("first")
    given = {"description": "d", "rendererConfig": {"width": 1}, "title": None}
    changed = (await c.call("update_workspace", 200, id, json=given))["workspace"]
    assert (changed["title"], changed["description"], changed["rendererConfig"]) == ("first", "d", {"width": 1})
    changed = (await c.call("update_workspace", 200, id, json={"title": "t"}))["workspace"]
    assert (changed["title"], changed["description"]) == ("t", "d")
    cleared = {"description": None, "rendererConfig": None}
    changed = (await c.call("update_workspace", 200, id, json=cleared))["workspace"]
    assert (changed["description"], changed["rendererConfig"]) == (None, {})
    large = {"rendererConfig": {"x": "y" * 65_536}}
    assert await problems(c, "update_workspace", id, json=large) == [(["body", "rendererConfig"], "value_error")]
    assert await problems(c, "update_workspace", id, json={"rendererConfig": [], "title": 1}) == [
        (["body", "title"], "string_type"),
        (["body", "rendererConfig"], "dict_type"),
    ]
    for _ in range(2):
        assert (await c.call("archive_workspace", 200, id))["workspace"]["status"] == "archived"
    archived = (await c.call("list_workspaces", 200, query={"status": "archived"}))["items"]
    assert [one["id"] for one in archived] == [id]
    for _ in range(2):
        assert (await c.call("restore_workspace", 200, id))["workspace"]["status"] == "active"
    assert (await c.call("get_workspace", 200, id))["workspace"]["updatedAt"].startswith(NOW)
    kinds = [one["kind"] for one in (await c.call("list_workspace_activity", 200, id, query={"limit": 3}))["items"]]
    assert kinds == ["workspace"] * 3
    await c.call("delete_workspace", 204, id)
    assert await code(c, "delete_workspace", 404, id) == "workspace_not_found"


async def frozen(c: WorkspacesCaller) -> None:
    """What an archived workspace refuses, and what it still lets happen."""
    id, task = await c.copy(), await c.task()
    chart = await c.chart(id)
    await c.call("attach_task", 201, id, json={"taskId": task})
    await c.call("archive_workspace", 200, id)
    cell = {"column": "age", "newValue": 1, "wsRowId": "1"}
    for operation, path, json in (
        ("update_workspace", (id,), {}),
        ("create_workspace_chart", (id,), {"spec": BAR}),
        ("update_workspace_chart", (id, chart), {}),
        ("delete_workspace_chart", (id, chart), None),
        ("update_workspace_chart_position", (id, chart), {"position": 0}),
        ("update_workspace_cell", (id,), cell),
        ("create_workspace_session", (id,), None),
        ("upsert_workspace_share", (id,), {}),
        ("attach_task", (id,), {"taskId": task}),
        ("update_task_binding", (id, task), {"mutatesWorkspace": True}),
        ("delete_task_binding", (id, task), None),
    ):
        assert await code(c, operation, 409, *path, json=json) == "workspace_archived", operation
    assert (await c.call("get_workspace_data", 200, id))["readOnlyReason"] == "workspace_archived"
    await c.call("query_workspace_chart_data", 200, id, chart, json={})
    await c.call("set_workspace_tags", 200, id, json={"tagNames": ["Old"]})
    await c.call("clear_workspace_share", 204, id)
    await c.call("delete_workspace", 204, id)


async def grid(c: WorkspacesCaller) -> None:
    """Rows and cells of a copy."""
    id = await c.copy()
    page = await c.call("get_workspace_data", 200, id, query={"limit": 2, "offset": 1})
    assert (page["total"], page["hasNext"], page["isLive"], page["canEdit"]) == (4, True, False, True)
    assert page["items"] == [{"name": "Bob", "age": 41, "_ws_row_id": 2}, {"name": "Cy", "age": None, "_ws_row_id": 3}]
    assert [(one["name"], one["dataType"], one["displayName"]) for one in page["columns"]] == [
        ("name", "string", None),
        ("age", "integer", None),
    ]
    order = {"sort_column": "age", "sort_direction": "desc"}
    rows = (await c.call("get_workspace_data", 200, id, query=order))["items"]
    assert [row["name"] for row in rows] == ["Bob", "Dee", "Ada", "Cy"]
    far = await c.call("get_workspace_data", 200, id, query={"offset": 2**62, "sort_direction": "desc"})
    assert (far["items"], far["hasNext"], far["offset"]) == ([], False, 2**62)
    unknown = {"sort_column": "none"}
    assert await problems(c, "get_workspace_data", id, query=unknown) == [(["query", "sort_column"], "value_error")]
    cell = {"column": "age", "newValue": 37, "wsRowId": "1"}
    done = await c.call("update_workspace_cell", 200, id, json={**cell, "expectedOldValue": 36})
    assert done["row"] == {"name": "Ada", "age": 37, "_ws_row_id": 1}
    refused = await c.call("update_workspace_cell", 409, id, json={**cell, "expectedOldValue": None})
    assert (refused["code"], refused["context"]) == ("cell_conflict", {"currentValue": 37, "row": done["row"]})
    await c.call("update_workspace_cell", 200, id, json={**cell, "newValue": None})
    for given, expected in (
        ({"newValue": "x"}, (["body", "newValue"], "value_error")),
        ({"column": "none"}, (["body", "column"], "value_error")),
        ({"column": "", "wsRowId": None}, (["body", "column"], "string_too_short")),
        ({"wsRowId": 1}, (["body", "wsRowId"], "string_type")),
        ({"rowIdentity": {"name": "Ada"}}, (["body"], "value_error")),
        ({"wsRowId": None}, (["body"], "value_error")),
    ):
        assert await problems(c, "update_workspace_cell", id, json={**cell, **given}) == [expected]
    assert await code(c, "update_workspace_cell", 404, id, json={**cell, "wsRowId": "99"}) == "row_not_found"
    empty = await c.empty()
    assert (await c.call("get_workspace_data", 200, empty))["readOnlyReason"] == "no_data"
    assert await code(c, "update_workspace_cell", 409, empty, json=cell) == "workspace_read_only"
    kinds = [one["kind"] for one in (await c.call("list_workspace_activity", 200, id))["items"]]
    assert kinds == ["cell_mutation", "cell_mutation", "workspace"]


async def live_grid(c: WorkspacesCaller) -> None:
    """Rows and cells of a live table."""
    await c.table("live people")
    id = await c.empty(mode="operational", backingTableName="live people")
    page = await c.call("get_workspace_data", 200, id)
    assert (page["isLive"], page["rowIdentityColumns"], page["backingTableName"], page["backingTableScope"]) == (
        True,
        ["name"],
        "live people",
        "tenant",
    )
    assert page["items"][0] == {"name": "Ada", "age": 36}
    cell = {"column": "age", "newValue": 1, "rowIdentity": {"name": "Bob"}}
    assert (await c.call("update_workspace_cell", 200, id, json=cell))["row"] == {"name": "Bob", "age": 1}
    assert await code(c, "update_workspace_cell", 404, id, json={**cell, "rowIdentity": {"name": "Zoe"}}) == (
        "row_not_found"
    )
    for given, expected in (
        ({"rowIdentity": {"age": 1}}, {("body", "rowIdentity", "age"), ("body", "rowIdentity", "name")}),
        ({"rowIdentity": []}, {("body", "rowIdentity")}),
        ({"column": "name", "newValue": "B"}, {("body", "column")}),
        ({"rowIdentity": None, "wsRowId": "1"}, {("body", "wsRowId")}),
    ):
        wrong = await problems(c, "update_workspace_cell", id, json={**cell, **given})
        assert {tuple(loc) for loc, _ in wrong} == expected


async def charts(c: WorkspacesCaller) -> None:
    """Specs, places and data."""
    id = await c.copy()
    first, second, third = [await c.chart(id, title=title) for title in "abc"]
    listed = (await c.call("list_workspace_charts", 200, id))["items"]
    assert [(one["id"], one["position"], one["title"]) for one in listed] == [
        (first, 0, "a"),
        (second, 1, "b"),
        (third, 2, "c"),
    ]
    assert listed[0]["spec"]["limit"] == 1000 and "series" in listed[0]["rendererConfig"]
    assert (await c.call("update_workspace_chart_position", 200, id, first, json={"position": 99}))["position"] == 2
    places = [one["id"] for one in (await c.call("list_workspace_charts", 200, id))["items"]]
    assert places == [second, third, first]
    same = await c.call("update_workspace_chart", 200, id, first, json={"spec": None, "specPatch": None})
    assert same["chartSpecVersion"] == 1
    patched = await c.call("update_workspace_chart", 200, id, first, json={"specPatch": {"kind": "pie", "title": None}})
    assert (patched["chartSpecVersion"], patched["spec"]["kind"], patched["title"]) == (2, "pie", None)
    replaced = await c.call("update_workspace_chart", 200, id, first, json={"spec": {**BAR, "title": "new"}})
    assert (replaced["chartSpecVersion"], replaced["title"]) == (3, "new")
    assert await problems(c, "update_workspace_chart", id, first, json={"spec": BAR, "specPatch": {}}) == [
        (["body", "specPatch"], "value_error")
    ]
    wrong = {"kind": "bra", "x": {"column": "name", "y": 1}, "y": [], "limit": 0}
    assert await problems(c, "create_workspace_chart", id, json={"spec": wrong}) == [
        (["body", "spec", "kind"], "literal_error"),
        (["body", "spec", "x", "y"], "extra_forbidden"),
        (["body", "spec", "y"], "too_short"),
        (["body", "spec", "limit"], "greater_than_equal"),
    ]
    nowhere = {**BAR, "x": {"column": "none"}}
    assert await problems(c, "create_workspace_chart", id, json={"spec": nowhere}) == [
        (["body", "spec", "x", "column"], "value_error")
    ]
    assert await problems(c, "update_workspace_chart_position", id, first, json={"position": -1}) == [
        (["body", "position"], "greater_than_equal")
    ]
    await chart_data(c, id, second)
    await c.call("delete_workspace_chart", 204, id, second)
    assert await code(c, "get_workspace_chart", 404, id, second) == "chart_not_found"
    assert (await c.call("get_workspace_chart", 200, id, third))["position"] == 0
    other = await c.copy()
    for operation, json in (
        ("get_workspace_chart", None),
        ("update_workspace_chart", {}),
        ("delete_workspace_chart", None),
        ("query_workspace_chart_data", {}),
        ("update_workspace_chart_position", {"position": 0}),
    ):
        assert await code(c, operation, 404, other, first, json=json) == "chart_not_found"


async def chart_data(c: WorkspacesCaller, id: str, chart: str) -> None:
    """What a chart shows."""
    data = await c.call("query_workspace_chart_data", 200, id, chart, json={})
    assert (data["xColumn"], data["groupColumn"], data["yLabel"], data["truncated"]) == (
        "name",
        None,
        "Sum of age",
        False,
    )
    assert data["rows"] == [{"x": name, "y": age, "group": None} for name, age in PEOPLE]
    old = {"filters": [{"column": "age", "op": "gt", "value": 40}]}
    assert [row["x"] for row in (await c.call("query_workspace_chart_data", 200, id, chart, json=old))["rows"]] == [
        "Bob",
        "Dee",
    ]
    for filters, loc in (
        (None, []),
        ({}, []),
        ([{"column": "none", "op": "is_null"}], [0, "column"]),
        ([{"column": "age", "op": "gt", "value": "x"}], [0, "value"]),
        ([{"column": "age", "op": "like"}], [0, "op"]),
    ):
        wrong = await problems(c, "query_workspace_chart_data", id, chart, json={"filters": filters})
        assert [one for one, _ in wrong] == [["body", "filters", *loc]]


async def sharing(c: WorkspacesCaller) -> None:
    """A share from nothing to nothing, and what its recipients see."""
    id = await c.copy()
    friend, key = await c.person("friend@example.com")
    assert (await c.call("get_workspace_share", 200, id))["state"] == "not_shared"
    assert await code(c, "revoke_workspace_share", 404, id) == "share_not_found"
    given = {"recipientUserIds": [str(friend.user_id), str(friend.user_id)], "expiresAt": "2999-01-01T01:00:00+01:00"}
    share = await c.call("upsert_workspace_share", 200, id, json=given)
    assert (share["state"], share["status"], share["expiresAt"]) == ("shared", "active", "2999-01-01T00:00:00Z")
    assert share["recipientUserIds"] == [str(friend.user_id)]
    assert [one["email"] for one in share["recipients"]] == ["friend@example.com"]
    own, c.key = c.key, key
    page = await c.call("list_shared_workspaces", 200, query={"limit": 1})
    (seen,) = page["items"]
    assert (page["total"], page["hasNext"], seen["id"], seen["viewerAccess"], seen["isShared"]) == (
        1,
        False,
        id,
        "recipient",
        True,
    )
    assert (seen["sharedBy"]["email"], seen["shareRecipients"]) == ("owner@example.com", [])
    assert (await c.call("get_workspace_data", 200, id))["readOnlyReason"] == "viewer_access"
    await c.call("clear_workspace_share", 204, id)
    assert await code(c, "get_workspace", 404, id) == "workspace_not_found"
    c.key = own
    assert (await c.call("get_workspace_share", 200, id))["recipientUserIds"] == []
    await c.share(id, friend)
    assert [one["id"] for one in (await c.call("get_workspace", 200, id))["workspace"]["shareRecipients"]] == [
        str(friend.user_id)
    ]
    for _ in range(2):
        await c.call("revoke_workspace_share", 204, id)
    share = await c.call("get_workspace_share", 200, id)
    assert (share["state"], share["recipientUserIds"]) == ("revoked", [str(friend.user_id)])
    for _ in range(2):
        await c.call("clear_workspace_share", 204, id)
    share = await c.call("get_workspace_share", 200, id)
    assert (share["state"], share["status"], share["shareId"], share["createdAt"]) == ("not_shared", None, None, None)
    past = {"expiresAt": utc_now().isoformat()}
    for json, expected in (
        ({"recipientUserIds": [UNKNOWN, "x"]}, [["body", "recipientUserIds", 0], ["body", "recipientUserIds", 1]]),
        (past, [["body", "expiresAt"]]),
        ({"expiresAt": "soon"}, [["body", "expiresAt"]]),
        ({"recipientUserIds": None}, [["body", "recipientUserIds"]]),
    ):
        assert [loc for loc, _ in await problems(c, "upsert_workspace_share", id, json=json)] == expected


async def tags(c: WorkspacesCaller) -> None:
    """The tags of a workspace, and lists by them."""
    id, other = await c.empty("tagged"), await c.empty("tagged too")
    found = (await c.call("set_workspace_tags", 200, id, json={"tagNames": ["Zebra", "Ähre", "zebra"]}))["items"]
    assert [one["slug"] for one in found] == ["zebra", "ahre"] or [one["name"] for one in found] == ["Zebra", "Ähre"]
    zebra = next(one for one in found if one["name"] == "Zebra")
    assert (zebra["namespace"], zebra["attributes"]) == (None, {})
    await c.call("set_workspace_tags", 200, other, json={"tagIds": [zebra["id"]]})
    assert (await c.call("list_workspace_tags", 200, other))["items"] == [zebra]

    async def listed(**query: Any) -> set[str]:
        return {one["id"] for one in (await c.call("list_workspaces", 200, query=query))["items"]}

    assert await listed(tag=["ZEBRA", "none"]) == {id, other}
    assert await listed(tag=["zebra", "Ähre"], tag_match="all") == {id}
    assert await listed(tag_id=[zebra["id"]], tag=["Ähre"], tag_match="all") == {id}
    assert await listed(tag_id=[UNKNOWN]) == set()
    many = {"tag": [str(number) for number in range(51)]}
    assert await problems(c, "list_workspaces", query=many) == [(["query", "tag"], "value_error")]
    wrong = {"tag_id": [zebra["id"], "x"]}
    assert await problems(c, "list_workspaces", query=wrong) == [(["query", "tag_id", 1], "uuid_parsing")]
    for json, loc in (
        ({"tagIds": [UNKNOWN]}, ["tagIds", 0]),
        ({"tagIds": ["x"]}, ["tagIds", 0]),
        ({"tagNames": ["ok", ""]}, ["tagNames", 1]),
        ({"tagNames": ["!"]}, ["tagNames", 0]),
    ):
        assert [one for one, _ in await problems(c, "set_workspace_tags", id, json=json)] == [["body", *loc]]
    assert (await c.call("set_workspace_tags", 200, id, json={}))["items"] == []
