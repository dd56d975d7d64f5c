"""What clients send: trimmed, checked member by member, all problems at once."""

from dataclasses import dataclass
from typing import Any

import pytest

from app.domain.tasks.status import TaskPriority, TaskScope
from app.web.rest.parse import body_of, query_of
from app.web.rest.tasks.body import AgentClaimNextRequest, CreateTaskRequest, ExecutionRequest
from app.web.rest.tasks.query import ListTasksQuery, StreamQuery


def problems_of(kind: type, given: object) -> list[str]:
    """What is wrong with a body."""
    found, problems = body_of(kind, given)
    assert found is None or problems == []
    return [problem.message for problem in problems]


def test_strings_are_trimmed_words_may_be_in_any_case_and_unknown_members_mean_nothing() -> None:
    given = {"title": " a ", "scope": " GLOBAL", "priority": "Urgent ", "created_by": {"kind": "x"}, "owner": None}
    assert body_of(CreateTaskRequest, given) == (
        CreateTaskRequest(title="a", scope=TaskScope.GLOBAL, priority=TaskPriority.URGENT),
        [],
    )


def test_all_problems_are_told_at_once() -> None:
    given = {"title": "  ", "priority": "x", "max_attempts": "3", "draft": 1, "owner": {"kind": "human"}}
    assert problems_of(CreateTaskRequest, given) == [
        "title is empty.",
        "scope is required.",
        "priority is 'x'; give one of low, medium, high, urgent.",
        "max_attempts must be an integer.",
        "draft must be true or false.",
        "owner.ref is required.",
    ]


@pytest.mark.parametrize("given", [None, [], "x", 1, True])
def test_a_body_is_an_object(given: object) -> None:
    assert problems_of(ExecutionRequest, given) == ["the body must be a JSON object."]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"lease_seconds": 2**63}, f"lease_seconds is beyond {2**63 - 1}."),
        ({"lease_seconds": True}, "lease_seconds must be an integer."),
        ({"lease_seconds": 1.5}, "lease_seconds must be an integer."),
        ({"required_capabilities": "gpu"}, "required_capabilities must be a list."),
        ({"required_capabilities": ["a", 1]}, "required_capabilities.1 must be a string."),
        ({"workspace_id": "a\x00"}, "workspace_id holds a NUL or a lone surrogate."),
        ({"wait": "true"}, "wait must be true or false."),
    ],
)
def test_a_member_of_the_wrong_kind_is_named(given: dict[str, Any], problem: str) -> None:
    assert problems_of(AgentClaimNextRequest, given) == [problem]


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_the_words_for_true_in_a_query(text: str) -> None:
    assert query_of(ListTasksQuery, {"include_drafts": text}) == (ListTasksQuery(include_drafts=True), [])


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_the_words_for_false_in_a_query(text: str) -> None:
    assert query_of(ListTasksQuery, {"include_drafts": text}) == (ListTasksQuery(include_drafts=False), [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("include_drafts", "yes"),
        ("limit", "1.0"),
        ("limit", "١"),
        ("limit", str(2**31)),
        ("limit", "9" * 5000),
        ("status", "gone"),
        ("query", "\x00"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(name: str, text: str) -> None:
    found, problems = query_of(ListTasksQuery, {name: text})
    assert found is None and [problem.loc for problem in problems] == [(name,)]


def test_a_blank_query_value_is_none_and_64_bits_fit() -> None:
    assert query_of(ListTasksQuery, {"limit": " ", "query": ""}) == (ListTasksQuery(), [])
    assert query_of(StreamQuery, {"after_sequence": str(2**63 - 1)}) == (StreamQuery(after_sequence=2**63 - 1), [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """A request without members."""


def test_a_request_without_members_takes_any_object() -> None:
    assert body_of(Empty, {"a": 1}) == (Empty(), [])
