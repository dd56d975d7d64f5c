"""The schema has words for everything, one shape for mutations and lists, and the names that clients rely on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLType,
    get_named_type,
    specified_scalar_types,
)

from app.resolvers.root import build_schema

COMMITTED = Path(__file__).parents[2] / "schema.graphql"

# The names of all root operations that there will ever be; those of the first slice are there already.
QUERIES = {
    *("node", "nodes", "viewer"),
    *("workspaces", "sharedWorkspaces", "workspace", "tableCandidates", "tables", "table", "artifact", "tags", "users"),
    *("tasks", "task", "run", "taskDashboard", "taskInbox", "agentSessions", "agentSession", "events"),
    *("deadLetters", "concurrencyLimits", "dispatch", "thread"),
}
QUERIES_NOW = {
    *("node", "nodes", "viewer", "workspaces", "workspace", "tables", "table"),
    *("tasks", "task", "run", "agentSession", "agentSessions", "events"),
}
MUTATIONS = {
    *("createWorkspace", "updateWorkspace", "archiveWorkspace", "restoreWorkspace", "deleteWorkspace"),
    *("setWorkspaceTags", "shareWorkspace", "revokeWorkspaceShare", "clearWorkspaceShare", "updateCell"),
    *("createChart", "updateChart", "moveChart", "deleteChart", "attachTask", "updateTaskBinding", "detachTask"),
    *("createThread", "postMessage", "cancelTurn", "createTable", "importRows", "deleteTable", "createArtifact"),
    *("createTag", "updateTag", "deleteTag", "updateCells", "undoCellMutation"),
    *("createTask", "createChildTask", "updateTask", "deleteTask", "publishTask", "startTask", "approveTask"),
    *("rejectTask", "cancelTask", "enqueueRun", "addDependency", "removeDependency", "markTaskRead", "dismissTask"),
    *("archiveTask", "claimRun", "startRun", "attachRunSession", "completeRun", "failRun", "cancelRun"),
    *("registerAgentSession", "endAgentSession", "claimNextRun", "claimRuns", "heartbeatRun", "heartbeatRuns"),
    *("completeClaimedRun", "completeClaimedRuns", "failClaimedRun", "releaseRun", "reportRun"),
    *("createUser", "createApiKey", "revokeApiKey"),
    *("pauseTask", "resumeTask", "pauseDispatch", "resumeDispatch", "setConcurrencyLimit", "forceReleaseRun"),
    *("forceFailRun", "retryRun", "requeueDeadLetters", "discardDeadLetters"),
}
MUTATIONS_NOW = {
    *("createTask", "publishTask", "startTask", "enqueueRun", "cancelTask", "cancelRun"),
    *("registerAgentSession", "endAgentSession", "claimNextRun", "claimRuns", "heartbeatRun", "heartbeatRuns"),
    *("completeClaimedRun", "completeClaimedRuns", "failClaimedRun", "releaseRun", "reportRun"),
    *("createUser", "createApiKey", "revokeApiKey", "createTable", "importRows", "createArtifact"),
    *("createWorkspace", "createChart", "attachTask", "detachTask"),
    *("updateCell", "updateCells", "undoCellMutation"),
}
SUBSCRIPTIONS_NOW = {"taskEvents", "workspaceEvents", "runEvents", "events", "tableChanges", "chartData"}
SUBSCRIPTIONS = SUBSCRIPTIONS_NOW | {"taskDashboard", "taskInbox"}

# Lists whose items may be null: an id that names nothing has no node, but keeps its place.
NULLABLE_ITEMS = {"Query.nodes"}
# A lost lease is an answer, not a fault of the caller.
WITHOUT_USER_ERRORS = {"HeartbeatRunPayload"}
# A version is found through its artifact, a channel through its run, what happened through its workspace.
REACHED_OTHERWISE = {"ArtifactVersion", "CoordinationChannel", "ActivityItem"}
UPPER_CASE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema that runs."""
    return build_schema()._schema


def own_types(schema: GraphQLSchema) -> Iterator[GraphQLNamedType]:
    """The types that are not GraphQL's own."""
    for name, kind in schema.type_map.items():
        if not name.startswith("__") and name not in specified_scalar_types:
            yield kind


def typed(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLType, str | None]]:
    """Everything that has a type: fields, arguments and input fields, as (name, type, description)."""
    for kind in own_types(schema):
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", field.type, field.description
                for argument, given in field.args.items():
                    yield f"{kind.name}.{name}({argument})", given.type, given.description
        elif isinstance(kind, GraphQLInputObjectType):
            for name, field_ in kind.fields.items():
                yield f"{kind.name}.{name}", field_.type, field_.description


def test_the_committed_schema_is_the_one_that_runs() -> None:
    assert COMMITTED.read_text("utf-8") == build_schema().as_str() + "\n"


def test_everything_is_described(schema: GraphQLSchema) -> None:
    bare = {kind.name for kind in own_types(schema) if not kind.description}
    bare |= {name for name, _, description in typed(schema) if not description}
    bare |= {
        f"{kind.name}.{name}"
        for kind in own_types(schema)
        if isinstance(kind, GraphQLEnumType)
        for name, word in kind.values.items()
        if not word.description
    }
    assert bare == set()


def test_descriptions_are_sentences(schema: GraphQLSchema) -> None:
    said = {kind.name: kind.description or "" for kind in own_types(schema)}
    said |= {name: description or "" for name, _, description in typed(schema)}
    assert {name: text for name, text in said.items() if not text.endswith((".", "?"))} == {}


def test_values_of_enums_are_upper_case(schema: GraphQLSchema) -> None:
    enums = [kind for kind in own_types(schema) if isinstance(kind, GraphQLEnumType)]
    assert len(enums) > 10
    assert {f"{e.name}.{name}" for e in enums for name in e.values if not UPPER_CASE.fullmatch(name)} == set()


def test_own_scalars_name_their_specification(schema: GraphQLSchema) -> None:
    scalars = [kind for kind in own_types(schema) if isinstance(kind, GraphQLScalarType)]
    assert {kind.name for kind in scalars} >= {"BigInt", "DateTime", "JSON"}
    assert {kind.name for kind in scalars if not kind.specified_by_url} == set()


def test_a_mutation_takes_one_input_named_after_it(schema: GraphQLSchema) -> None:
    assert schema.mutation_type is not None
    odd = {}
    for name, field in schema.mutation_type.fields.items():
        taken = {argument: str(given.type) for argument, given in field.args.items()}
        if taken != {"input": f"{name[0].upper()}{name[1:]}Input!"}:
            odd[name] = taken
    assert odd == {}


def test_a_mutation_answers_a_payload_with_the_callers_id(schema: GraphQLSchema) -> None:
    assert schema.mutation_type is not None
    for name, field in schema.mutation_type.fields.items():
        assert isinstance(field.type, GraphQLNonNull), name
        payload = field.type.of_type
        assert isinstance(payload, GraphQLObjectType), name
        assert payload.name.endswith("Payload"), name
        assert str(payload.fields["clientMutationId"].type) == "String", name
        if payload.name not in WITHOUT_USER_ERRORS:
            assert str(payload.fields["userErrors"].type) == "[UserError!]!", name
    error = schema.type_map["UserError"]
    assert isinstance(error, GraphQLObjectType)
    told = {name: str(field.type) for name, field in error.fields.items()}
    assert told == told | {"code": "String!", "message": "String!", "field": "String"}


def test_every_input_of_a_mutation_takes_the_callers_id(schema: GraphQLSchema) -> None:
    assert schema.mutation_type is not None
    for name, field in schema.mutation_type.fields.items():
        given = get_named_type(field.args["input"].type)
        assert isinstance(given, GraphQLInputObjectType), name
        assert str(given.fields["clientMutationId"].type) == "String", name


def lists(kind: GraphQLType) -> Iterator[tuple[bool, bool]]:
    """For each list in a type: whether the list, and whether its items, are never null."""
    never_null = isinstance(kind, GraphQLNonNull)
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList):
        yield never_null, isinstance(inner.of_type, GraphQLNonNull)
        yield from lists(inner.of_type)


def test_lists_and_their_items_are_never_null(schema: GraphQLSchema) -> None:
    outputs = (GraphQLObjectType, GraphQLInterfaceType)
    given = [
        (name, one)
        for name, kind, _ in typed(schema)
        for one in lists(kind)
        if isinstance(schema.type_map[name.partition(".")[0]], outputs) and "(" not in name
    ]
    assert len(given) > 10
    assert {name for name, (whole, _) in given if not whole} == set()
    assert {name for name, (_, items) in given if not items} == NULLABLE_ITEMS


def test_items_of_lists_that_are_sent_are_never_null(schema: GraphQLSchema) -> None:
    assert {name for name, kind, _ in typed(schema) for _, items in lists(kind) if not items} == NULLABLE_ITEMS


def test_connections_have_the_shape_of_relay(schema: GraphQLSchema) -> None:
    connections = [kind for kind in own_types(schema) if kind.name.endswith("Connection")]
    assert {kind.name for kind in connections} >= {"TaskConnection", "EventConnection"}
    for kind in connections:
        assert isinstance(kind, GraphQLObjectType)
        item = kind.name.removesuffix("Connection")
        edge = schema.type_map[f"{item}Edge"]
        assert isinstance(edge, GraphQLObjectType)
        assert {name: str(field.type) for name, field in kind.fields.items()} == {
            "edges": f"[{item}Edge!]!",
            "nodes": f"[{item}!]!",
            "pageInfo": "PageInfo!",
            "totalCount": "Int!",
        }
        assert {name: str(field.type) for name, field in edge.fields.items()} == {
            "node": f"{item}!",
            "cursor": "String!",
        }


def test_a_connection_is_asked_for_with_first_and_after(schema: GraphQLSchema) -> None:
    for kind in own_types(schema):
        if isinstance(kind, GraphQLObjectType):
            for name, field in kind.fields.items():
                if get_named_type(field.type).name.endswith("Connection"):
                    assert {"first", "after"} <= set(field.args), f"{kind.name}.{name}"


def test_what_has_an_id_is_a_node(schema: GraphQLSchema) -> None:
    with_id = {
        kind.name
        for kind in own_types(schema)
        if isinstance(kind, GraphQLObjectType) and "id" in kind.fields and str(kind.fields["id"].type) == "ID!"
    }
    nodes = {kind.name for kind in schema.get_possible_types(schema.type_map["Node"])}  # type: ignore[arg-type]  # abstract
    assert with_id - nodes == REACHED_OTHERWISE
    assert nodes <= with_id
    assert nodes >= {"Task", "Run", "Workspace", "User", "AgentSession", "ApiKey"}


@pytest.mark.parametrize(
    ("root", "now", "ever"),
    [
        ("Query", QUERIES_NOW, QUERIES),
        ("Mutation", MUTATIONS_NOW, MUTATIONS),
        ("Subscription", SUBSCRIPTIONS_NOW, SUBSCRIPTIONS),
    ],
)
def test_root_fields_have_the_names_that_clients_rely_on(
    schema: GraphQLSchema, root: str, now: set[str], ever: set[str]
) -> None:
    found = schema.type_map[root]
    assert isinstance(found, GraphQLObjectType)
    assert now <= ever
    assert set(found.fields) >= now
    assert set(found.fields) <= ever
