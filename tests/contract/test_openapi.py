"""The description of the tasks API against the published one: the same operations, parameters, bodies and answers."""

from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.web.openapi import described
from app.web.rest.tasks.table import TASKS_API
from tests.contract.published import OPERATIONS, OURS, PUBLISHED

DOCUMENT = described([TASKS_API])
TEXTS = {"description", "summary"}


def resolved(schema: Any, named: Mapping[str, Any]) -> Any:
    """A schema with its references replaced and its members in order, without words for people."""
    if isinstance(schema, list):
        return [resolved(item, named) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return resolved(named[schema["$ref"].rsplit("/", 1)[1]], named)
    found = {name: item for name, item in schema.items() if name not in TEXTS or not isinstance(item, str)}
    shape = {name: resolved(item, named) for name, item in found.items()}
    for name in ("required", "enum"):
        if name in shape:
            shape[name] = sorted(shape[name])
    if shape.get("required") == []:
        del shape["required"]
    return shape


def ours(schema: Any) -> Any:
    """A schema of the document."""
    return resolved(schema, DOCUMENT["components"]["schemas"])


def theirs(schema: Any) -> Any:
    """A published schema."""
    return resolved(schema, PUBLISHED["schemas"])


def operation_of(id: str) -> Any:
    """What the document says of an operation."""
    published = OPERATIONS[id]
    return DOCUMENT["paths"][published["path"]][published["method"].lower()]


def test_the_operations_are_the_published_ones() -> None:
    declared = {
        (method.upper(), path, operation["operationId"], operation["summary"])
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }
    assert declared == {(o["method"], o["path"], o["id"], o["summary"]) for o in OPERATIONS.values()}


@pytest.mark.parametrize("id", OPERATIONS)
def test_the_shape_of_an_operation_is_the_published_one(id: str) -> None:
    published, declared = OPERATIONS[id], operation_of(id)
    answers = declared["responses"]
    for status, answer in published["responses"].items():
        content = {} if answer["schema"] is None else {answer["content_type"]: {"schema": theirs(answer["schema"])}}
        assert ours(answers[status].get("content", {})) == content
    for status in answers.keys() - published["responses"].keys():
        assert status in OURS
        assert ours(answers[status]["content"]["application/json"]["schema"]) == theirs({"$ref": "#/schemas/Error"})
    if published["request"] is None:
        assert "requestBody" not in declared
    else:
        assert ours(declared["requestBody"]["content"]["application/json"]["schema"]) == theirs(published["request"])
        # Where the published server takes an empty body, this one says so.
        assert declared["requestBody"]["required"] is not published["request_empty_body_ok"]


@pytest.mark.parametrize("id", OPERATIONS)
def test_the_parameters_of_an_operation_are_the_published_ones(id: str) -> None:
    published, declared = OPERATIONS[id], operation_of(id)["parameters"]
    assert [p["name"] for p in declared if p["in"] == "path"] == published["path_params"]
    asked = {p["name"]: (p["required"], p["schema"]) for p in declared if p["in"] == "query"}
    assert asked == {
        q["name"]: (q["required"], {name: q[name] for name in ("type", "format", "enum") if name in q})
        for q in published["query"]
    }


def test_every_schema_is_one_and_is_used() -> None:
    named = DOCUMENT["components"]["schemas"]
    for schema in named.values():
        Draft202012Validator.check_schema(schema)
    assert {name.replace("TaskPriority", "Priority") for name in named} == set(PUBLISHED["schemas"])
