"""The ready tabs of GraphiQL are documents that the schema accepts."""

import json
from pathlib import Path

import pytest
from graphql import DocumentNode, NonNullTypeNode, OperationDefinitionNode, build_schema, parse, validate

from app.web.graphiql import default_tabs
from app.web.static_files import STATIC

SCHEMA = Path(__file__).parents[2] / "schema.graphql"
TABS = sorted((STATIC / "graphiql" / "tabs").glob("*.graphql"))
WIDEST_COMMENT = 56  # what half of a common window shows


def operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]


def variables_of(tab: Path) -> dict[str, object]:
    file = tab.with_suffix(".json")
    values: dict[str, object] = json.loads(file.read_bytes()) if file.exists() else {}
    return values


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.stem)
def test_a_tab_is_valid_against_the_schema(tab: Path) -> None:
    schema = build_schema(SCHEMA.read_text("utf-8"))
    assert validate(schema, parse(tab.read_text("utf-8"))) == []


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.stem)
def test_a_tab_has_a_value_for_each_variable_and_no_other(tab: Path) -> None:
    wanted = {
        (variable.variable.name.value, isinstance(variable.type, NonNullTypeNode))
        for operation in operations(parse(tab.read_text("utf-8")))
        for variable in operation.variable_definitions or ()
    }
    given = variables_of(tab)
    assert {name for name, needed in wanted if needed} <= set(given) <= {name for name, _ in wanted}


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.stem)
def test_a_tab_opens_with_comments_that_need_no_scrolling_sideways(tab: Path) -> None:
    lines = tab.read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert [line for line in lines if line.startswith("#") and len(line) > WIDEST_COMMENT] == []


def test_the_tabs_come_in_their_order_with_their_variables() -> None:
    tabs = default_tabs(STATIC / "graphiql" / "tabs")
    names = [[op.name.value for op in operations(parse(tab["query"])) if op.name] for tab in tabs]
    assert names == [
        ["Live"],
        ["Tasks"],
        ["Workspaces"],
        ["CreateTask", "StartTask"],
        ["RegisterWorker", "ClaimRun", "HeartbeatRun", "CompleteRun"],
    ]
    assert [sorted(json.loads(tab["variables"])) for tab in tabs if "variables" in tab] == [
        ["taskId", "title"],
        ["agentSessionId", "leaseEpoch", "result", "runId"],
    ]
