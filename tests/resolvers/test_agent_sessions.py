"""Agent sessions in the graph: who sees which, pages without repeats or gaps, and what each holds."""

import asyncio
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.domain.paging import encode_cursor
from app.services.registry import Services
from tests.loaders.test_runs import queued_in
from tests.services.test_leases import queued, session
from tests.support.graph import Graph
from tests.support.grid import make_empty, share, unshare

PAGE = """
query($state: AgentSessionState, $workspaceId: ID, $first: Int, $after: String) {
  agentSessions(state: $state, workspaceId: $workspaceId, first: $first, after: $after) {
    nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } totalCount
  }
}
"""
ONE = "query($id: ID!) { agentSession(id: $id) { id } node(id: $id) { id } }"
HOLDS = "query($first: Int!) { agentSessions(first: $first) { nodes { id activeRuns runs { id status } } } }"


async def page(graph: Graph, **wanted: Any) -> dict[str, Any]:
    """One page."""
    found: dict[str, Any] = (await graph.data(PAGE, wanted))["agentSessions"]
    return found


async def seen(graph: Graph, **wanted: Any) -> list[str]:
    """The ids of a page, after making sure that the total agrees."""
    found = await page(graph, **wanted)
    assert found["totalCount"] == len(found["nodes"])
    return [node["id"] for node in found["nodes"]]


async def session_in(services: Services, viewer: Viewer, workspace_id: object) -> str:
    """A session for a workspace."""
    row, _ = await services.agent_sessions.register(
        viewer, agent_name="a", workspace_id=str(workspace_id), capabilities=(), max_concurrency=5
    )
    return str(row.id)


async def test_sessions_are_listed_newest_first_by_state_and_workspace(
    services: Services, viewer: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    plain = await session(services, viewer)
    placed = await session_in(services, viewer, place.id)
    ended = await session(services, viewer)
    await services.agent_sessions.end(viewer, ended)
    assert await seen(graph) == [ended, placed, plain]
    assert await seen(graph, state="ACTIVE") == [placed, plain]
    assert await seen(graph, state="ENDED") == [ended]
    assert await seen(graph, workspaceId=str(place.id)) == [placed]
    assert await seen(graph, workspaceId=str(place.id), state="ENDED") == []
    assert await seen(graph, workspaceId=ended) == []


async def test_one_sees_ones_own_those_for_all_and_those_of_shared_workspaces(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, outsider: Viewer, graph: Graph
) -> None:
    place = await make_empty(services, viewer)
    placed = await session_in(services, viewer, place.id)
    plain = await session(services, viewer)
    theirs = graph.as_(colleague)

    async def both(who: Graph, id: str) -> bool:
        found = await who.data(ONE, {"id": id})
        assert (found["agentSession"] is None) == (found["node"] is None)
        return found["node"] is not None

    assert await seen(graph) == [plain, placed]
    assert (await seen(theirs), await both(theirs, plain), await both(theirs, placed)) == ([plain], True, False)
    assert (await seen(graph.as_(outsider)), await both(graph.as_(outsider), plain)) == ([], False)
    await share(db, viewer, place.id, colleague)
    assert (await seen(theirs), await both(theirs, placed)) == ([plain, placed], True)
    await unshare(db, place.id)
    assert (await seen(theirs), await seen(theirs, workspaceId=str(place.id))) == ([plain], [])


async def test_pages_meet_every_session_once_while_others_register(
    services: Services, viewer: Viewer, graph: Graph
) -> None:
    before = [await session(services, viewer) for _ in range(12)][::-1]
    met: list[str] = []
    after = None
    for expected in (False, True, True):
        found = await page(graph, first=5, after=after)
        assert found["pageInfo"]["hasPreviousPage"] is expected
        met += [node["id"] for node in found["nodes"]]
        after = found["pageInfo"]["endCursor"]
        await asyncio.gather(*[session(services, viewer) for _ in range(3)])
    assert met == before
    assert found["pageInfo"]["hasNextPage"] is False


DAMAGED = [
    "x",
    encode_cursor("tasks", ("2026-01-01T00:00:00+00:00", "x")),
    encode_cursor("agent sessions", ("2026-01-01T00:00:00+00:00",)),
    encode_cursor("agent sessions", ("2026-01-01T00:00:00+00:00", "x")),
    encode_cursor("agent sessions", ("2026-01-01T00:00:00", "018f0000-0000-7000-8000-000000000000")),
    encode_cursor("agent sessions", ("0001-01-01T00:00:00+14:00", "018f0000-0000-7000-8000-000000000000")),
    encode_cursor("agent sessions", (None, [])),
]


@pytest.mark.parametrize("wanted", [*({"after": cursor} for cursor in DAMAGED), {"first": 0}, {"first": 101}], ids=str)
async def test_a_page_that_cannot_be_is_refused(graph: Graph, wanted: dict[str, Any]) -> None:
    answer = await graph(PAGE, wanted)
    [told] = answer["errors"]
    assert (told["extensions"]["code"], told["extensions"]["field"]) == ("BAD_USER_INPUT", next(iter(wanted)))


async def test_a_workspace_that_can_name_nothing_is_not_found(graph: Graph) -> None:
    answer = await graph(PAGE, {"workspaceId": "x"})
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_session_shows_the_runs_it_holds_now(
    db: Database, services: Services, viewer: Viewer, colleague: Viewer, graph: Graph
) -> None:
    first, second, third = await queued(services, viewer, 3)
    busy, idle = await session(services, viewer, 5), await session(services, viewer)
    await services.leases.claim(viewer, busy, limit=3)
    await services.leases.complete(viewer, busy, str(second.id))
    before = db.statements
    found = (await graph.data(HOLDS, {"first": 10}))["agentSessions"]["nodes"]
    assert db.statements - before == 2
    assert found == [
        {"id": idle, "activeRuns": 0, "runs": []},
        {
            "id": busy,
            "activeRuns": 2,
            "runs": [{"id": str(first.id), "status": "CLAIMED"}, {"id": str(third.id), "status": "CLAIMED"}],
        },
    ]
    assert (await graph.as_(colleague).data(HOLDS, {"first": 10}))["agentSessions"]["nodes"] == found


@pytest.mark.parametrize("count", [1, 50])
async def test_as_many_statements_for_50_sessions_as_for_one(
    db: Database, services: Services, viewer: Viewer, graph: Graph, count: int
) -> None:
    place = await make_empty(services, viewer)
    for _ in range(count):
        worker = await session_in(services, viewer, place.id)
        await queued_in(services, viewer, place.id)
        await services.leases.claim(viewer, worker)
    before = db.statements
    found = await graph.data(HOLDS, {"first": count})
    assert db.statements - before == 2
    assert {len(node["runs"]) for node in found["agentSessions"]["nodes"]} == {1}
