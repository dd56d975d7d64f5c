"""The description of the workspaces API against the published one: operations, parameters, bodies and answers."""

from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.web.openapi import described
from app.web.rest.tasks.table import TASKS_API
from app.web.rest.workspaces.table import WORKSPACES_API
from tests.contract.published_workspaces import LOC, OPERATIONS, PUBLISHED, documents, schema_of

DOCUMENT = described([WORKSPACES_API])
TAKEN = {"ChartSpec", "ChartField", "ChartMeasure", "ChartSort", "ChartFilter"}
SHAPES = documents(sent=True) | {name: shape for name, shape in documents(sent=False).items() if name in TAKEN}
# Printed as free objects; the grammar is published beside them.
SHAPES["ChartSpec"]["properties"]["filters"]["items"] = {"$ref": "#/schemas/ChartFilter"}
SHAPES["ValidationError"]["properties"]["loc"] = LOC
# Words for people, and limits that the published description does not print.
UNSAID = {"description", "title", "maxLength", "pattern"}


def plain(schema: Any, named: Mapping[str, Any]) -> Any:
    """A schema with its references replaced, its members in order, and null as one more type."""
    if isinstance(schema, list):
        return [plain(item, named) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        rest = {name: item for name, item in schema.items() if name != "$ref"}
        return plain({**named[schema["$ref"].rsplit("/", 1)[1]], **rest}, named)
    if "anyOf" in schema:
        (kind,) = (item for item in schema["anyOf"] if item != {"type": "null"})
        found = plain(kind, named)
        return {**found, "type": [found["type"], "null"]}
    shape = {
        name: {key: plain(item, named) for key, item in value.items()} if name == "properties" else plain(value, named)
        for name, value in schema.items()
        if name not in UNSAID or not isinstance(value, str | int)
    }
    for name in ("required", "enum"):
        if name in shape:
            shape[name] = sorted(shape[name])
    if shape.get("required") == []:
        del shape["required"]
    # One word, one number: the same as a closed set of one.
    if "const" in shape:
        one = shape.pop("const")
        shape |= {"enum": [one]} if isinstance(one, str) else {"minimum": one, "maximum": one}
    if shape.get("additionalProperties") is ("properties" not in shape):
        del shape["additionalProperties"]
    return shape


def ours(schema: Any) -> Any:
    """A schema of the document."""
    return plain(schema, DOCUMENT["components"]["schemas"])


def theirs(schema: Any) -> Any:
    """A published schema."""
    return plain(schema, SHAPES)


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
    assert declared == {(o["method"], o["path"], o["operationId"], o["summary"]) for o in OPERATIONS.values()}
    assert len(declared) == 32


@pytest.mark.parametrize("id", OPERATIONS)
def test_the_answers_of_an_operation_are_the_published_ones(id: str) -> None:
    published, answers = OPERATIONS[id], operation_of(id)["responses"]
    for status, answer in published["responses"].items():
        content = {} if answer["schema"] is None else {"application/json": {"schema": theirs(answer["schema"])}}
        assert ours(answers[status].get("content", {})) == content
    refusal = theirs({"$ref": "#/schemas/ErrorResponse"})
    for status in answers.keys() - published["responses"].keys():
        assert ours(answers[status]["content"]["application/json"]["schema"]) == refusal


@pytest.mark.parametrize("id", OPERATIONS)
def test_what_an_operation_takes_is_as_published(id: str) -> None:
    published, declared = OPERATIONS[id], operation_of(id)
    paths = [p for p in declared["parameters"] if p["in"] == "path"]
    assert [p["name"] for p in paths] == [p["name"] for p in published["path_params"]]
    assert all(p["required"] and p["schema"] == {"type": "string", "format": "uuid"} for p in paths)
    queries = {p["name"]: (p["required"], p["schema"]) for p in declared["parameters"] if p["in"] == "query"}
    assert queries == {
        q["name"]: (q["required"], schema_of({n: v for n, v in q.items() if n not in ("name", "nullable")}, sent=False))
        for q in published["query"]
    }
    if published["request"] is None:
        assert "requestBody" not in declared
    else:
        body = declared["requestBody"]
        assert body["required"] is True
        wanted = schema_of({"type": "object", "properties": published["request"]["properties"]}, sent=False)
        assert ours(body["content"]["application/json"]["schema"]) == theirs(wanted)


def test_every_shape_of_the_published_description_is_used_under_its_name() -> None:
    named = DOCUMENT["components"]["schemas"]
    for schema in named.values():
        Draft202012Validator.check_schema(schema)
    assert set(PUBLISHED["schemas"]) <= named.keys()


def test_the_document_shows_both_apis_under_names_of_their_own() -> None:
    whole = described()
    parts = [described([api]) for api in (TASKS_API, WORKSPACES_API)]
    for key in ("paths", "schemas"):
        found = [part["paths"] if key == "paths" else part["components"]["schemas"] for part in parts]
        assert not found[0].keys() & found[1].keys()
        assert (whole["paths"] if key == "paths" else whole["components"]["schemas"]).keys() == {*found[0], *found[1]}
