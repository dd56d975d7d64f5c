"""The operations of the workspaces API about work and talk: bindings, runs, sessions and messages."""

from typing import Any

from tests.contract.calling import UNKNOWN
from tests.contract.workspaces_caller import WorkspacesCaller
from tests.contract.workspaces_walk import code, problems

START = "mutation($i: StartTaskInput!) { startTask(input: $i) { run { id } userErrors { message } } }"
SESSION = "mutation($i: RegisterAgentSessionInput!) { registerAgentSession(input: $i) { agentSession { id } } }"
CLAIM = "mutation($i: ClaimNextRunInput!) { claimNextRun(input: $i) { claim { run { id } lease { leaseEpoch } } } }"
REPORT = "mutation($i: ReportRunInput!) { reportRun(input: $i) { userErrors { message } } }"
COMPLETE = "mutation($i: CompleteClaimedRunInput!) { completeClaimedRun(input: $i) { userErrors { message } } }"
POST = "mutation($i: PostMessageInput!) { postMessage(input: $i) { userErrors { message } } }"
STEP = {
    "stepKey": "load",
    "sourceType": "TOOL",
    "status": "COMPLETED",
    "toolName": "sql",
    "input": {"q": 1},
    "output": [1],
}
USAGE = {"inputTokens": 7, "totalCost": "0.5", "modelId": "m", "loadedSkillSlugs": ["s"]}
OUTCOME = {"summary": "done", "rendererKind": "table", "rowCount": 3}


async def bindings(c: WorkspacesCaller) -> None:
    """Tasks bound, rebound and unbound."""
    id, task = await c.copy(), await c.task("Sort the beans")
    made = await c.call("attach_task", 201, id, json={"taskId": task})
    (bound,) = made["boundTasks"]
    assert (bound["taskId"], bound["mutatesWorkspace"], made["workspace"]["id"]) == (task, False, id)
    assert await code(c, "attach_task", 409, id, json={"taskId": task}) == "task_already_bound"
    assert await code(c, "attach_task", 404, id, json={"taskId": UNKNOWN}) == "task_not_found"
    changed = await c.call("update_task_binding", 200, id, task.upper(), json={"mutatesWorkspace": "true"})
    assert [(one["bindingId"], one["mutatesWorkspace"]) for one in changed["boundTasks"]] == [
        (bound["bindingId"], True)
    ]
    for json, type in (({"mutatesWorkspace": None}, "bool_type"), ({"mutatesWorkspace": "x"}, "bool_parsing")):
        assert await problems(c, "update_task_binding", id, task, json=json) == [(["body", "mutatesWorkspace"], type)]
    await c.call("delete_task_binding", 204, id, task)
    assert await code(c, "delete_task_binding", 404, id, task) == "binding_not_found"
    assert await code(c, "update_task_binding", 404, id, task, json={"mutatesWorkspace": False}) == "binding_not_found"


async def runs(c: WorkspacesCaller) -> None:
    """A run from the queue to its end, as its workspace shows it."""
    id = await c.empty("of work")
    task = await c.task("Work", scope="WORKSPACE", workspaceId=id)
    run = (await c.graph(START, taskId=task))["run"]["id"]
    shown = await c.call("get_workspace_run", 200, id, run)
    assert (shown["status"], shown["taskDisplayName"], shown["rootRunId"], shown["depth"], shown["triggeredBy"]) == (
        "pending",
        "Work",
        run,
        0,
        "api",
    )
    assert (shown["outcome"], shown["observability"], shown["steps"], shown["startedAt"]) == (None, None, [], None)
    agent = (await c.graph(SESSION, agentName="bot", workspaceId=id))["agentSession"]["id"]
    claim = (await c.graph(CLAIM, agentSessionId=agent))["claim"]
    assert (await c.call("get_workspace_run", 200, id, run))["status"] == "running"
    held = {"runId": run, "agentSessionId": agent, "leaseEpoch": claim["lease"]["leaseEpoch"]}
    told = {"steps": [STEP], "usage": USAGE, "outcome": OUTCOME, "transcriptAppend": "hello"}
    await c.graph(REPORT, **held, **told)
    await c.graph(COMPLETE, **held, result={"ok": True})
    shown = await c.call("get_workspace_run", 200, id, run.upper())
    assert (shown["status"], shown["result"], shown["transcriptContent"]) == ("completed", {"ok": True}, "hello")
    (step,) = shown["steps"]
    assert (step["stepKey"], step["status"], step["sourceType"], step["input"], step["output"]) == (
        "load",
        "completed",
        "tool",
        {"q": 1},
        [1],
    )
    assert shown["outcome"] == {
        **OUTCOME,
        "artifactId": None,
        "artifactName": None,
        "version": None,
    }
    usage = shown["observability"]["usage"]
    assert (usage["inputTokens"], usage["totalCost"], shown["observability"]["loadedSkillSlugs"]) == (7, "0.5", ["s"])
    assert await code(c, "get_workspace_run", 404, await c.empty(), run) == "run_not_found"
    activity = (await c.call("list_workspace_activity", 200, id))["items"]
    assert [(one["id"], one["status"]) for one in activity if one["kind"] == "run"] == [(f"run:{run}", "completed")]


async def sessions(c: WorkspacesCaller) -> None:
    """A conversation and its answer."""
    id = await c.copy()
    made = await c.call("create_workspace_session", 201, id)
    assert (made["title"], made["scope"], made["lastTurnStatus"], made["viewerAccess"]) == (
        None,
        {"kind": "workspace", "workspaceId": id, "documentId": None},
        None,
        "owner",
    )
    assert made["agentSpec"]["lifecycleStatus"] == "active" and made["agentSpec"]["id"] == made["agentSpecId"]
    thread = made["id"]
    await c.graph(POST, threadId=thread, content="How many beans?")
    (listed,) = (await c.call("list_workspace_sessions", 200, id))["items"]
    assert (listed["title"], listed["activeTurnStatus"], listed["lastTurnStatus"]) == (
        "How many beans?",
        "pending",
        "pending",
    )
    assert isinstance(listed["activeTurnLastEventSeq"], int)
    agent = (await c.graph(SESSION, agentName="talker", workspaceId=id))["agentSession"]["id"]
    claim = (await c.graph(CLAIM, agentSessionId=agent))["claim"]
    held = {"runId": claim["run"]["id"], "agentSessionId": agent, "leaseEpoch": claim["lease"]["leaseEpoch"]}
    await c.graph(COMPLETE, **held, result={"content": "Nine."})
    newest = await c.call("list_workspace_session_messages", 200, id, thread, query={"limit": 1})
    (answer,) = newest["items"]
    assert (answer["role"], answer["content"], answer["turnId"], answer["createdBy"], answer["error"]) == (
        "assistant",
        "Nine.",
        listed["activeTurnId"],
        None,
        None,
    )
    cursor = {"cursor": newest["nextCursor"]}
    older = await c.call("list_workspace_session_messages", 200, id, thread, query=cursor)
    (asked,) = older["items"]
    assert (asked["role"], asked["content"], older["nextCursor"]) == ("user", "How many beans?", None)
    (listed,) = (await c.call("list_workspace_sessions", 200, id))["items"]
    assert (listed["activeTurnId"], listed["activeTurnLastEventSeq"], listed["lastTurnStatus"]) == (
        None,
        None,
        "completed",
    )
    for wrong in ("", "x", newest["nextCursor"] + "A" * 4):
        found: Any = await problems(c, "list_workspace_session_messages", id, thread, query={"cursor": wrong})
        assert found == [(["query", "cursor"], "value_error")]
    other = await c.copy()
    for place, unknown in ((id, UNKNOWN), (other, thread)):
        assert await code(c, "list_workspace_session_messages", 404, place, unknown) == "session_not_found"
