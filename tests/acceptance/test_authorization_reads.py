"""Every field path of the schema, walked by each kind of viewer over one world: who reads what, and nothing else."""

from collections.abc import Mapping
from typing import Final

import pytest
from graphql import get_named_type, is_leaf_type

from app.db.engine import Database
from app.events.hub import Hub
from app.events.streams import Streams
from app.graph.engine.executor import Executor
from app.services.registry import Services
from tests.support.graph import Graph
from tests.support.walk.people import READERS, Who, make_people
from tests.support.walk.reading import Reading
from tests.support.walk.trees import Trees
from tests.support.walk.world import World, make_world

# Fields that could hold a text or lead somewhere, and are empty in this world: why the walk proves nothing of them. A
# new field is either put into the world or named here.
EMPTY: Final[Mapping[str, tuple[str, ...]]] = {
    "only mutations answer with it; tests/acceptance/test_authorization_changes.py": (
        *("ApiKey.id", "ApiKey.name", "ApiKey.prefix", "ApiKey.user"),
        *("CellConflictDetail.currentValue", "CellConflictDetail.row", "CellUpdate.mutationId", "CellUpdate.row"),
        *("Claim.lease", "Claim.run", "Claim.task"),
        *("UserError.code", "UserError.field", "UserError.message", "UserError.reason"),
        *("WorkspaceWarning.code", "WorkspaceWarning.message"),
        *("WorkspaceWarning.effectiveRowIdColumn", "WorkspaceWarning.requestedRowIdColumn"),
    ),
    "an attribute of a row whose other texts are marked": (
        *("CellMutation.undoOf", "CellMutation.undoneBy", "ChartData.groupColumn", "ChartDataRow.group"),
        *("CoordinationChannel.workflowId", "Run.concurrencyKey", "Run.requiredCapabilities", "Task.concurrencyKey"),
        *(
            "Task.preferredCapabilities",
            "Task.requiredCapabilities",
            "TableColumn.displayName",
            "ThreadScope.documentId",
        ),
        *("RunObservability.traceProvider", "RunOutcome.rendererKind", "RunTreeUsage.totalCost", "RunUsage.totalCost"),
        *("Message.error", "Message.rawData", "MessageError.code", "MessageError.description", "MessageError.title"),
        *("MessageError.referenceId", "Workspace.backingOwnerTaskSlug", "Workspace.backingWorkspaceKey"),
    ),
    "everybody of the tenant reads it": (
        *("Tag.color", "Tag.namespace", "User.firstName", "User.lastName"),
        *("ConcurrencyLimit.key", "ConcurrencyLimitConnection.edges", "ConcurrencyLimitConnection.nodes"),
    ),
    "nothing writes it yet, or only a second question has it; tests/resolvers/test_threads.py": (
        *("CellMutation.run", "Question.history"),
    ),
}
TEXTS: Final = ("String", "ID", "JSON")


@pytest.fixture
async def world(db: Database, services: Services, executor: Executor) -> World:
    """Everything there is, as six viewers may look at it."""
    people = await make_people(db)
    return await make_world(db, Graph(executor, services, Streams(db, Hub()), people[Who.OWNER]), people)


async def test_nobody_is_told_more_than_is_theirs(world: World) -> None:
    readings = {who: Reading(world, who) for who in Who}
    for reading in readings.values():
        await reading.everything()
    for who, reading in readings.items():
        own = {mark for mark, realm in world.marks.items() if who in READERS[realm]}
        assert reading.marks == own, f"{who} is not told {own - reading.marks}"
    assert unseen(world, set().union(*(reading.seen for reading in readings.values()))) == {
        one for names in EMPTY.values() for one in names
    }


def unseen(world: World, seen: set[str]) -> set[str]:
    """Fields of what is read that never had a value: no walk has proved anything about them."""
    schema = world.graph.executor.schema
    kinds = Trees(schema).kinds(lambda kind: not kind.name.endswith(("Payload", "Edge")))
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    return {
        f"{kind.name}.{name}"
        for kind in kinds
        if kind not in roots
        for name, field in kind.fields.items()
        if not is_leaf_type(get_named_type(field.type)) or get_named_type(field.type).name in TEXTS
        if f"{kind.name}.{name}" not in seen
    }
