"""Every mutation of the schema, called by each kind of viewer: who may not is refused, and nothing changed."""

from dataclasses import replace
from typing import Any, Final

import pytest

from app.db.engine import Database
from app.domain.access.credentials import Scope
from app.domain.access.viewer import Viewer
from app.events.hub import Hub
from app.events.streams import Streams
from app.graph.engine.executor import Executor
from app.services.registry import Services
from app.storage.statements import composed
from tests.support.graph import Answer, Graph
from tests.support.walk.asking import Asking, told
from tests.support.walk.changing import CHANGES, Change, May
from tests.support.walk.people import Realm, Who, make_people
from tests.support.walk.reading import UNKNOWN
from tests.support.walk.world import Maker, World, make_world

TABLES: Final = composed(
    """
    SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
    """
)
EVERYBODY_BUT_THE_OWNER: Final = tuple(who for who in Who if who is not Who.OWNER)


@pytest.fixture
async def world(db: Database, services: Services, executor: Executor) -> World:
    """Everything there is, as six viewers may change it."""
    people = await make_people(db)
    return await make_world(db, Graph(executor, services, Streams(db, Hub()), people[Who.OWNER]), people)


async def traces(db: Database) -> dict[str, Any]:
    """What every table holds."""
    names = [row["name"] for row in await db.fetch(TABLES)]
    one = ", ".join(
        f"(SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {name} t) AS {name}" for name in names
    )
    return dict((await db.fetch(composed(f"SELECT {one}")))[0])


def code(answer: Answer, name: str) -> str | None:
    """Why a mutation was refused; None where it was not."""
    for error in answer.get("errors", ()):
        return str(error["extensions"]["code"])
    payload = answer["data"][name]
    for found in [payload, *(payload.get("results") or ())]:
        for error in found.get("userErrors") or ():
            return str(error["code"])
    return None


def expected(may: May, who: Who) -> str | None:
    """The refusal of one who may not; None for one who may."""
    match may:
        case May.OWNER:
            return "FORBIDDEN" if who is Who.RECIPIENT else "NOT_FOUND"
        case May.READER:
            return None if who is Who.RECIPIENT else "NOT_FOUND"
        case May.PRIVATE:
            return "NOT_FOUND"
        case May.ADMINISTERED:
            return None if who is Who.ADMINISTRATOR else "NOT_FOUND"
        case May.MAKER:
            if who is Who.ADMINISTRATOR:
                return None
            return "NOT_FOUND" if who is Who.OTHER_TENANT else "FORBIDDEN"
        case May.HOLDER:
            return "NOT_FOUND" if who is Who.OTHER_TENANT else "FORBIDDEN"
        case May.ADMIN:
            return None if who in (Who.ADMINISTRATOR, Who.OTHER_TENANT) else "FORBIDDEN"
        case May.ANYBODY:
            return None


def test_every_mutation_is_classified(executor: Executor) -> None:
    root = executor.schema.mutation_type
    assert root is not None
    assert set(CHANGES) == set(root.fields)


async def test_who_may_not_is_refused_and_nothing_changed(world: World) -> None:
    maker = Maker(world, Realm.PLACE)
    for name, change in CHANGES.items():
        given = await change.given(maker)
        before = await traces(world.db)
        for who in EVERYBODY_BUT_THE_OWNER:
            wanted = expected(change.may, who)
            if wanted is not None:
                await refused(world.asking(who), name, change, given, wanted, f"{name} as {who}")
        if change.scope is not None:
            lacking = Asking(world.graph.as_(lesser(world.people[Who.OWNER], change.scope)))
            assert code(await lacking.ask(name, **given), name) == "FORBIDDEN", f"{name} without {change.scope}"
        assert await traces(world.db) == before, name
        done = await maker.asking.ask(name, **given)
        assert code(done, name) is None, f"{name} as the owner: {done}"


async def refused(asking: Asking, name: str, change: Change, given: dict[str, Any], wanted: str, where: str) -> None:
    """The refusal, which of what they do not see says no more than of an id that nothing has."""
    answer = await asking.ask(name, **given)
    assert code(answer, name) == wanted, f"{where}: {answer}"
    if wanted == "NOT_FOUND":
        unknown = await asking.ask(name, **given | dict.fromkeys(change.ids, UNKNOWN))
        ids = [str(given[one]) for one in change.ids]
        assert told(answer, *ids) == told(unknown, UNKNOWN), where


def lesser(viewer: Viewer, scope: Scope) -> Viewer:
    """The same person with a key that lacks the scope."""
    return replace(viewer, scopes=viewer.scopes - {scope})


async def test_other_peoples_keys_are_revoked_only_with_a_key_that_administers(world: World) -> None:
    given = await CHANGES["revokeApiKey"].given(Maker(world, Realm.PLACE))
    before = await traces(world.db)
    lacking = Asking(world.graph.as_(lesser(world.people[Who.ADMINISTRATOR], Scope.ADMIN)))
    assert code(await lacking.ask("revokeApiKey", **given), "revokeApiKey") == "FORBIDDEN"
    assert await traces(world.db) == before


WHOLE: Final[dict[str, tuple[Scope, dict[str, Any]]]] = {
    "registerAgentSession": (Scope.WORK, {"agentName": "bot"}),
    "createTask": (Scope.WRITE, {"title": "t", "scope": "GLOBAL"}),
    "createTable": (Scope.WRITE, {"name": "whole", "columns": [{"name": "a", "dataType": "STRING"}]}),
    "createArtifact": (Scope.WRITE, {"name": "whole", "kind": "JSON", "content": {"a": 1}}),
    "createWorkspace": (Scope.WRITE, {"title": "w"}),
}


async def test_what_is_made_for_the_whole_tenant_needs_its_scope_too(world: World) -> None:
    for name, (scope, given) in WHOLE.items():
        before = await traces(world.db)
        lacking = Asking(world.graph.as_(lesser(world.people[Who.OWNER], scope)))
        assert code(await lacking.ask(name, **given), name) == "FORBIDDEN", f"{name} without {scope}"
        assert await traces(world.db) == before, name
        done = await world.asking(Who.OWNER).ask(name, **given)
        assert code(done, name) is None, f"{name} as the owner: {done}"
