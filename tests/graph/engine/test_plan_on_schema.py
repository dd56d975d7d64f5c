"""The schema that runs, by plan and by library: equal answers to generated documents on real data, errors included."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema
from hypothesis import HealthCheck, given, settings, strategies
from hypothesis import seed as seeded
from hypothesis_graphql import nodes, queries
from structlog.testing import capture_logs

from app.db.engine import Database
from app.domain.access.viewer import Viewer
from app.events.hub import Hub
from app.events.streams import Streams
from app.graph.context import GraphContext
from app.graph.engine.encoding import encoded
from app.graph.engine.executor import Executor, Request
from app.resolvers.root import build_schema
from app.services.registry import Services
from tests.services.test_forced import dead
from tests.services.test_leases import claimed, queued, session
from tests.support.grid import PEOPLE_ROWS, make_table, make_workspace, share

Both = tuple[Executor, Executor, GraphContext]
# What is told of the present moment differs from one moment to the next.
OF_THE_MOMENT = {"taskDashboard", "taskInbox"}
SCALARS = {
    "BigInt": strategies.sampled_from([nodes.Int(0), nodes.Int(3), nodes.String("2"), nodes.String("x")]),
    "DateTime": strategies.sampled_from([nodes.String("2026-01-02T03:04:05Z"), nodes.String("soon")]),
    "JSON": strategies.sampled_from([nodes.String("x"), nodes.Int(1)]),
}
WALKS = [
    """{
      tasks {
        totalCount pageInfo { hasNextPage endCursor }
        edges {
          cursor
          node {
            id title status paused triage { read } lastActivityAt tree { task { id } } workspace { id title }
            latestRun { id lease { leaseEpoch } steps { stepKey } waitingFor } runs { id task { id } root { id } }
            dependencies { id } children { id } timeline(first: 3) { nodes { type } }
          }
        }
      }
    }""",
    """{
      workspaces {
        nodes {
          id title mode columns { name dataType } rows(limit: 3) { items total canEdit readOnlyReason }
          tasks(first: 2) { nodes { id } totalCount } charts { id spec } share { state } tags { name }
          activity { kind title } isShared viewerAccess runs { nodes { id } } events { nodes { type sequence } }
        }
      }
    }""",
    "{ deadLetters { nodes { id error task { status attemptsLeft } } } dispatch { held claimable waiting } }",
    "{ viewer { user { email } } agentSessions { nodes { id agentName runs { id } } } users { nodes { email } } }",
    """{
      events(after: 0, first: 100) {
        nodes { sequence cursor type payload actor { kind ref } task { id } run { id status } }
      }
      tables { nodes { name columns { name } } }
    }""",
    '{ task(id: "nothing") { id } run(id: "nothing") { id } tasks(first: 101) { nodes { id } } }',
    '{ tasks(after: "x") { nodes { id } } workspace(id: "x") { id } }',
    "{ tasks { nodes { timeline(first: 1000) { nodes { type } } id } } }",
    "{ tasks { nodes { timeline(after: -1) { nodes { type } } } } }",
]


@pytest.fixture
async def both(db: Database, services: Services, viewer: Viewer, colleague: Viewer) -> AsyncIterator[Both]:
    """The schema by plan and by library, on a little of everything."""
    table = await make_table(services, viewer, rows=PEOPLE_ROWS)
    place = await make_workspace(services, viewer, table)
    await share(db, viewer, place.id, colleague)
    await dead(services, viewer, 2)
    await queued(services, viewer, 3)
    await claimed(services, viewer, await session(services, viewer))
    schema = build_schema()
    context = GraphContext(viewer, services, Streams(db, Hub()), "request")
    with capture_logs():
        yield Executor(schema, suggestions=True), Executor(schema, suggestions=True, planned=False), context


async def answers(both: Both, text: str, variables: dict[str, Any] | None = None) -> tuple[Any, Any]:
    """What plan and library answer."""
    planned, library, context = both
    found = []
    for one in (planned, library):
        context.fresh_loaders()
        answer = await one.run(Request(query=text, variables=variables), context)
        found.append((orjson.loads(encoded(answer.body)), answer.executed))
    return found[0], found[1]


def generated(schema: GraphQLSchema, seed: int, count: int) -> list[str]:
    """So many documents that the schema allows, always the same for one seed."""
    found: list[str] = []
    assert schema.query_type is not None
    roots = set(schema.query_type.fields) - OF_THE_MOMENT

    @seeded(seed)
    @settings(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(queries(schema, fields=sorted(roots), custom_scalars=SCALARS, allow_x00=False))
    def collect(text: str) -> None:
        found.append(text)

    collect()
    return found


async def test_walks_have_the_librarys_answers(both: Both) -> None:
    for text in WALKS:
        by_plan, by_library = await answers(both, text)
        assert by_plan == by_library, text


@pytest.mark.parametrize("seed", range(2))
async def test_generated_documents_have_the_librarys_answers(both: Both, seed: int) -> None:
    texts = generated(both[1].schema, seed, 50)
    assert len(set(texts)) > 30
    for text in texts:
        by_plan, by_library = await answers(both, text)
        assert by_plan == by_library, text
