"""Who may do what: owner, recipient, revoked recipient, stranger and another tenant, over all 32 operations."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from app.storage.statements import composed
from tests.contract.calling import UNKNOWN
from tests.contract.published_workspaces import OPERATIONS
from tests.contract.workspaces_caller import BODIES, WorkspacesCaller
from tests.contract.workspaces_work import POST, START

# What a recipient of a live share may do; everything else is the owner's, and a recipient is told so.
RECIPIENTS = {
    "get_workspace",
    "get_workspace_data",
    "list_workspace_charts",
    "get_workspace_chart",
    "query_workspace_chart_data",
    "get_workspace_run",
    "list_workspace_tags",
    "list_workspace_activity",
    "list_workspace_sessions",
    "create_workspace_session",
    "clear_workspace_share",
}
# Nobody reads another person's conversation, not even whoever reads the workspace.
PRIVATE = {"list_workspace_session_messages"}
OF_ONE = [id for id, operation in OPERATIONS.items() if operation["path_params"]]
TRACES = composed(
    """
    SELECT (SELECT max(sequence) FROM events) AS events, (SELECT count(*) FROM threads) AS threads,
           (SELECT md5(string_agg(w::text, ',' ORDER BY w.id)) FROM workspaces w) AS workspaces,
           (SELECT md5(string_agg(s::text, ',')) FROM workspace_shares s) AS shares
    """
)


class Stage:
    """A workspace of the owner's with one of everything in it."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        self.ids = ids

    @classmethod
    async def set(cls, c: WorkspacesCaller) -> "Stage":
        """Make it all."""
        workspace, task = await c.copy(), await c.task()
        await c.call("attach_task", 201, workspace, json={"taskId": task})
        work = await c.task("Work", scope="WORKSPACE", workspaceId=workspace)
        thread = (await c.call("create_workspace_session", 201, workspace))["id"]
        await c.graph(POST, threadId=thread, content="Why?")
        ids = {
            "workspace_id": workspace,
            "chart_id": await c.chart(workspace),
            "task_id": task,
            "run_id": (await c.graph(START, taskId=work))["run"]["id"],
            "thread_id": thread,
        }
        return cls(ids)

    def path(self, id: str, workspace: str | None = None) -> list[str]:
        """The path of an operation on what is there, or in another workspace."""
        names = [one["name"] for one in OPERATIONS[id]["path_params"]]
        ids = self.ids if workspace is None else {**self.ids, "workspace_id": workspace}
        return [ids[name] for name in names]

    def body(self, id: str) -> Any:
        """What the owner would send."""
        if id == "attach_task":
            return {"taskId": self.ids["task_id"]}
        if id == "update_workspace_cell":
            return {"column": "age", "newValue": 1, "wsRowId": "1"}
        return BODIES.get(id)

    async def told(self, c: WorkspacesCaller, workspace: str | None = None) -> dict[str, tuple[int, str]]:
        """What a caller is told by each operation, without the id of the workspace."""
        found = {}
        for id in OF_ONE:
            answer = await c.send(id, *self.path(id, workspace), json=self.body(id))
            found[id] = (answer.status_code, answer.text.replace(workspace or self.ids["workspace_id"], "<id>"))
        return found


async def traces(c: WorkspacesCaller) -> dict[str, Any]:
    """What a stray write would move."""
    return dict((await c.server.app.db.fetch(TRACES))[0])


@pytest.mark.parametrize("who", ["stranger", "revoked", "other tenant"])
async def test_whom_it_is_not_shared_with_is_told_what_a_random_id_tells(client: WorkspacesCaller, who: str) -> None:
    stage = await Stage.set(client)
    somebody, key = await client.person("x@example.com", tenant="other" if who == "other tenant" else "default")
    if who == "revoked":
        await client.share(stage.ids["workspace_id"], somebody)
        await client.call("revoke_workspace_share", 204, stage.ids["workspace_id"])
    client.key = key
    before = await traces(client)
    told = await stage.told(client)
    assert told == await stage.told(client, UNKNOWN)
    assert {status for status, _ in told.values()} == {404}
    assert await traces(client) == before
    for id in ("list_workspaces", "list_shared_workspaces", "list_workspace_table_candidates"):
        assert (await client.call(id, 200))["items"] == []


async def test_a_recipient_reads_and_leaves_and_changes_nothing(client: WorkspacesCaller) -> None:
    stage = await Stage.set(client)
    friend, key = await client.person("friend@example.com")
    await client.share(stage.ids["workspace_id"], friend)
    own, client.key = client.key, key
    allowed: list[str] = []
    for id in sorted(OF_ONE, key="clear_workspace_share".__eq__):
        before = await traces(client)
        answer = await client.send(id, *stage.path(id), json=stage.body(id))
        if answer.status_code < 300:
            allowed.append(id)
        else:
            expected = (404, "session_not_found") if id in PRIVATE else (403, "forbidden")
            assert (answer.status_code, answer.json()["code"]) == expected, id
            assert await traces(client) == before, id
    assert set(allowed) == RECIPIENTS
    client.key = own
    assert len((await client.call("list_workspace_sessions", 200, stage.ids["workspace_id"]))["items"]) == 1


async def test_a_recipient_sees_no_share_and_no_conversation_but_their_own(client: WorkspacesCaller) -> None:
    stage = await Stage.set(client)
    workspace = stage.ids["workspace_id"]
    friend, key = await client.person("friend@example.com")
    other, _ = await client.person("other@example.com")
    await client.share(workspace, friend, other)
    own, client.key = client.key, key
    assert (await client.call("list_workspace_sessions", 200, workspace))["items"] == []
    kinds = {one["kind"] for one in (await client.call("list_workspace_activity", 200, workspace))["items"]}
    assert kinds.isdisjoint({"share", "session"}) and {"chart", "run", "task_binding", "workspace"} <= kinds
    client.key = own
    kinds = {one["kind"] for one in (await client.call("list_workspace_activity", 200, workspace))["items"]}
    assert {"share", "session"} <= kinds


async def test_the_owner_may_do_everything(client: WorkspacesCaller) -> None:
    stage = await Stage.set(client)
    last: Sequence[str] = ("delete_task_binding", "delete_workspace_chart", "delete_workspace")
    ready = {"attach_task": await client.task("another")}
    await client.share(stage.ids["workspace_id"])
    for id in (*(id for id in OF_ONE if id not in last and id != "archive_workspace"), *last):
        body = {"taskId": ready[id]} if id in ready else stage.body(id)
        answer = await client.send(id, *stage.path(id), json=body)
        assert answer.status_code < 300, f"{id}: {answer.text}"
