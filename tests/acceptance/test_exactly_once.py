"""1 000 runs, 16 workers, two servers, one subscriber that is cut ten times: each run once, each event once."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import websockets

from app.db.engine import Database
from app.storage.statements import composed
from tests.support.server import ServerProcess, running_server

RUNS = 1_000
WORKERS = 16
CUTS = 10
ALL_EVENTS = composed("SELECT e.sequence, e.type, e.run_id FROM events e ORDER BY e.sequence")
RUNS_NOW = composed("SELECT r.status, r.attempt, r.lease_epoch FROM runs r")
SESSIONS_NOW = composed("SELECT s.active_runs FROM agent_sessions s")

CREATE = "mutation($t: String!) { createTask(input: {title: $t, scope: GLOBAL}) { task { id } } }"
START = "mutation($id: ID!) { startTask(input: {taskId: $id}) { run { id } userErrors { code } } }"
REGISTER = 'mutation { registerAgentSession(input: {agentName: "w", maxConcurrency: 5}) { agentSession { id } } }'
CLAIM = """
mutation($s: ID!) {
  claimRuns(input: {agentSessionId: $s, limit: 5, leaseSeconds: 60}) { claims { run { id } lease { leaseEpoch } } }
}
"""
COMPLETE = """
mutation($s: ID!, $runs: [CompletedRunInput!]!) {
  completeClaimedRuns(input: {agentSessionId: $s, runs: $runs}) { results { run { id } userErrors { code } } }
}
"""
WATCH = "subscription($after: BigInt) { events(after: $after) { sequence type run { id } } }"


class Caller:
    """A client of one of the servers."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.client = httpx.AsyncClient(headers={"authorization": f"Bearer {server.key}"}, timeout=30)

    async def __call__(self, document: str, **variables: object) -> dict[str, Any]:
        """The data of an answer without errors."""
        body = {"query": document, "variables": variables}
        answer = (await self.client.post(f"{self.server.url}/graphql", json=body)).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data


async def queue_all(call: Caller, count: int) -> None:
    """Make and start tasks, a few at a time."""
    numbers = iter(range(count))

    async def some() -> None:
        for number in numbers:
            made = await call(CREATE, t=f"task {number}")
            started = await call(START, id=made["createTask"]["task"]["id"])
            assert started["startTask"]["userErrors"] == []

    await asyncio.gather(*[some() for _ in range(12)])


async def work(call: Caller, done: Counter[str], all_done: asyncio.Event) -> None:
    """Claim and complete until every run is completed."""
    session = (await call(REGISTER))["registerAgentSession"]["agentSession"]["id"]
    while not all_done.is_set():
        claims = (await call(CLAIM, s=session))["claimRuns"]["claims"]
        if not claims:
            await asyncio.sleep(0.02)
            continue
        ends = [{"runId": c["run"]["id"], "leaseEpoch": c["lease"]["leaseEpoch"], "result": 1} for c in claims]
        results = (await call(COMPLETE, s=session, runs=ends))["completeClaimedRuns"]["results"]
        assert [r["userErrors"] for r in results] == [[]] * len(ends)
        done.update(r["run"]["id"] for r in results)
        if len(done) >= RUNS:
            all_done.set()


async def watch(servers: list[ServerProcess], seen: list[tuple[int, str]], last: "asyncio.Future[int]") -> None:
    """Follow the log, cut the connection now and again and go on at the other server, after the last event seen."""
    cut_every = 320
    for at in range(CUTS + 1_000):
        server = servers[at % len(servers)]
        address = server.url.replace("http", "ws") + "/graphql"
        protocol = websockets.Subprotocol("graphql-transport-ws")
        async with websockets.connect(address, subprotocols=[protocol]) as ws:
            await ws.send(orjson.dumps({"type": "connection_init", "payload": {"apiKey": server.key}}).decode())
            assert orjson.loads(await ws.recv())["type"] == "connection_ack"
            variables = {"after": seen[-1][0] if seen else 0}
            payload = {"query": WATCH, "variables": variables}
            await ws.send(orjson.dumps({"type": "subscribe", "id": "1", "payload": payload}).decode())
            for _ in range(cut_every if at < CUTS else 1_000_000):
                message = orjson.loads(await ws.recv())
                assert message["type"] == "next", message
                event = message["payload"]["data"]["events"]
                seen.append((int(event["sequence"]), event["type"]))
                if last.done() and seen[-1][0] >= last.result():
                    assert at >= CUTS
                    return
            ws.transport.abort()


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_every_run_ends_once_and_every_event_arrives_once(dsn: str, tmp_path: Path) -> None:
    async with (
        running_server(tmp_path / "one", database_url=dsn) as one,
        running_server(tmp_path / "two", database_url=dsn, env={"TASKLOOM_BOOTSTRAP_KEY": one.key}) as two,
    ):
        callers = [Caller(one), Caller(two)]
        seen: list[tuple[int, str]] = []
        last: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        watching = asyncio.create_task(watch([one, two], seen, last))
        done: Counter[str] = Counter()
        all_done = asyncio.Event()
        working = [asyncio.create_task(work(callers[n % 2], done, all_done)) for n in range(WORKERS)]
        await queue_all(callers[0], RUNS)
        await asyncio.gather(*working)
        assert (len(done), set(done.values())) == (RUNS, {1})

        db = Database(dsn)
        await db.open()
        log = await db.fetch(ALL_EVENTS)
        runs = Counter((r["status"], r["attempt"], r["lease_epoch"]) for r in await db.fetch(RUNS_NOW))
        held = [r["active_runs"] for r in await db.fetch(SESSIONS_NOW)]
        await db.close()
        last.set_result(log[-1]["sequence"])
        # One more event, so that a watcher that has seen all of them looks once more.
        extra = await callers[1](CREATE, t="the end")
        assert extra["createTask"]["task"]["id"]
        await watching
        for caller in callers:
            await caller.client.aclose()

    assert runs == {("completed", 1, 1): RUNS}
    assert held == [0] * WORKERS
    ends = Counter(row["run_id"] for row in log if row["type"] == "task.run_completed")
    assert (len(ends), set(ends.values())) == (RUNS, {1})
    sequences = [row["sequence"] for row in log]
    assert sequences == sorted(set(sequences))
    known = {row["sequence"]: row["type"].upper().replace(".", "_") for row in log}
    assert [s for s, _ in seen if s <= sequences[-1]] == sequences
    assert all(known[s] == kind for s, kind in seen if s in known)
