"""Every subscription on something, opened by each kind of viewer: what they do not see is to them as a random id."""

import pytest
from graphql import is_required_argument

from app.db.engine import Database
from app.events.hub import Hub
from app.events.streams import Streams
from app.graph.engine.executor import Executor, Request, RequestRefused
from app.services.registry import Services
from tests.support.graph import Graph
from tests.support.walk.asking import told
from tests.support.walk.people import READERS, Realm, Who, make_people
from tests.support.walk.reading import UNKNOWN
from tests.support.walk.world import World, make_world

# Of what kind the ids are that subscriptions need.
KINDS = {"taskId": "task", "runId": "run", "workspaceId": "workspace", "chartId": "chart"}


@pytest.fixture
async def world(db: Database, services: Services, executor: Executor) -> World:
    """Everything there is, as six viewers may watch it."""
    people = await make_people(db)
    return await make_world(db, Graph(executor, services, Streams(db, Hub()), people[Who.OWNER]), people)


async def refusal(world: World, who: Who, document: str, id: str) -> object:
    """Why a subscription is refused; None if it listens."""
    graph = world.graph.as_(world.people[who])
    try:
        source = await graph.executor.subscribe(Request(query=document, variables={"id": id}), graph.context())
    except RequestRefused as refused:
        return told(refused.answer("test-request").body, id)
    await graph.data("{ users { totalCount } }")  # by the time that is answered, what watches has begun to
    close = getattr(source.events, "aclose", None)
    if close is not None:
        await close()
    return None


async def test_who_does_not_see_a_thing_is_refused_as_for_a_random_id(world: World) -> None:
    root = world.graph.executor.schema.subscription_type
    assert root is not None
    for name, field in root.fields.items():
        for needed in [one for one, argument in field.args.items() if is_required_argument(argument)]:
            selection = "{ chartId }" if name == "chartData" else "{ sequence }"
            document = f"subscription($id: ID!) {{ {name}({needed}: $id) {selection} }}"
            for realm in (Realm.TENANT, Realm.PLACE, Realm.HIDDEN):
                for id in world.every(KINDS[needed], realm)[:1]:
                    for who in Who:
                        found = await refusal(world, who, document, id)
                        unknown = await refusal(world, who, document, UNKNOWN)
                        assert unknown is not None, f"{name} of a random id as {who}"
                        assert found == (None if who in READERS[realm] else unknown), f"{name} of {realm} as {who}"
