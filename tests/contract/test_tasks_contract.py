"""The tasks API, operation by operation: what is documented is provoked, what is answered keeps the published shape."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.main import App
from tests.contract.caller import BODIES, UNKNOWN_RUN, Caller
from tests.contract.published import OPERATIONS, documented, read_frames, validate
from tests.support.listening import listening

AGENT = [id for id, o in OPERATIONS.items() if o["path"].startswith("/api/agent/")]
WITH_BODY = [id for id, o in OPERATIONS.items() if o["request"]]
WITH_PATH = [id for id, o in OPERATIONS.items() if o["path_params"]]
# Nothing of these calls can break a rule: an id that cannot exist is an unknown one.
NOTHING_TO_BREAK = {
    "getTask",
    "getTaskRun",
    "getTaskTree",
    "rejectTask",
    "removeTaskDependency",
    "archiveTask",
    "dismissTask",
    "markTaskRead",
}
# A patch meets no state that forbids it.
NO_CONFLICT = {"updateTask"}


@pytest.fixture
async def caller(app: App) -> AsyncIterator[Caller]:
    """A client of a server of its own."""
    async with listening(app) as server:
        found = Caller(server)
        yield found
        await found.http.aclose()


@pytest.mark.timeout(60)
async def test_every_documented_status_is_provoked_and_keeps_its_shape(caller: Caller) -> None:
    await transport(caller)
    await tasks(caller)
    await places(caller)
    await graph(caller)
    await queueing(caller)
    await runs(caller)
    await reads(caller)
    await stream(caller)
    await agents(caller)
    await agent_refusals(caller)
    await without_a_database(caller)
    left = {(id, status) for id, status in documented() if status != 500} - caller.seen
    assert left == {(id, 422) for id in NOTHING_TO_BREAK} | {(id, 409) for id in NO_CONFLICT}


async def transport(c: Caller) -> None:
    agent = await c.session()
    for id, operation in OPERATIONS.items():
        path = ["unknown"] * len(operation["path_params"])
        headers = agent if id in AGENT else {}
        c.key = None
        await c.call(id, 401, *path, json=BODIES.get(id), headers=headers)
        c.key = c.server.key
        if id in WITH_BODY:
            await c.call(id, 400, *path, content=b"{", headers=headers)
            await c.call(id, 422, *path, content=b"[]", headers=headers)
            await c.call(id, 413, *path, content=b" " * (1024 * 1024 + 1), headers=headers)
            if not operation["request_empty_body_ok"]:
                await c.call(id, 400, *path, headers=headers)
        if id in WITH_PATH:
            body: Any = {} if id in WITH_BODY else None
            await c.call(id, 404, *path, json=BODIES.get(id, body), headers=headers)


async def tasks(c: Caller) -> None:
    await c.task(id="of/us ?%", identifier="x", description="d", owner={"kind": "Human", "ref": "me"})
    assert (await c.call("getTask", 200, "of/us ?%"))["task"]["task"]["owner"] == {"kind": "human", "ref": "me"}
    await c.call("createTask", 409, json={"title": "again", "scope": "global", "id": "of/us ?%"})
    await c.call("createTask", 422, json={"title": " ", "scope": "global"})
    await c.call("createTask", 413, json={"title": "t", "scope": "global", "metadata": "x" * 16385})
    await c.call("updateTask", 422, "of/us ?%", json={})
    await c.call("updateTask", 413, "of/us ?%", json={"metadata": "x" * 16385})
    patch = {"title": "n", "description": "", "clear_owner": True, "metadata": None, "scope": "workspace"}
    changed = (await c.call("updateTask", 200, "of/us ?%", json=patch))["task"]
    assert (changed["title"], "description" in changed, "owner" in changed) == ("n", False, False)
    child = (await c.call("createChildTask", 201, "of/us ?%", json={"title": "c", "scope": "global"}))["task"]
    assert child["parent_task_id"] == "of/us ?%"
    for taken in (child["id"], "of/us ?%"):
        await c.call("createChildTask", 409, "of/us ?%", json={"title": "c", "scope": "global", "id": taken})
    await c.call("createChildTask", 413, "of/us ?%", json={"title": "c", "scope": "global", "metadata": "x" * 16385})
    await c.call("deleteTask", 400, "of/us ?%")
    await c.call("deleteTask", 204, child["id"])
    await c.call("deleteTask", 204, "of/us ?%")


async def places(c: Caller) -> None:
    id = await c.workspace("only one")
    for title in ("twice", "twice"):
        await c.workspace(title)
    in_place = {"title": "t", "scope": "workspace"}
    for name in (id, " only one "):
        made = await c.call("createTask", 201, json={**in_place, "workspace": name})
        assert made["task"]["workspace_id"] == id
    await c.call("createTask", 409, json={**in_place, "workspace": "twice"})
    await c.call("createTask", 404, json={**in_place, "workspace": "none"})
    await c.call("createTask", 422, json=in_place)
    await c.call("createTask", 422, json={"title": "t", "scope": "global", "workspace": id})
    for read in ("listTasks", "getTaskDashboard", "getTaskInbox"):
        await c.call(read, 200, query={"scope": "workspace", "workspace": "only one"})
        await c.call(read, 404, query={"scope": "workspace", "workspace": "none"})
        await c.call(read, 409, query={"scope": "workspace", "workspace": "twice"})
        await c.call(read, 422, query={"scope": "workspace"})
        await c.call(read, 422, query={"scope": "global", "workspace": id})
    assert len((await c.call("listTasks", 200, query={"workspace": id}))["tasks"]) == 2


async def graph(c: Caller) -> None:
    first, second = await c.task(), await c.task()
    found = await c.call("addTaskDependency", 200, second, json={"depends_on_task_id": first, "kind": "BLOCKS"})
    assert [d["depends_on"]["id"] for d in found["task"]["dependency_references"]] == [first]
    assert found["task"]["summary"]["status"] == "blocked"
    await c.call("addTaskDependency", 409, first, json={"depends_on_task_id": second})
    await c.call("addTaskDependency", 422, first, json={"depends_on_task_id": first})
    await c.call("startTask", 409, second)
    assert "dependencies" not in (await c.call("removeTaskDependency", 200, second, first))["task"]
    await c.call("removeTaskDependency", 404, second, first)


async def queueing(c: Caller) -> None:
    task = await c.task()
    started = await c.call("startTask", 201, task, json={"metadata": {"a": None}, "network_channel": "ops"})
    assert (started["run"]["metadata"], started["run"]["network_channel"]) == ({"a": None}, "ops")
    assert (await c.call("startTask", 201, task))["run"]["id"] == started["run"]["id"]
    await c.call("enqueueTaskRun", 409, task)
    await c.call("publishTask", 409, task)
    await c.call("approveTask", 409, task)
    await c.call("rejectTask", 409, task)
    await c.call("cancelTask", 413, task, json={"metadata": "x" * 65537})
    assert (await c.call("cancelTask", 200, task, json={"reason": "r"}))["task"]["status"] == "canceled"
    draft = await c.task(draft=True)
    await c.call("startTask", 409, draft)
    assert (await c.call("publishTask", 200, draft, json={}))["run"]["attempt"] == 1
    gated = await c.task(approval_policy="manual")
    approved = await c.call("approveTask", 201, gated, json={"idempotency_key": "k"})
    assert approved["task"]["approval_state"] == "approved"
    await c.call("cancelTask", 200, gated)
    refused = await c.task(approval_policy="manual")
    assert (await c.call("rejectTask", 200, refused))["task"]["approval_state"] == "rejected"
    keyed, other = await c.task(), await c.task()
    first = await c.call("enqueueTaskRun", 201, keyed, headers={"Idempotency-Key": "one"})
    assert await c.call("enqueueTaskRun", 201, keyed, json={"idempotency_key": "one"}) == first
    await c.call("enqueueTaskRun", 409, other, json={"idempotency_key": "one"})
    for id in ("enqueueTaskRun", "startTask"):
        await c.call(id, 413, other, json={"metadata": "x" * 16385})


async def runs(c: Caller) -> None:
    task, run = await c.queued()
    for id, body in (("startTaskRun", {}), ("completeTaskRun", {}), ("failTaskRun", {"error": "e"})):
        await c.call(id, 409, run, json=body)
    session = (await c.session("operated"))["X-AGH-Session-ID"]
    await c.call("attachTaskRunSession", 409, run, json={"session_id": session})
    await c.call("claimTaskRun", 200, run, json={"idempotency_key": "ignored"})
    await c.call("claimTaskRun", 409, run)
    bound = await c.call("attachTaskRunSession", 200, run, json={"session_id": session})
    assert (bound["run"]["status"], bound["run"]["session_id"]) == ("starting", session)
    await c.call("startTaskRun", 200, run)
    assert (await c.call("getTaskRun", 200, run))["run"]["session"]["agent_name"] == "operated"
    await c.call("completeTaskRun", 413, run, json={"result": "x" * 65537})
    done = (await c.call("completeTaskRun", 200, run, json={"result": [None]}))["run"]
    assert (done["status"], done["result"]) == ("completed", [None])
    await c.call("cancelTaskRun", 409, run)
    await c.call("cancelTask", 409, task)
    _, failing = await c.running()
    assert (await c.call("failTaskRun", 200, failing, json={"error": " e "}))["run"]["error"] == "e"
    _, canceled = await c.queued()
    await c.call("cancelTaskRun", 413, canceled, json={"metadata": "x" * 65537})
    assert (await c.call("cancelTaskRun", 200, canceled, json={"reason": "r"}))["run"]["status"] == "canceled"


async def reads(c: Caller) -> None:
    task, run = await c.running()
    child = (await c.call("createChildTask", 201, task, json={"title": "c", "scope": "global"}))["task"]["id"]
    tree = (await c.call("getTaskTree", 200, task))["tree"]
    assert (tree["root"]["active_run"]["id"], tree["descendants"][0]["task"]["id"]) == (run, child)
    everything = {
        "scope": "global",
        "status": "IN_PROGRESS",
        "priority": "medium",
        "include_drafts": "t",
        "approval_state": "not_required",
        "query": "A TASK",
        "limit": "5",
    }
    assert [t["id"] for t in (await c.call("listTasks", 200, query=everything))["tasks"]] == [task]
    listed = await c.call("listTaskRuns", 200, task, query={"status": "running", "limit": 1})
    assert [r["id"] for r in listed["runs"]] == [run]
    timeline = (await c.call("getTaskTimeline", 200, task))["timeline"]
    assert [item["event_type"] for item in timeline][:2] == ["task.created", "task.run_enqueued"]
    after = {"after_sequence": timeline[0]["sequence"], "limit": 1}
    assert (await c.call("getTaskTimeline", 200, task, query=after))["timeline"] == timeline[1:2]
    for id, operation in OPERATIONS.items():
        for parameter in operation["query"]:
            if parameter["type"] != "string" or "enum" in parameter:
                wrong = {"integer": "-1", "boolean": "maybe", "string": "nonsense"}[parameter["type"]]
                await c.call(id, 422, *[task] * len(operation["path_params"]), query={parameter["name"]: wrong})
    for id in ("markTaskRead", "dismissTask", "archiveTask"):
        assert (await c.call(id, 200, task))["triage"]["read"] is True
    inbox = (await c.call("getTaskInbox", 200))["inbox"]
    assert [group["lane"] for group in inbox["groups"]] == [
        "my_work",
        "approvals",
        "failed_runs",
        "blocked",
        "archived",
    ]
    assert inbox["groups"][4]["items"][0]["task"]["id"] == task
    lane = (await c.call("getTaskInbox", 200, query={"lane": "archived", "limit": 1, "unread": "F"}))["inbox"]
    assert lane["archived_total"] == 1
    assert (await c.call("getTaskDashboard", 200))["dashboard"]["totals"]["running_runs"] == 1


async def stream(c: Caller) -> None:
    task = await c.task()
    child = (await c.call("createChildTask", 201, task, json={"title": "c", "scope": "global"}))["task"]["id"]
    url = c.server.http + c.path("streamTask", task)
    headers = {"x-api-key": c.server.key}
    published = OPERATIONS["streamTask"]["responses"]["200"]["schema"]
    async with c.http.stream("GET", url, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].split(";")[0] == "text/event-stream"
        await c.call("startTask", 201, child)
        found = [frame async for frame, _ in _first(read_frames(response), 4)]
    for frame in found:
        validate(published, frame.data)
        assert (frame.id, frame.event) == (frame.data["sequence"], frame.data["type"])
    assert [f.event for f in found][-1] == "task.run_enqueued"
    resumed = {**headers, "Last-Event-ID": str(found[2].id)}
    async with c.http.stream("GET", url, headers=resumed, params={"after_sequence": 0}) as response:
        assert [frame.id async for frame, _ in _first(read_frames(response), 1)] == [found[3].id]
    await c.call("streamTask", 422, task, headers={"Last-Event-ID": "x"})
    c.seen.add(("streamTask", 200))


async def _first(items: Any, count: int) -> Any:
    at = 0
    async for item in items:
        at += 1
        yield item, at
        if at == count:
            return


async def agents(c: Caller) -> None:
    for run in (await c.server.graphql("{ tasks(first: 100) { nodes { id activeRun { id status } } } }"))["data"][
        "tasks"
    ]["nodes"]:
        if run["activeRun"] is not None:
            await c.call("cancelTaskRun", 200, run["activeRun"]["id"])
    me, other = await c.session(), await c.session("other")
    await c.call("claimNextAgentTask", 204, headers=me)
    _, run = await c.queued(priority="urgent")
    wanted = {"priority_min": 40, "lease_seconds": 60, "required_capabilities": ["gpu"], "idempotency_key": "x"}
    claim = (await c.call("claimNextAgentTask", 200, json=wanted, headers=me))["claim"]
    assert (claim["run"]["id"], claim["lease"]["status"], claim["lease"]["session_id"]) == (
        run,
        "claimed",
        me["X-AGH-Session-ID"],
    )
    token = claim["lease"]["claim_token_hash"]
    assert token.startswith("sha256:") and len(token) == 71
    await c.call("claimNextAgentTask", 409, headers=me)
    for id in ("heartbeatAgentTaskRun", "completeAgentTaskRun", "failAgentTaskRun", "releaseAgentTaskRun"):
        await c.call(id, 403, run, json=BODIES.get(id, {}), headers=other)
        await c.call(id, 404, UNKNOWN_RUN, json=BODIES.get(id, {}), headers=me)
    await c.call("completeTaskRun", 409, run)
    beaten = await c.call("heartbeatAgentTaskRun", 200, run, json={"lease_seconds": 90}, headers=me)
    assert beaten["lease"]["lease_until"] > claim["lease"]["lease_until"]
    released = await c.call("releaseAgentTaskRun", 200, run, json={"reason": "r"}, headers=me)
    task = (await c.call("getTaskRun", 200, run))["run"]["task"]["id"]
    assert released["lease"] == {"run_id": run, "task_id": task, "status": "queued"}
    again = (await c.call("claimNextAgentTask", 200, headers=me))["claim"]
    assert again["lease"]["claim_token_hash"] != token
    await c.call("completeAgentTaskRun", 413, run, json={"result": "x" * 65537}, headers=me)
    await c.call("failAgentTaskRun", 413, run, json={"error": "e", "metadata": "x" * 65537}, headers=me)
    await c.call("completeAgentTaskRun", 422, run, json={"result": [{"Claim_Token": 1}]}, headers=me)
    await c.call("completeAgentTaskRun", 200, run, json={"result": {"ok": True}}, headers=me)
    for id in ("heartbeatAgentTaskRun", "completeAgentTaskRun", "failAgentTaskRun", "releaseAgentTaskRun"):
        await c.call(id, 409, run, json=BODIES.get(id, {}), headers=me)
    _, failing = await c.queued()
    await c.call("claimNextAgentTask", 200, headers=me)
    failed = await c.call("failAgentTaskRun", 200, failing, json={"error": "e", "metadata": {"a": 1}}, headers=me)
    assert failed["lease"]["status"] == "failed"
    place = await c.workspace("channels")
    there = await c.session("local", workspaceId=place)
    _, bound = await c.queued(scope="workspace", workspace=place)
    told = (await c.call("claimNextAgentTask", 200, headers=there))["claim"]
    assert told["coordination_channel"] == told["run"]["coordination_channel"] == told["lease"]["coordination_channel"]
    assert told["coordination_channel"]["id"] == told["run"]["coordination_channel_id"] == f"coord-{bound}"
    assert len(told["coordination_channel"]["allowed_message_kinds"]) == 7
    assert "coordination_channel" not in (await c.call("getTaskRun", 200, bound))["run"]["run"]
    waiting = asyncio.ensure_future(c.call("claimNextAgentTask", 200, json={"wait": True}, headers=me))
    _, late = await c.queued()
    assert (await waiting)["claim"]["run"]["id"] == late


async def agent_refusals(c: Caller) -> None:
    me, ended = await c.session(), await c.session("ended")
    document = "mutation($i: ID!) { endAgentSession(input: {agentSessionId: $i}) { agentSession { id } } }"
    await c.server.graphql(document, i=ended["X-AGH-Session-ID"])
    nobody: tuple[dict[str, str], ...] = (
        {},
        {"X-AGH-Session-ID": me["X-AGH-Session-ID"]},
        {**me, "X-AGH-Agent": ""},
        {**me, "X-AGH-Agent": "another"},
        {**me, "X-AGH-Session-ID": UNKNOWN_RUN},
        {**me, "X-AGH-Session-ID": "no id"},
        ended,
    )
    for id in AGENT:
        path = [UNKNOWN_RUN] * len(OPERATIONS[id]["path_params"])
        for headers in nobody:
            await c.call(id, 401, *path, content=b"{", headers=headers)
        await c.call(id, 403, *path, content=b"{", headers={**me, "X-AGH-Workspace-ID": UNKNOWN_RUN})
    for wrong in ({"priority_min": -1}, {"lease_seconds": 86401}, {"required_capabilities": ["a b"]}):
        await c.call("claimNextAgentTask", 422, json=wrong, headers=me)
    await c.call("claimNextAgentTask", 403, json={"workspace_id": UNKNOWN_RUN}, headers=me)


async def without_a_database(c: Caller) -> None:
    task, run = await c.queued()
    me = await c.session()
    await c.server.app.db.close()
    for id, operation in OPERATIONS.items():
        headers = me if id in AGENT else {}
        path = [run if "run" in operation["path"] else task] * len(operation["path_params"])
        await c.call(id, 503, *path, json=BODIES.get(id, {} if id in WITH_BODY else None), headers=headers)
