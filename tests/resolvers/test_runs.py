"""Runs in the graph: what workers report, where runs came from, and as many statements for 50 as for one."""

from typing import Any
from uuid import UUID

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.services.registry import Services
from tests.loaders.test_runs import queued_in
from tests.services.test_leases import claimed, queued, session
from tests.support.graph import Graph
from tests.support.grid import make_empty, share
from tests.support.kin import bind, descend, make_artifact, used
from tests.support.log import counts

REPORT = """
mutation($input: ReportRunInput!) {
  reportRun(input: $input) {
    sequence
    run { steps { stepKey status } }
    userErrors { code field message }
  }
}
"""
STEPS = """
query($id: ID!) {
  run(id: $id) {
    steps {
      stepKey sequence sourceType status toolName toolCallId input output error startedAt completedAt durationMs
      run { id }
    }
  }
}
"""
FACTS = """
query($id: ID!) {
  run(id: $id) {
    outcome { summary artifactId artifactName version rendererKind rowCount data artifact { id name } }
    observability {
      provider modelId traceProvider loadedSkillSlugs
      usage { inputTokens outputTokens cachedInputTokens cacheWriteTokens totalCost }
    }
    usage
    treeUsage { runCount inputTokens totalCost }
  }
}
"""
KIN = """
query($id: ID!) {
  run(id: $id) {
    depth triggeredBy triggerRef parent { id } root { id } retryOf { id } children { id parent { id } } task { id }
    artifacts { id name run { id } }
    channel {
      id channel displayName purpose workspaceId taskId runId workflowId lastActivityAt allowedMessageKinds
    }
  }
}
"""


async def held(services: Services, viewer: Viewer) -> tuple[str, str]:
    """An agent session and the run it holds."""
    await queued(services, viewer)
    worker = await session(services, viewer)
    return worker, str((await claimed(services, viewer, worker)).id)


async def report(graph: Graph, worker: str, run: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The answer to a report."""
    given = {"runId": run, "agentSessionId": worker, "leaseEpoch": 1, "steps": list(steps), **more}
    found: dict[str, Any] = (await graph.data(REPORT, {"input": given}))["reportRun"]
    return found


async def test_steps_are_shown_as_they_were_reported(services: Services, viewer: Viewer, graph: Graph) -> None:
    worker, run = await held(services, viewer)
    whole = {
        "stepKey": "fetch",
        "sequence": 2,
        "sourceType": "TOOL",
        "status": "COMPLETED",
        "toolName": "http",
        "toolCallId": "call-1",
        "input": {"url": "https://example.com"},
        "output": [1, {"a": None}],
        "error": None,
        "startedAt": "2026-01-31T12:00:00Z",
        "completedAt": "2026-01-31T12:00:01.250000Z",
    }
    answer = await report(graph, worker, run, whole, {"stepKey": "think", "sequence": 1, "sourceType": "AGENT"})
    assert answer["userErrors"] == []
    assert answer["run"]["steps"] == [
        {"stepKey": "think", "status": "RUNNING"},
        {"stepKey": "fetch", "status": "COMPLETED"},
    ]
    think, fetch = (await graph.data(STEPS, {"id": run}))["run"]["steps"]
    assert fetch == {**whole, "durationMs": "1250", "run": {"id": run}}
    assert (think["sourceType"], think["input"], think["output"], think["durationMs"]) == ("AGENT", None, None, None)


async def test_a_huge_output_is_cut_and_says_so(services: Services, viewer: Viewer, graph: Graph) -> None:
    worker, run = await held(services, viewer)
    await report(graph, worker, run, {"stepKey": "a", "output": {"rows": ["x" * 1_000] * 500}, "input": "y" * 20_000})
    (step,) = (await graph.data(STEPS, {"id": run}))["run"]["steps"]
    assert step["output"]["truncated"] is True
    assert step["output"]["bytes"] > 500_000
    assert step["output"]["text"].startswith('{"rows":["xxx')
    assert len(step["output"]["text"]) == 16_384
    assert (step["input"]["bytes"], step["input"]["truncated"]) == (20_002, True)


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([{"stepKey": "a\x00"}], "steps[0].stepKey"),
        ([{"stepKey": "a"}, {"stepKey": "b", "output": "\x00"}], "steps[1].output"),
        ([{"stepKey": "a"}, {"stepKey": "a"}], "steps"),
        ([{"stepKey": str(at)} for at in range(1_001)], "steps"),
        ([{"stepKey": "a", "completedAt": "2026-01-31T12:00:00Z"}], "steps[0].completedAt"),
        ([{"stepKey": "a", "sequence": -1}], "steps[0].sequence"),
    ],
    ids=["nul in a key", "nul in an output", "twice", "1001", "ended without a status", "negative"],
)
async def test_a_report_that_a_worker_can_mend_is_answered_as_data(
    db: Database, services: Services, viewer: Viewer, graph: Graph, steps: list[dict[str, Any]], field: str
) -> None:
    worker, run = await held(services, viewer)
    before = await counts(db)
    answer = await report(graph, worker, run, *steps)
    assert [(told["code"], told["field"]) for told in answer["userErrors"]] == [("BAD_USER_INPUT", field)]
    assert (answer["run"], answer["sequence"]) == (None, None)
    assert await counts(db) == before
    assert (await graph.data(STEPS, {"id": run}))["run"]["steps"] == []


@pytest.mark.parametrize(
    "step",
    [
        {"stepKey": "a", "status": "completed"},
        {"stepKey": "a", "status": "DONE"},
        {"stepKey": "a", "sourceType": "MAGIC"},
        {"stepKey": "a", "sequence": 2**31},
        {"stepKey": "a", "startedAt": "yesterday"},
        {"stepKey": None},
        {},
        {"stepKey": "a", "unknown": 1},
    ],
    ids=str,
)
async def test_a_word_that_does_not_exist_is_refused_before_anything_is_done(
    db: Database, services: Services, viewer: Viewer, graph: Graph, step: dict[str, Any]
) -> None:
    worker, run = await held(services, viewer)
    before = await counts(db)
    answer = await graph(REPORT, {"input": {"runId": run, "agentSessionId": worker, "steps": [step]}})
    assert {told["extensions"]["code"] for told in answer["errors"]} == {"BAD_USER_INPUT"}
    assert await counts(db) == before


async def test_a_late_holder_is_told_and_changes_nothing(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    worker, run = await held(services, viewer)
    await report(graph, worker, run, {"stepKey": "a", "output": 1})
    await services.leases.release(viewer, worker, run)
    await claimed(services, viewer, worker)
    before, shown = await counts(db), await graph.data(STEPS, {"id": run})
    answer = await report(graph, worker, run, {"stepKey": "a", "output": 2}, {"stepKey": "b"})
    assert [told["code"] for told in answer["userErrors"]] == ["LEASE_LOST"]
    assert (await counts(db), await graph.data(STEPS, {"id": run})) == (before, shown)


async def test_outcome_and_usage_are_read_from_what_was_reported(
    db: Database, services: Services, viewer: Viewer, graph: Graph
) -> None:
    worker, run = await held(services, viewer)
    assert (await graph.data(FACTS, {"id": run}))["run"] == {
        "outcome": None,
        "observability": None,
        "usage": None,
        "treeUsage": {"runCount": 1, "inputTokens": None, "totalCost": None},
    }
    artifact = str(await make_artifact(db, viewer, UUID(run), "report"))
    outcome = {"summary": "All counted.", "artifactId": artifact, "version": 1, "rendererKind": "table", "rowCount": 7}
    usage = {
        "provider": "p",
        "modelId": "m",
        "loadedSkillSlugs": ["a"],
        "inputTokens": 10,
        "outputTokens": 2,
        "totalCost": "0.0030",
    }
    await report(graph, worker, run, outcome=outcome, usage=usage)
    found = (await graph.data(FACTS, {"id": run}))["run"]
    assert found["outcome"] is None
    assert found["usage"] == usage
    assert found["observability"] == {
        "provider": "p",
        "modelId": "m",
        "traceProvider": None,
        "loadedSkillSlugs": ["a"],
        "usage": {
            "inputTokens": "10",
            "outputTokens": "2",
            "cachedInputTokens": None,
            "cacheWriteTokens": None,
            "totalCost": "0.0030",
        },
    }
    assert found["treeUsage"] == {"runCount": 1, "inputTokens": "10", "totalCost": "0.0030"}
    await services.leases.complete(viewer, worker, run)
    assert (await graph.data(FACTS, {"id": run}))["run"]["outcome"] == {
        **outcome,
        "rowCount": "7",
        "artifactName": None,
        "data": outcome,
        "artifact": {"id": artifact, "name": "report"},
    }


@pytest.mark.parametrize(
    "said", ["in words", 5, [], {"summary": 5, "artifactId": "x", "version": -1, "rowCount": 2**62}]
)
async def test_an_odd_outcome_breaks_nothing(services: Services, viewer: Viewer, graph: Graph, said: object) -> None:
    worker, run = await held(services, viewer)
    await report(graph, worker, run, outcome=said, usage=said)
    await services.leases.complete(viewer, worker, run)
    found = (await graph.data(FACTS, {"id": run}))["run"]
    assert (found["outcome"]["data"], found["outcome"]["artifact"]) == (said, None)
    assert found["observability"]["loadedSkillSlugs"] == []


async def test_a_run_tells_where_it_came_from_and_where_it_is_talked_about(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    root, run, child = [await queued_in(services, viewer, place.id) for _ in range(3)]
    await descend(db, viewer, run, root, trigger_ref="schedule-1", triggered_by="schedule", retry_of=root)
    await descend(db, viewer, child, run, root, depth=2)
    await bind(db, viewer, run, "crew", {"workflow_id": "w"})
    artifact = await make_artifact(db, viewer, run, workspace_id=place.id)
    found = (await graph.data(KIN, {"id": str(run)}))["run"]
    channel = found.pop("channel")
    task = found.pop("task")
    assert found == {
        "depth": 1,
        "triggeredBy": "schedule",
        "triggerRef": "schedule-1",
        "parent": {"id": str(root)},
        "root": {"id": str(root)},
        "retryOf": {"id": str(root)},
        "children": [{"id": str(child), "parent": {"id": str(run)}}],
        "artifacts": [{"id": str(artifact), "name": "made", "run": {"id": str(run)}}],
    }
    assert channel.pop("lastActivityAt").endswith("Z")
    assert channel.pop("taskId") == task["id"]
    assert channel == {
        "id": "crew",
        "channel": "crew",
        "displayName": "crew",
        "purpose": "task_run_coordination",
        "workspaceId": str(place.id),
        "runId": str(run),
        "workflowId": "w",
        "allowedMessageKinds": ["STATUS", "REQUEST", "REPLY", "BLOCKER", "HANDOFF", "RESULT", "REVIEW_REQUEST"],
    }
    assert await graph.as_(colleague).data(KIN, {"id": str(run)}) == {"run": None}
    await share(db, viewer, place.id, colleague)
    assert (await graph.as_(colleague).data(KIN, {"id": str(run)}))["run"]["channel"]["id"] == "crew"


NESTED = """
query($first: Int!) {
  tasks(first: $first) {
    nodes {
      runs {
        id depth triggeredBy triggerRef
        steps { stepKey input output }
        parent { id } root { id } retryOf { id } children { id }
        artifacts { id } channel { runId }
        observability { usage { inputTokens } } outcome { summary } treeUsage { runCount }
        agentSession { runs { id } }
      }
    }
  }
}
"""
# Tasks, runs, steps, payloads, lineage, parent, root, retry, children, artifacts, channel, report, tree, session, held.
NESTED_STATEMENTS = 15


@pytest.mark.parametrize("count", [1, 10, 50])
async def test_as_many_statements_for_50_runs_as_for_one(
    db: Database, services: Services, viewer: Viewer, graph: Graph, count: int
) -> None:
    place = await make_empty(services, viewer)
    placed = [await queued_in(services, viewer, place.id) for _ in range(count)]
    row, _ = await services.agent_sessions.register(
        viewer, agent_name="a", workspace_id=str(place.id), capabilities=(), max_concurrency=100
    )
    worker = str(row.id)
    given = await services.leases.claim(viewer, worker, limit=100)
    assert len(given.runs) == count
    for at, run in enumerate(placed):
        await report(graph, worker, str(run), {"stepKey": "a", "input": at, "output": at}, {"stepKey": "b"})
        await bind(db, viewer, run, f"crew-{at % 3}")
        await make_artifact(db, viewer, run, workspace_id=place.id)
        await used(db, viewer, run, {"inputTokens": at})
    (root,) = await queued(services, viewer)
    for run in placed:
        await descend(db, viewer, run, root.id, retry_of=root.id)
    before = db.statements
    nodes = (await graph.data(NESTED, {"first": count + 1}))["tasks"]["nodes"]
    assert db.statements - before == NESTED_STATEMENTS
    found = [run for node in nodes for run in node["runs"]]
    assert len(found) == count + 1
    assert {len(run["steps"]) for run in found} == {0, 2}
    assert {run["root"]["id"] for run in found} == {str(root.id)}
    assert max(len(run["children"]) for run in found) == count
    assert {run["treeUsage"]["runCount"] for run in found} == {count + 1}
    assert {len(run["agentSession"]["runs"]) for run in found if run["agentSession"]} == {count}
    assert sum(run["channel"] is not None for run in found) == count


async def test_a_stranger_sees_no_trace_of_others_runs(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    secret = await queued_in(services, viewer, place.id)
    (run,) = await queued(services, viewer)
    await descend(db, viewer, run.id, secret, retry_of=secret)
    await make_artifact(db, viewer, run.id, workspace_id=place.id)
    await used(db, viewer, secret, {"inputTokens": 1_000})
    seen = (await graph.as_(colleague).data(KIN, {"id": str(run.id)}))["run"]
    assert (seen["parent"], seen["root"], seen["retryOf"], seen["children"], seen["artifacts"]) == (
        None,
        None,
        None,
        [],
        [],
    )
    facts = (await graph.as_(colleague).data(FACTS, {"id": str(run.id)}))["run"]
    assert facts["treeUsage"] == {"runCount": 1, "inputTokens": None, "totalCost": None}
    for document in (KIN, FACTS, STEPS):
        for id in (str(run.id), str(secret)):
            assert await graph.as_(outsider).data(document, {"id": id}) == {"run": None}
        assert await graph.as_(colleague).data(document, {"id": str(secret)}) == {"run": None}
