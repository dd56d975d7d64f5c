"""The documents that outside checks send, as they were promised: each runs and answers in its shape."""

from typing import Any

from app.domain.access.viewer import Viewer
from tests.support.graph import Graph

REGISTER = """
mutation($name: String!, $place: ID, $offers: [String!], $most: Int) {
  registerAgentSession(
    input: {agentName: $name, workspaceId: $place, capabilities: $offers, maxConcurrency: $most}
  ) { agentSession { id agentName } }
}
"""
CREATE = """
mutation($title: String!, $scope: TaskScope!, $priority: TaskPriority, $attempts: Int, $metadata: JSON) {
  createTask(
    input: {title: $title, scope: $scope, priority: $priority, maxAttempts: $attempts, metadata: $metadata}
  ) { task { id status } userErrors { code message field } sequence }
}
"""
START = """
mutation($task: ID!, $key: String) {
  startTask(input: {taskId: $task, idempotencyKey: $key}) { task { id status } run { id status } userErrors { code } }
}
"""
CLAIM = """
mutation($session: ID!, $seconds: Int, $place: ID, $offers: [String!], $wait: Boolean) {
  claimNextRun(
    input: {
      agentSessionId: $session, leaseSeconds: $seconds, workspaceId: $place, requiredCapabilities: $offers, wait: $wait
    }
  ) { claim { run { id } task { id } lease { leaseUntil leaseEpoch } } }
}
"""
CLAIM_MANY = """
mutation($session: ID!, $limit: Int!, $seconds: Int) {
  claimRuns(input: {agentSessionId: $session, limit: $limit, leaseSeconds: $seconds}) {
    claims { run { id } task { id } lease { leaseUntil leaseEpoch } }
  }
}
"""
HEARTBEAT = """
mutation($run: ID!, $session: ID!, $epoch: BigInt, $seconds: Int) {
  heartbeatRun(input: {runId: $run, agentSessionId: $session, leaseEpoch: $epoch, leaseSeconds: $seconds}) {
    leaseUntil leaseLost cancelRequested
  }
}
"""
COMPLETE = """
mutation($run: ID!, $session: ID!, $epoch: BigInt, $result: JSON) {
  completeClaimedRun(input: {runId: $run, agentSessionId: $session, leaseEpoch: $epoch, result: $result}) {
    run { id status } userErrors { code } sequence
  }
}
"""
COMPLETE_MANY = """
mutation($session: ID!, $a: ID!, $b: ID!, $epoch: BigInt, $result: JSON) {
  completeClaimedRuns(
    input: {
      agentSessionId: $session,
      runs: [{runId: $a, leaseEpoch: $epoch, result: $result}, {runId: $b, leaseEpoch: $epoch, result: $result}]
    }
  ) { results { run { id status } userErrors { code } } }
}
"""
TABLE = """
mutation {
  createTable(
    input: {
      name: "weather", primaryKey: ["day"],
      columns: [{name: "day", dataType: DATE}, {name: "rain", dataType: NUMBER}]
    }
  ) { table { id name } }
}
"""
IMPORT = "mutation($table: ID!, $rows: [JSON!]!) { importRows(input: {tableId: $table, rows: $rows}) { rowCount } }"
PLACE = """
mutation {
  createWorkspace(
    input: {
      title: "Weather", mode: OPERATIONAL, backingTableName: "weather", backingTableScope: TENANT, taskBindings: []
    }
  ) { workspace { id } warnings { code } userErrors { code } }
}
"""
KEY = 'mutation($user: ID) { createApiKey(input: {name: "k", userId: $user}) { apiKey { id prefix } secret } }'
USER = """
mutation {
  createUser(input: {email: "new@example.com", firstName: "New", lastName: "User"}) { user { id email } }
}
"""


async def created(graph: Graph, title: str = "t") -> str:
    """A started task's id."""
    made = await graph.data(CREATE, {"title": title, "scope": "GLOBAL"})
    id: str = made["createTask"]["task"]["id"]
    await graph.data(START, {"task": id})
    return id


async def registered(graph: Graph, most: int = 1) -> str:
    """An agent session's id."""
    made = await graph.data(REGISTER, {"name": "counter", "most": most})
    id: str = made["registerAgentSession"]["agentSession"]["id"]
    assert made == {"registerAgentSession": {"agentSession": {"id": id, "agentName": "counter"}}}
    return id


async def test_a_task_is_made_and_started(graph: Graph) -> None:
    given = {"title": "t", "scope": "GLOBAL", "priority": "HIGH", "attempts": 2, "metadata": {"a": [1]}}
    made = (await graph.data(CREATE, given))["createTask"]
    assert made == {"task": {"id": made["task"]["id"], "status": "READY"}, "userErrors": [], "sequence": "1"}
    id = made["task"]["id"]
    started = (await graph.data(START, {"task": id, "key": "k"}))["startTask"]
    run = started["run"]["id"]
    assert started == {"task": {"id": id, "status": "READY"}, "run": {"id": run, "status": "QUEUED"}, "userErrors": []}
    assert (await graph.data(START, {"task": id, "key": "k"}))["startTask"] == started


async def test_a_run_is_claimed_kept_and_completed(graph: Graph) -> None:
    session = await registered(graph)
    nothing = await graph.data(CLAIM, {"session": session, "seconds": 60, "wait": False})
    assert nothing == {"claimNextRun": {"claim": None}}
    task = await created(graph)
    claim = (await graph.data(CLAIM, {"session": session, "offers": ["gpu"]}))["claimNextRun"]["claim"]
    run, until = claim["run"]["id"], claim["lease"]["leaseUntil"]
    assert claim == {"run": {"id": run}, "task": {"id": task}, "lease": {"leaseUntil": until, "leaseEpoch": "1"}}
    for epoch in ("1", 1, None):
        beat = await graph.data(HEARTBEAT, {"run": run, "session": session, "epoch": epoch, "seconds": 600})
        assert beat["heartbeatRun"].pop("leaseUntil") > until
        assert beat == {"heartbeatRun": {"leaseLost": False, "cancelRequested": False}}
    done = await graph.data(COMPLETE, {"run": run, "session": session, "epoch": "1", "result": {"words": 3}})
    assert done["completeClaimedRun"] == {"run": {"id": run, "status": "COMPLETED"}, "userErrors": [], "sequence": "8"}
    lost = await graph.data(COMPLETE, {"run": run, "session": session, "epoch": "1"})
    assert lost == {"completeClaimedRun": {"run": None, "userErrors": [{"code": "LEASE_LOST"}], "sequence": None}}
    beat = await graph.data(HEARTBEAT, {"run": run, "session": session, "epoch": "1"})
    assert beat == {"heartbeatRun": {"leaseUntil": None, "leaseLost": True, "cancelRequested": False}}


async def test_many_runs_are_claimed_and_completed_at_once(graph: Graph) -> None:
    session = await registered(graph, 10)
    assert await graph.data(CLAIM_MANY, {"session": session, "limit": 5}) == {"claimRuns": {"claims": []}}
    tasks = [await created(graph, str(n)) for n in range(2)]
    claims = (await graph.data(CLAIM_MANY, {"session": session, "limit": 5, "seconds": 30}))["claimRuns"]["claims"]
    assert [(claim["task"]["id"], claim["lease"]["leaseEpoch"]) for claim in claims] == [(id, "1") for id in tasks]
    a, b = (claim["run"]["id"] for claim in claims)
    ended: dict[str, Any] = {"session": session, "a": a, "b": b, "epoch": 1, "result": [1]}
    well = (await graph.data(COMPLETE_MANY, ended))["completeClaimedRuns"]["results"]
    assert well == [{"run": {"id": id, "status": "COMPLETED"}, "userErrors": []} for id in (a, b)]
    lost = (await graph.data(COMPLETE_MANY, ended))["completeClaimedRuns"]["results"]
    assert lost == [{"run": None, "userErrors": [{"code": "LEASE_LOST"}]}] * 2


async def test_a_table_is_made_filled_and_opened(graph: Graph) -> None:
    made = await graph.data(TABLE)
    id = made["createTable"]["table"]["id"]
    assert made == {"createTable": {"table": {"id": id, "name": "weather"}}}
    rows = [{"day": "2026-01-01", "rain": 0.5}, {"day": "2026-01-02", "rain": None}]
    assert await graph.data(IMPORT, {"table": id, "rows": rows}) == {"importRows": {"rowCount": 2}}
    place = await graph.data(PLACE)
    workspace = place["createWorkspace"]["workspace"]["id"]
    assert place == {"createWorkspace": {"workspace": {"id": workspace}, "warnings": [], "userErrors": []}}


async def test_a_user_is_made_and_given_a_key(graph: Graph) -> None:
    made = await graph.data(USER)
    id = made["createUser"]["user"]["id"]
    assert made == {"createUser": {"user": {"id": id, "email": "new@example.com"}}}
    key = (await graph.data(KEY, {"user": id}))["createApiKey"]
    assert key["secret"].startswith(key["apiKey"]["prefix"])
    assert set(key["apiKey"]) == {"id", "prefix"}


async def test_big_integers_are_decimal_strings_and_taken_as_either(graph: Graph) -> None:
    await created(graph)
    document = "query($after: BigInt) { events(after: $after) { nodes { sequence } } }"
    for after in (0, "0", None):
        found = await graph.data(document, {"after": after})
        assert found == {"events": {"nodes": [{"sequence": "1"}, {"sequence": "2"}]}}
    assert (await graph.data("{ events(after: 1) { nodes { sequence } } }"))["events"]["nodes"] == [{"sequence": "2"}]
    assert (await graph.data('{ events(after: "1") { nodes { sequence } } }'))["events"]["nodes"] == [{"sequence": "2"}]


async def test_what_another_tenant_made_is_nobodys(graph: Graph, outsider: Viewer) -> None:
    task, session = await created(graph), await registered(graph)
    run = (await graph.data(CLAIM, {"session": session}))["claimNextRun"]["claim"]["run"]["id"]
    other = graph.as_(outsider)
    theirs = await registered(other)
    assert (await other.data(START, {"task": task}))["startTask"] == {
        "task": None,
        "run": None,
        "userErrors": [{"code": "NOT_FOUND"}],
    }
    lost = await other.data(COMPLETE, {"run": run, "session": theirs, "epoch": 1})
    assert lost["completeClaimedRun"] == {"run": None, "userErrors": [{"code": "NOT_FOUND"}], "sequence": None}
    nodes = await other.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [task, run, session, theirs]})
    assert nodes == {"nodes": [None, None, None, {"id": theirs}]}
