"""Refusals as the workspaces API says them: status, stable code, facts, and the places of what is wrong."""

from typing import Any

import orjson
import pytest

from app.domain.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    ServiceUnavailable,
    TaskloomError,
    TooLarge,
    Unauthenticated,
    WorkspaceArchived,
)
from app.domain.invalid import InvalidInput
from app.domain.problems import Problem
from app.web.rest.operation import Operation
from app.web.rest.workspaces.envelope import WorkspacesEnvelope
from app.web.rest.workspaces.table import OPERATIONS

ENVELOPE = WorkspacesEnvelope()


def operation(name: str) -> Operation:
    """An operation by its published name."""
    return next(one for one in OPERATIONS if one.id.startswith(f"{name}_api_v1_"))


def said(problem: TaskloomError, name: str = "get_workspace") -> tuple[int, Any]:
    """Status and body."""
    answer = ENVELOPE.failed(problem, operation(name))
    return answer.status_code, orjson.loads(bytes(answer.body))


@pytest.mark.parametrize(
    ("problem", "status", "code", "context"),
    [
        (Unauthenticated("m"), 401, "unauthenticated", None),
        (Forbidden("m", scope="read"), 403, "forbidden", None),
        (Forbidden("m", reason="viewer_access"), 403, "forbidden", None),
        (NotFound("m", id="x", reason="chart_not_found"), 404, "chart_not_found", None),
        (NotFound("m", reason="mutation_not_found"), 404, "not_found", None),
        (WorkspaceArchived("m"), 409, "workspace_archived", None),
        (Conflict("m", limit=100), 409, "conflict", {"limit": 100}),
        (Conflict("m", reason="task_already_bound", field="taskId"), 409, "task_already_bound", None),
    ],
)
def test_a_refusal_has_a_sentence_a_code_and_facts(
    problem: TaskloomError, status: int, code: str, context: Any
) -> None:
    assert said(problem) == (status, {"detail": "m", "code": code, "context": context})


def test_what_is_wrong_on_our_side_is_not_told_but_a_slow_chart_is() -> None:
    assert said(TaskloomError("the secret")) == (
        500,
        {"detail": "Internal Server Error", "code": "internal_error", "context": None},
    )
    assert said(ServiceUnavailable("the secret"))[1]["detail"] == "Service Unavailable"
    slow = ServiceUnavailable("It took too long.", reason="chart_timeout")
    assert said(slow) == (503, {"detail": "It took too long.", "code": "chart_timeout", "context": None})
    assert ENVELOPE.failed(slow, operation("get_workspace")).headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("name", "problem", "loc", "type"),
    [
        ("create_workspace", BadInput("m", field="title"), ["body", "title"], "value_error"),
        ("create_workspace", BadInput("m", field="tagNames.3"), ["body", "tagNames", 3], "value_error"),
        ("create_workspace", BadInput("m"), ["body"], "value_error"),
        ("update_workspace", TooLarge("m", field="rendererConfig"), ["body", "rendererConfig"], "value_error"),
        ("list_workspaces", BadInput("m", field="tags"), ["query", "tag"], "value_error"),
        (
            "get_workspace_data",
            InvalidInput([Problem(("sort", "column"), "unknown_column", "m")]),
            ["query", "sort_column"],
            "value_error",
        ),
        ("list_workspace_session_messages", BadInput("m", field="after"), ["query", "cursor"], "value_error"),
        (
            "create_workspace_chart",
            InvalidInput([Problem(("spec", "y", 0, "agg"), "literal_error", "m")]),
            ["body", "spec", "y", 0, "agg"],
            "literal_error",
        ),
        (
            "update_workspace_cell",
            InvalidInput([Problem(("newValue",), "int_type", "m")]),
            ["body", "newValue"],
            "value_error",
        ),
    ],
)
def test_a_broken_rule_has_a_place_on_the_wire(name: str, problem: TaskloomError, loc: Any, type: str) -> None:
    assert said(problem, name) == (422, {"detail": [{"loc": loc, "msg": "m", "type": type}]})
